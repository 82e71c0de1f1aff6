package report

import (
	"maps"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
)

// PrintEvents prints a table, and on a terminal how to continue with the newest event.
func PrintEvents(to *terminal.Screen, next Commands, list []api.AcceptedEvent, now time.Time) {
	if len(list) == 0 {
		return
	}
	t := terminal.Table{
		To: to, Wide: []string{timeHead(now), "EVENT"}, Optional: []string{"TYPE"}, MinLast: 20,
	}
	t.Add(terminal.Heads(timeHead(now), "EVENT", "TYPE", "WEBHOOKS")...)
	text := terminal.Normal.Cell
	for i := range list {
		e := &list[i]
		id := e.ID
		if to.Terminal {
			id = terminal.Cut(id, 40) // longer than a UUID
		}
		t.Add(text(terminal.InColumn(e.At, now, terminal.TableTime)), text(id), text(e.Type), becameOf(e))
	}
	t.Print()
	if to.Terminal {
		last := &list[len(list)-1]
		id := Attempt{api.Attempt{Event: last.ID, Seq: last.Seq}}
		to.Line(to.Paint(terminal.Faint, terminal.Clean("details: "+next("show", id.eventArgument()))))
	}
}

// becameOf says what has become of an event at each webhook, in the style of the
// status that needs most attention.
func becameOf(e *api.AcceptedEvent) terminal.Cell {
	if len(e.Webhooks) == 0 {
		return terminal.Faint.Cell("no webhook wanted it")
	}
	mild := []history.Status{history.Delivered, history.Canceled, query.Pending, history.Retrying} // in this order
	var parts []string
	most := 0
	for _, name := range slices.Sorted(maps.Keys(e.Webhooks)) {
		status := e.Webhooks[name]
		parts = append(parts, name+" "+string(status))
		if i := slices.Index(mild, status); i >= 0 {
			most = max(most, i)
		} else {
			most = len(mild)
		}
	}
	style := terminal.Red
	if most < len(mild) {
		style = StatusStyle(string(mild[most]))
	}
	return style.Cell(strings.Join(parts, ", "))
}
