package operator

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/history/stats"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/format"
	"sidehook/relay/inforce"
)

// Webhooks returns the webhooks that match, in the order of the file, then the removed
// ones for which deliveries wait.
func (o *Operator) Webhooks(ctx context.Context, q api.WebhooksQuery) (page api.Webhooks, _ error) {
	o.journal.WaitQueued(ctx)
	active, _ := o.current()
	names := o.listed(active)
	if q.Attention {
		o.sortByAttention(active, names)
	}
	next, err := nextWebhook(names, q.Cursor)
	if err != nil {
		return page, err
	}
	wanted := strings.ToLower(q.Search)
	last := 0
	for i := next; i < len(names); i++ {
		name, w := names[i], active.Webhooks[names[i]].Config
		if !strings.Contains(strings.ToLower(name), wanted) && (w == nil || !strings.Contains(strings.ToLower(w.URL.Redacted()), wanted)) ||
			len(q.States) > 0 && !slices.Contains(q.States, o.stateOf(name, w)) {
			continue
		}
		if q.Limit > 0 && len(page.Webhooks) == q.Limit {
			page.Cursor = webhookCursor(last, names[last])
			break
		}
		page.Webhooks = append(page.Webhooks, o.webhook(name, w))
		last = i
	}
	return page, nil
}

// Webhook returns the webhook of a name.
func (o *Operator) Webhook(ctx context.Context, name string) (api.Webhook, error) {
	o.journal.WaitQueued(ctx)
	active, _ := o.current()
	w := active.Webhooks[name].Config
	if w == nil && !slices.Contains(o.orphaned(active), name) {
		return api.Webhook{}, &admin.NotFoundError{What: fmt.Sprintf("webhook %q", name)}
	}
	return o.webhook(name, w), nil
}

// listed returns the names of all webhooks that are listed.
func (o *Operator) listed(active *inforce.Config) []string {
	names := make([]string, 0, len(active.File.Webhooks))
	for _, w := range active.File.Webhooks {
		names = append(names, w.Name)
	}
	return append(names, o.orphaned(active)...)
}

// orphaned returns the removed webhooks for which deliveries wait.
func (o *Operator) orphaned(active *inforce.Config) (names []string) {
	renamed := active.Renamed()
	here := map[string]bool{} // a webhook may be taken meanwhile
	for _, q := range o.journal.Queues() {
		name := q.Name()
		if here[name] = o.journal.Owns(name); here[name] && !renamed[name] && o.journal.IsOrphan(active, name, q.Backlog().Events) {
			names = append(names, name)
		}
	}
	local := len(names)
	for name, w := range o.journal.Figures() {
		if !here[name] && !renamed[name] && o.journal.IsOrphan(active, name, w.Backlog.Events) {
			names = append(names, name)
		}
	}
	slices.Sort(names[local:])
	return names
}

// sortByAttention puts first what somebody has to see to.
func (o *Operator) sortByAttention(active *inforce.Config, names []string) {
	order := []string{"disabled", "failing", "orphaned", "throttled", "paused", "active", "off"}
	ranks := make(map[string]int, len(names))
	for _, name := range names {
		ranks[name] = slices.Index(order, o.stateOf(name, active.Webhooks[name].Config))
	}
	slices.SortStableFunc(names, func(a, b string) int { return ranks[a] - ranks[b] })
}

func (o *Operator) stateOf(name string, configured *config.Webhook) string {
	if configured == nil {
		return api.StateOrphaned
	}
	if !o.journal.Owns(name) {
		return o.elsewhere(name, configured).State
	}
	return o.deliver.State(name)
}

// webhookCursor names the last webhook of a page, and its place for when it is removed.
func webhookCursor(i int, name string) string {
	return strconv.Itoa(i) + "." + base64.RawURLEncoding.EncodeToString([]byte(name))
}

// nextWebhook returns the place at which the next page begins.
func nextWebhook(names []string, cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	place, encoded, _ := strings.Cut(cursor, ".")
	i, err := strconv.Atoi(place)
	name, wrong := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || wrong != nil || i < 0 || len(name) == 0 {
		return 0, &admin.BadRequestError{Problem: fmt.Sprintf("\"cursor\": %.100q is no cursor that an answer held", cursor)}
	}
	if at := slices.Index(names, string(name)); at >= 0 {
		return at + 1, nil
	}
	return i, nil // the webhook that was there is removed
}

// EventData returns the data of an event as its own bytes.
func (o *Operator) EventData(_ context.Context, which query.EventRef) (data admin.EventData, err error) {
	a, e, err := o.find(which)
	if err != nil {
		return data, err
	}
	content, err := format.Data.Content(&e, a.At)
	if err != nil {
		return data, &admin.UnprocessableError{Problem: err.Error()}
	}
	if raw, _ := e.Data(); raw == nil {
		return data, &admin.NotFoundError{What: fmt.Sprintf("data in event %q", e.ID)}
	}
	return admin.EventData{ID: e.ID, ContentType: content.ContentType, Body: content.Body}, nil
}

// find returns the record of an event, and the event in it.
func (o *Operator) find(which query.EventRef) (a history.EventRecord, e event.Event, err error) {
	reader, err := o.journal.Read()
	if err != nil {
		return a, e, err
	}
	defer reader.Close()
	if a, err = reader.Event(which); err != nil {
		return a, e, notFound(which, err)
	}
	e, err = event.Parse(a.Event, a.Filled)
	return a, e, err
}

// Stats returns how deliveries went, by default in the last 24 hours.
func (o *Operator) Stats(ctx context.Context, q api.StatsQuery) ([]history.WebhookStats, error) {
	if q.Until.IsZero() {
		q.Until = time.Now()
	}
	if q.Since.IsZero() {
		q.Since = q.Until.Add(-24 * time.Hour)
	}
	o.journal.WaitWritten(ctx)
	reader, err := o.journal.Read()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	list, err := reader.Summaries(q.Webhook, q.Since, q.Until)
	if active, _ := o.current(); err == nil && len(list) == 0 && q.Webhook != "" && active.Webhooks[q.Webhook].Config == nil {
		err = &admin.NotFoundError{What: fmt.Sprintf("webhook %q in the file or in the statistics of that time", q.Webhook)}
	}
	return list, err
}

// Recent visits the minutes with attempts.
func (o *Operator) Recent(ctx context.Context, since, until time.Time, visit func(*stats.Minute) bool) error {
	o.journal.WaitWritten(ctx)
	reader, err := o.journal.Read()
	if err != nil {
		return err
	}
	defer reader.Close()
	return reader.Recent(since, until, visit)
}
