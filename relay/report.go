package relay

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
	"sidehook/relay/deliver/health"
	"sidehook/relay/inforce"
)

// reportAttempt logs an attempt at debug.
func (r *Relay) reportAttempt(a *history.Recorded) {
	if !r.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	message := "attempt"
	if a.Took == 0 {
		message = "a delivery ended without an attempt"
	}
	fields := []any{"webhook", a.Webhook, "event", a.Event, "type", a.Type, "attempt", a.Number, "status", a.Status}
	if a.Code > 0 {
		fields = append(fields, "code", a.Code)
	}
	if a.Error != "" {
		fields = append(fields, "error", a.Error)
	}
	if a.Took > 0 {
		fields = append(fields, "took", a.Took.Round(time.Microsecond))
	}
	r.log.Debug(message, fields...)
}

// reportStart logs the waiting deliveries, and the webhooks that get nothing now.
func (r *Relay) reportStart() {
	active := r.current().Active
	byState := map[string][]string{}
	for name := range active.Webhooks {
		if s, ok := r.deliver.Snapshot(name); ok {
			byState[s.State] = append(byState[s.State], name)
		}
	}
	fields := r.waiting()
	for _, state := range []string{health.Failing, deliver.Throttled, health.Disabled} {
		fields = appendNames(fields, state, byState[state])
	}
	r.log.Info("starting", fields...)
}

// reportStop logs the deliveries that still wait.
func (r *Relay) reportStop() {
	r.log.Info("deliveries have stopped; those that wait go on at the next start", r.waiting()...)
}

// waiting returns how many deliveries wait, for how many webhooks, and for how long.
func (r *Relay) waiting() []any {
	events, webhooks := 0, 0
	var oldest time.Time
	for _, q := range r.journal.Queues() {
		b := q.Backlog()
		if b.Events == 0 {
			continue
		}
		webhooks++
		events += b.Events
		if oldest.IsZero() || !b.Oldest.IsZero() && b.Oldest.Before(oldest) {
			oldest = b.Oldest
		}
	}
	fields := []any{"waiting", events}
	if events > 0 {
		fields = append(fields, "for_webhooks", webhooks)
	}
	if !oldest.IsZero() {
		fields = append(fields, "oldest", health.Span(max(0, time.Since(oldest))))
	}
	return fields
}

// reportReload logs which webhooks a reload has changed. A description is no change.
func (r *Relay) reportReload(before, now *inforce.Config) {
	var added, changed, removed, renamed []string
	was := map[string]bool{}
	for _, w := range now.File.Webhooks {
		old, ok := before.Webhooks[w.Name]
		switch {
		case ok && old.Settings != now.Webhooks[w.Name].Settings:
			changed = append(changed, w.Name)
		case ok:
		case before.Has(w.Was):
			was[w.Was] = true
			renamed = append(renamed, fmt.Sprintf("%s to %s", w.Was, w.Name))
		default:
			added = append(added, w.Name)
		}
	}
	for name := range before.Webhooks {
		if !now.Has(name) && !was[name] {
			removed = append(removed, name)
		}
	}
	fields := []any{"generation", now.Generation, "webhooks", len(now.File.Webhooks)}
	fields = appendNames(fields, "added", added)
	fields = appendNames(fields, "changed", changed)
	fields = appendNames(fields, "renamed", renamed)
	fields = appendNames(fields, "removed", removed)
	if now.Digest == before.Digest {
		fields = append(fields, "effect", "none")
	}
	r.log.Info("configuration reloaded", fields...)
}

// maxNames limits how many webhooks a line of the log names.
const maxNames = 10

// appendNames appends a field with names, if there are any.
func appendNames(fields []any, field string, names []string) []any {
	if len(names) == 0 {
		return fields
	}
	slices.Sort(names)
	text := strings.Join(names[:min(len(names), maxNames)], ", ")
	if more := len(names) - maxNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return append(fields, field, text)
}
