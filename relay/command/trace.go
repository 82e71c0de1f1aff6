package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
)

// trace is an event and what became of it, as the relay answers it or, without a
// relay, as the files have it.
type trace struct {
	api.EventTrace
	offline bool               // it was read from the files
	waiting map[string]webhook // the state of webhooks that the event still waits for
}

// findTrace asks the relay, which knows why each webhook got the event, or else
// reads the files.
func (c *cli) findTrace(ctx context.Context, id string) (trace, error) {
	file, err := c.load(config.Tools)
	if err != nil {
		return trace{}, err
	}
	if relay, err := c.connect(ctx, file); err == nil {
		var t trace
		err := relay.Get(ctx, api.Path(api.EventPath, id), &t)
		var refused *client.RefusedError
		if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
			return t, err
		}
		if err == nil {
			t.addStates(ctx, relay)
			return t, nil
		}
	}
	return readTrace(file.History.Dir, id)
}

// addStates asks for the webhooks that the event still waits for. Their state
// says when the next attempt comes.
func (t *trace) addStates(ctx context.Context, relay *client.Client) {
	t.waiting = map[string]webhook{}
	for _, d := range t.Webhooks {
		if d.Status != "waiting" && d.Status != "retrying" {
			continue
		}
		var w webhook
		if relay.Get(ctx, api.Path(api.WebhookPath, d.Webhook), &w) == nil {
			t.waiting[d.Webhook] = w
		}
	}
}

// readTrace reads the files.
func readTrace(dir, id string) (trace, error) {
	reader, err := openHistory(dir)
	if err != nil {
		return trace{}, err
	}
	defer reader.Close()
	found, err := reader.Trace(query.ParseEventRef(id))
	if errors.Is(err, history.ErrNotFound) {
		return trace{}, fmt.Errorf("there is no event %q in the history", id) // the relay's words
	}
	if err != nil {
		return trace{}, fmt.Errorf("show %q: %w", id, err)
	}
	t := trace{offline: true, EventTrace: api.EventTrace{
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

// records decodes the attempts and resends.
func (t *trace) records() (attempts []attempt, resends []api.Resend, err error) {
	for _, line := range t.Attempts {
		a, err := parseAttempt(line)
		if err != nil {
			return nil, nil, fmt.Errorf("read an attempt: %w", err)
		}
		attempts = append(attempts, a)
	}
	for _, line := range t.Resends {
		var r api.Resend
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, nil, fmt.Errorf("read a resend: %w", err)
		}
		resends = append(resends, r)
	}
	return attempts, resends, nil
}

// receivers returns the webhooks of the event: first those that it was accepted
// for or tests, then those that it was resent to.
func (t *trace) receivers(attempts []attempt, resends []api.Resend) []string {
	names := slices.Clone(t.To)
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if t.Test != "" {
		add(t.Test)
	}
	for _, r := range resends {
		for _, name := range r.To {
			add(name)
		}
	}
	for _, a := range attempts {
		add(a.Webhook)
	}
	return names
}
