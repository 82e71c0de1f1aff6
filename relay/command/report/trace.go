// Package report is how the history, the webhooks of the relay and a plan look to
// people: attempts, events, statistics and webhooks as tables, and the trace of an event
// as text.
//
// It promises that nothing of what it is given is printed raw, whether an application, a
// receiver or the file wrote it, and that no row of a table is wider than the terminal.
// Its callers pass all that it prints, and a function that writes a command line to
// continue with.
//
// The commands of relay/command call it.
package report

import (
	"encoding/json"
	"fmt"
	"slices"

	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
)

// Trace is an event and what became of it, as the relay answers it or, without a
// relay, as the files have it.
type Trace struct {
	api.EventTrace
	Offline bool               `json:"-"` // it was read from the files
	Waiting map[string]Webhook `json:"-"` // the state of webhooks that the event still waits for
}

// PrintTrace prints an event, why each webhook got it, and all attempts. The webhooks
// that no glob of theirs matches are counted.
func PrintTrace(to *terminal.Screen, t *Trace) error {
	return (&tracePrinter{Screen: to, trace: t}).print()
}

// PrintWholeTrace is PrintTrace that lists also the webhooks that no glob of theirs
// matches.
func PrintWholeTrace(to *terminal.Screen, t *Trace) error {
	return (&tracePrinter{Screen: to, trace: t, all: true}).print()
}

func (p *tracePrinter) print() error {
	e, err := event.Parse(p.trace.Event, p.trace.Filled)
	if err != nil {
		return err
	}
	if p.attempts, p.resends, err = p.trace.records(); err != nil {
		return err
	}
	p.event = &e
	p.printEvent()
	for _, name := range p.trace.receivers(p.attempts, p.resends) {
		p.printWebhook(name)
	}
	p.printOthers()
	return nil
}

// records decodes the attempts and resends.
func (t *Trace) records() (attempts []Attempt, resends []api.Resend, err error) {
	for _, line := range t.Attempts {
		a, err := ParseAttempt(line)
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
func (t *Trace) receivers(attempts []Attempt, resends []api.Resend) []string {
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
