package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
)

// Webhook is a webhook with the part of its configuration that is printed.
type Webhook struct {
	api.Webhook
	URL    string
	Events []string
}

// PrintWebhooks prints a table, and a sentence for each webhook that needs one.
func PrintWebhooks(to *terminal.Screen, hooks []Webhook) {
	t := terminal.Table{
		To: to, Wide: []string{"NAME", "STATE", "BACKLOG", "LAST HOUR", "P50/P99"}, // people type names
		Optional: []string{"P50/P99", "EVENTS", "URL", "LAST HOUR"}, MinLast: 12,
	}
	clustered := slices.ContainsFunc(hooks, func(w Webhook) bool { return w.Owner != "" })
	heads := []string{"NAME", "STATE", "EVENTS", "URL", "BACKLOG", "LAST HOUR", "P50/P99", "LAST ERROR"}
	if clustered {
		heads = slices.Insert(heads, 2, "OWNER")
	}
	if len(hooks) > 0 {
		t.Add(terminal.Heads(heads...)...)
	}
	now := time.Now()
	for i := range hooks {
		w := &hooks[i]
		cells := []terminal.Cell{terminal.Bold.Cell(w.Name), stateStyle(w.State).Cell(w.State)}
		if clustered {
			cells = append(cells, terminal.Normal.Cell(cmp.Or(w.Owner, "-")))
		}
		for _, text := range []string{strings.Join(w.Events, ", "), w.URL, w.backlog(), w.success(), w.latency(), w.lastError(now)} {
			cells = append(cells, terminal.Normal.Cell(text))
		}
		t.Add(cells...)
	}
	t.Print()
	for i := range hooks {
		if w := &hooks[i]; w.Why != "" {
			to.Linef("%s is %s", w.Name, w.Summary())
		}
		if w := &hooks[i]; len(w.Differs) > 0 {
			to.Linef("%s has another entry, or none, in the files of %s", w.Name, strings.Join(w.Differs, ", "))
		}
	}
}

func stateStyle(state string) terminal.Style {
	switch state {
	case "active":
		return terminal.Green
	case "failing", "throttled", "orphaned":
		return terminal.Yellow
	case "disabled":
		return terminal.Red
	}
	return terminal.Faint
}

// backlog formats how many events wait, and for how long the oldest.
func (w *Webhook) backlog() string {
	if w.Backlog.Events == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", w.Backlog.Events, measure.Span(time.Duration(w.Backlog.OldestSeconds*float64(time.Second))))
}

// latency formats the percentiles of the last hour.
func (w *Webhook) latency() string {
	if w.LastHour.P99 == 0 {
		return "-"
	}
	return measure.Millis(w.LastHour.P50) + "/" + measure.Millis(w.LastHour.P99)
}

// success formats which part of the deliveries that ended in the last hour arrived.
// It is rounded down, so 100% means all.
func (w *Webhook) success() string {
	rate := w.LastHour.SuccessRate()
	if rate == nil {
		return "-"
	}
	return fmt.Sprintf("%d%% of %d", int(*rate*100), w.LastHour.Delivered+w.LastHour.GivenUp)
}

// lastError formats the newest error and its age.
func (w *Webhook) lastError(now time.Time) string {
	if w.LastError == "" || w.LastErrorAt.IsZero() {
		return w.LastError
	}
	return measure.Span(now.Sub(w.LastErrorAt)) + " ago: " + w.LastError
}

// Summary returns the state of a webhook, why, and when the next attempt comes.
func (w *Webhook) Summary() string {
	text := w.State
	if !w.Since.IsZero() {
		text += " since " + terminal.Local(w.Since, terminal.ZonedTime)
	}
	if w.Why != "" {
		text += ": " + w.Why
	}
	if !w.Next.IsZero() {
		text += "; next attempt " + terminal.Local(w.Next, terminal.ZonedTime)
	}
	return text
}
