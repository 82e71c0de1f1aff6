package reading

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/report"
)

// findTrace asks the relay, which knows why each webhook got the event, or else
// reads the files.
func (c commands) findTrace(ctx context.Context, id string) (report.Trace, error) {
	file, err := c.Load(config.Tools)
	if err != nil {
		return report.Trace{}, err
	}
	if relay, err := c.Connect(ctx, file); err == nil {
		var t report.Trace
		err := relay.Get(ctx, api.Path(api.EventPath, id), &t)
		var refused *client.RefusedError
		if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
			return t, err
		}
		if err == nil {
			t.Waiting = waitedFor(ctx, relay, t.Webhooks)
			return t, nil
		}
	}
	if file.InCluster {
		_, err := c.Source(ctx, file)
		return report.Trace{}, cmp.Or(err, fmt.Errorf("show %q: the relay does not answer", id))
	}
	return readTrace(file.History.Dir, id)
}

// waitedFor asks for the webhooks that an event still waits for. Their state says when
// the next attempt comes.
func waitedFor(ctx context.Context, relay *client.Client, decisions []api.Decision) map[string]report.Webhook {
	waiting := map[string]report.Webhook{}
	for _, d := range decisions {
		if d.Status != "waiting" && d.Status != "retrying" {
			continue
		}
		var w report.Webhook
		if relay.Get(ctx, api.Path(api.WebhookPath, d.Webhook), &w) == nil {
			waiting[d.Webhook] = w
		}
	}
	return waiting
}

// readTrace reads the files.
func readTrace(dir, id string) (report.Trace, error) {
	reader, err := cli.OpenHistory(dir)
	if err != nil {
		return report.Trace{}, err
	}
	defer reader.Close()
	found, err := reader.Trace(query.ParseEventRef(id))
	if errors.Is(err, history.ErrNotFound) {
		return report.Trace{}, fmt.Errorf("there is no event %q in the history", id) // the relay's words
	}
	if err != nil {
		return report.Trace{}, fmt.Errorf("show %q: %w", id, err)
	}
	t := report.Trace{Offline: true, EventTrace: api.EventTrace{
		Seq: found.Seq, At: found.At, Generation: found.Generation, To: found.To, Test: found.Test, Filled: found.Filled, Event: found.Event,
		Attempts: []json.RawMessage{},
	}}
	for _, r := range found.Resends {
		t.Resends = append(t.Resends, r.JSON())
	}
	for _, attempt := range found.Attempts() {
		t.Attempts = append(t.Attempts, attempt)
	}
	for _, x := range found.Statuses() {
		t.Webhooks = append(t.Webhooks, api.Decision{Webhook: x.Webhook, Wanted: true, Why: x.Why(), Status: string(x.Status), Next: x.Next})
	}
	return t, nil
}
