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

// story is an event and what became of it. The relay answers with it, and
// without a relay it is read from the files.
type story struct {
	api.EventTrace
	offline  bool               // no relay was there to ask
	standing map[string]webhook // those that it still waits for
}

// tell finds out about an event: from the relay, which knows why each webhook
// got it, or from the files.
func (c *cli) tell(ctx context.Context, id string) (story, error) {
	file, err := c.load(config.Tools)
	if err != nil {
		return story{}, err
	}
	if relay, err := connect(ctx, file.Listen); err == nil {
		var s story
		err := relay.Get(ctx, api.Path(api.EventPath, id), &s)
		var refused *client.RefusedError
		if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
			return s, err
		}
		if err == nil {
			s.lookUp(ctx, relay)
			return s, nil
		}
	}
	return readStory(file.History.Dir, id)
}

// lookUp asks where the webhooks stand that the event still waits for: the time
// of the next attempt is theirs to say.
func (s *story) lookUp(ctx context.Context, relay *client.Client) {
	s.standing = map[string]webhook{}
	for _, d := range s.Webhooks {
		if d.Status != "waiting" && d.Status != "retrying" {
			continue
		}
		var w webhook
		if relay.Get(ctx, api.Path(api.WebhookPath, d.Webhook), &w) == nil {
			s.standing[d.Webhook] = w
		}
	}
}

// readStory reads what the files say of an event.
func readStory(dir, id string) (story, error) {
	reading, err := readHistory(dir)
	if err != nil {
		return story{}, err
	}
	defer reading.Close()
	found, err := reading.Trace(query.ParseEventRef(id))
	if errors.Is(err, history.ErrNotFound) {
		return story{}, fmt.Errorf("there is no event %q in the history", id)
	}
	if err != nil {
		return story{}, fmt.Errorf("show %q: %w", id, err)
	}
	s := story{offline: true, EventTrace: api.EventTrace{
		Seq: found.Seq, At: found.At, Generation: found.Generation, To: found.To, Test: found.Test, Filled: found.Filled, Event: found.Event,
		Attempts: []json.RawMessage{},
	}}
	for _, r := range found.Resends {
		s.Resends = append(s.Resends, r.JSON())
	}
	for _, attempt := range found.Attempts() {
		s.Attempts = append(s.Attempts, attempt)
	}
	for _, x := range found.Statuses() {
		s.Webhooks = append(s.Webhooks, api.Decision{Webhook: x.Webhook, Wanted: true, Why: x.Why(), Status: string(x.Status), Next: x.Next})
	}
	return s, nil
}

// deliveries are the attempts and resends, decoded.
func (s *story) deliveries() (attempts []record, resends []api.Resend, err error) {
	for _, line := range s.Attempts {
		r, err := parseRecord(line)
		if err != nil {
			return nil, nil, fmt.Errorf("read an attempt: %w", err)
		}
		attempts = append(attempts, r)
	}
	for _, line := range s.Resends {
		var r api.Resend
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, nil, fmt.Errorf("read a resend: %w", err)
		}
		resends = append(resends, r)
	}
	return attempts, resends, nil
}

// receivers are the webhooks that have to do with the event: those it was
// accepted for or is a test of first, then those it was resent to.
func (s *story) receivers(attempts []record, resends []api.Resend) []string {
	names := slices.Clone(s.To)
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if s.Test != "" {
		add(s.Test)
	}
	for _, r := range resends {
		for _, name := range r.To {
			add(name)
		}
	}
	for _, r := range attempts {
		add(r.Webhook)
	}
	return names
}
