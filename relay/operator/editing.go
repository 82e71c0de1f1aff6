package operator

import (
	"context"
	"errors"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/console"
	"sidehook/relay/editing"
)

// InForce returns the configuration in force.
func (o *Operator) InForce() editing.InForce {
	s := o.state()
	return editing.InForce{File: s.Active.File, Loaded: s.Active.Loaded, Refused: s.Refused, Rejected: s.Rejected}
}

// Newest visits events, the newest first.
func (o *Operator) Newest(since time.Time, most int, limit time.Duration, visit func(*event.Event)) (more bool, err error) {
	reader, err := o.journal.Read()
	if errors.Is(err, history.ErrNoHistory) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer reader.Close()
	begun, visited := time.Now(), 0
	err = reader.Accepted(func(r *history.EventRecord) bool {
		if r.At.Before(since) {
			return false
		}
		if visited >= most || time.Since(begun) > limit {
			more = true
			return false
		}
		if r.Kind == history.KindEvent && r.Test == "" {
			if parsed, err := event.Parse(r.Event, r.Filled); err == nil {
				visit(&parsed)
			}
		}
		visited++
		return true
	})
	return more, err
}

// Waiting returns how many deliveries wait for a webhook.
func (o *Operator) Waiting(webhook string) int {
	if !o.journal.Owns(webhook) {
		return o.journal.Figures()[webhook].Backlog.Events
	}
	return o.journal.Queue(webhook).Backlog().Events
}

// Configuration returns what is in force, and the lines that problems are about.
func (o *Operator) Configuration(ctx context.Context) (*console.Configuration, error) {
	c, err := o.Config(ctx)
	if err != nil {
		return nil, err
	}
	active, _ := o.current()
	file := active.File
	answer := &console.Configuration{
		Config: c, Excerpts: editing.Excerpts(file, c.Problems),
		History: console.HistorySize{Dir: o.journal.Where, Limit: o.journal.Limit(), Keep: file.History.Keep},
	}
	if answer.History.Bytes, err = o.journal.Size(); err != nil {
		answer.History.Bytes = -1
	}
	for _, in := range file.Included {
		included := console.Included{Path: in.Path, Refused: in.Refused(), Missing: in.Missing()}
		if in.InForce != nil {
			included.Webhooks = len(in.InForce.Webhooks)
		}
		answer.Included = append(answer.Included, included)
	}
	return answer, nil
}
