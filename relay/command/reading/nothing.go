package reading

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/command/names"
	"sidehook/relay/command/source"
	"sidehook/relay/measure"
)

// eventsCounted is how many events are counted where no attempt matches.
const eventsCounted = 100

// explainNothing says why no attempt matches, and what there is instead.
func (c commands) explainNothing(ctx context.Context, s source.Source, f *historyFlags, q *api.DeliveriesQuery) error {
	for _, name := range f.webhooks {
		if err := c.mustKnow(ctx, s, name); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("no %s in the history", f.describe())
	if f.status+f.code != "" || f.unresolved {
		c.Err.Noticef("%s", text)
		return nil
	}
	events, err := source.NewestEvents(ctx, s, api.EventsQuery{Type: q.Type, Since: q.Since, Until: q.Until}, f.webhooks, eventsCounted)
	if err != nil {
		return err
	}
	unmatched, waiting := 0, 0
	for _, e := range events {
		switch {
		case len(e.Webhooks) == 0:
			unmatched++
		case isWaiting(&e):
			waiting++
		}
	}
	var parts []string
	if unmatched > 0 {
		parts = append(parts, fmt.Sprintf("%d that no webhook wanted", unmatched))
	}
	if waiting > 0 {
		parts = append(parts, fmt.Sprintf("%d whose first attempt is still to come", waiting))
	}
	switch {
	case len(parts) > 0:
		count := measure.Count(len(events), "event")
		if len(events) == eventsCounted {
			count = "the newest " + count
		}
		text += fmt.Sprintf("; of %s accepted there: %s; to list: %s", count, names.And(parts), c.Next(append([]string{"events"}, f.arguments()...)...))
	case f.Given():
		text += ", and no such event was accepted"
	}
	c.Err.Noticef("%s", text)
	return nil
}

// isWaiting reports whether the first attempt of a delivery of an event is to come.
func isWaiting(e *api.AcceptedEvent) bool {
	for _, status := range e.Webhooks {
		if status == query.Pending {
			return true
		}
	}
	return false
}

// mustKnow returns an error for a name that no webhook has, neither in the file nor in
// the history.
func (c commands) mustKnow(ctx context.Context, s source.Source, name string) error {
	known := c.Known().Webhooks
	if len(known) == 0 || slices.Contains(known, name) {
		return nil // or the file cannot be read now
	}
	attempts, err := s.Deliveries(ctx, api.DeliveriesQuery{Webhook: name, Limit: 1})
	if err != nil || len(attempts.Deliveries) > 0 {
		return err
	}
	events, err := s.Events(ctx, api.EventsQuery{Webhook: name, Limit: 1})
	if err != nil || len(events.Events) > 0 {
		return err
	}
	return errors.New(names.UnknownWebhook(name, known))
}

// describe names what the flags ask for.
func (f *historyFlags) describe() string {
	what := "attempts"
	if f.unresolved {
		what = "unresolved deliveries"
	}
	if f.Given() || f.status+f.code != "" {
		return "matching " + what
	}
	if len(f.webhooks) == 0 {
		return what
	}
	quoted := make([]string, len(f.webhooks))
	for i, name := range f.webhooks {
		quoted[i] = strconv.Quote(name)
	}
	return what + " to deliver to " + names.And(quoted)
}

// arguments returns the flags that events have, too.
func (f *historyFlags) arguments() (args []string) {
	for _, name := range f.webhooks {
		args = append(args, "--webhook", name)
	}
	for _, flag := range []struct{ name, value string }{{"--type", f.Type}, {"--since", f.Since}, {"--until", f.Until}} {
		if flag.value != "" {
			args = append(args, flag.name, flag.value)
		}
	}
	return args
}
