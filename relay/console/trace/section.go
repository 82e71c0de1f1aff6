package trace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// Section is what became of an event at a webhook.
type Section struct {
	Webhook    string
	Status     string       // of its newest delivery
	Why        string       // it got the event
	State      *api.Webhook // nil while the webhook is active, or not in the file
	Deliveries []*Delivery  // the newest first
	InFile     bool         // so that the event can be resent to it
	Cancel     string       // the delivery that waits, as seq:N; "": none does
}

// builder makes the sections of a page.
type builder struct {
	view     *View
	event    *event.Event
	from     Operator
	attempts []api.Attempt
	resends  []api.Resend
	now      time.Time
	elements int // left for answers
	whole    int // attempts of which all may still be shown,
	lines    int // and of which a line may
	asked    Asked
}

// read decodes the attempts and resends.
func (b *builder) read() error {
	for _, line := range b.view.EventTrace.Attempts {
		var a api.Attempt
		if err := json.Unmarshal(line, &a); err != nil {
			return fmt.Errorf("read an attempt: %w", err)
		}
		b.attempts = append(b.attempts, a)
	}
	for _, line := range b.view.Resends {
		var r api.Resend
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("read a resend: %w", err)
		}
		b.resends = append(b.resends, r)
	}
	return nil
}

// decision returns why a webhook gets the event or not, nil if that is not known.
func (b *builder) decision(webhook string) *api.Decision {
	list := b.view.Webhooks
	i := slices.IndexFunc(list, func(d api.Decision) bool { return d.Webhook == webhook })
	if i < 0 {
		return nil
	}
	return &list[i]
}

func (b *builder) section(ctx context.Context, name string) (*Section, error) {
	s := &Section{Webhook: name, Why: b.view.Reason(name, b.event.Type)}
	terms, err := b.from.Terms(ctx, name)
	var missing *admin.NotFoundError
	if err != nil && !errors.As(err, &missing) {
		return nil, err
	}
	s.InFile = err == nil
	body := &requestBody{from: b.from, webhook: name, which: query.EventRef{Seq: b.view.Seq}}
	s.Deliveries = b.deliveries(name)
	slices.Reverse(s.Deliveries)
	for _, d := range s.Deliveries {
		if d.Title == "" && len(s.Deliveries) > 1 {
			d.Title = "First delivery"
		}
		b.addSchedule(d, terms)
		b.show(ctx, d, body)
	}
	if list := s.Deliveries; b.asked.Attempt == "" && len(list) > 0 && len(list[0].Attempts) > 0 {
		list[0].Attempts[0].Open = true // the newest
	}
	b.finish(s)
	if w, err := b.from.Webhook(ctx, name); err == nil && w.State != "active" {
		s.State = &w
	}
	return s, nil
}

// finish sets what follows from the newest delivery.
func (b *builder) finish(s *Section) {
	for _, d := range s.Deliveries {
		if d.waiting && s.Cancel == "" {
			s.Cancel = fmt.Sprintf("seq:%d", d.Seq)
		}
	}
	switch {
	case len(s.Deliveries) > 0 && s.Deliveries[0].status != "":
		s.Status = s.Deliveries[0].status
	case s.Cancel != "":
		s.Status = string(query.Pending)
	}
}

// Only names the webhook as the one that gets the event again.
func (s *Section) Only() []string { return []string{s.Webhook} }

// Waiting reports whether a delivery may still arrive.
func (s *Section) Waiting() bool { return s.Cancel != "" }
