// Package spool accepts events into files while the database is away, and forwards them
// in their order when it is back. The files are a journal of this host, in which the
// events wait in one queue of a name that no webhook can have.
//
//	W1  While an event waits in the spool, each later one goes there, too, so that none
//	    overtakes another.
//	W2  An event leaves the queue after the database has it. A crash between the two has
//	    it forwarded again, which the database finds to be a repeat.
//	W3  What is forwarded goes to the webhooks that were chosen when it was accepted.
//
// An event whose id was accepted in the database with another content meanwhile is not
// forwarded: it stays in the files as failed, and is logged.
//
// An event whose expirytime passes while it waits is forwarded like the others. It is
// then in the history of the database, accepted, and ended as expired at each webhook.
package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/queue"
	"sidehook/history/trouble"
)

// Direct is the way into the database.
type Direct interface {
	// Append accepts events, whole or not at all. After ErrAway they may be accepted or
	// not.
	Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error)
	// Fault returns ErrAway while the database is away.
	Fault() error
}

// Options of a Spool. Direct is required.
type Options struct {
	Direct  Direct
	Journal journal.Options // of the files
	Log     *slog.Logger
}

// queueName begins with a dot, which the name of a webhook must not.
const queueName = ".spool"

const (
	// forwardMost is how many events are forwarded at a time.
	forwardMost = 256
	retryEvery  = 250 * time.Millisecond
)

// Spool is for concurrent use.
type Spool struct {
	direct  Direct
	journal *journal.Journal
	queue   *queue.Queue
	log     *slog.Logger
	wake    chan struct{}
	trouble trouble.Trouble

	// mu is held for reading while an event is appended to the files, and for writing
	// to find that none waits there.
	mu       sync.RWMutex
	spooling bool
	since    int // how many were forwarded since it began
}

// Open opens the files in a folder, and locks it.
func Open(dir string, o Options) (*Spool, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	j, err := journal.Open(dir, o.Journal)
	if err != nil {
		return nil, err
	}
	s := &Spool{direct: o.Direct, journal: j, queue: j.Queue(queueName), log: o.Log, wake: make(chan struct{}, 1)}
	s.queue.Notify(s.wakeUp)
	s.queue.Order(queue.Order{})
	s.queue.IgnoreExpirytimes()
	s.spooling = s.Waiting() > 0
	return s, nil
}

// Waiting returns how many events wait to be forwarded.
func (s *Spool) Waiting() int { return s.queue.Backlog().Events }

// Retain sets how much the files may keep.
func (s *Spool) Retain(r journal.Retention) { s.journal.Retain(r) }

// Fault returns why the files accept nothing now.
func (s *Spool) Fault() error { return s.journal.Fault() }

// Refuse ends the acceptance into the files.
func (s *Spool) Refuse() { s.journal.Refuse() }

// Close must be called after Run.
func (s *Spool) Close() error { return s.journal.Close() }

func (s *Spool) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// route is what the record of an event in the spool has beside the event: what the record
// in the database is to have.
type route struct {
	To         []string           `json:"to,omitempty"`
	Test       string             `json:"test,omitempty"`
	By         string             `json:"by,omitempty"`
	Generation history.Generation `json:"generation,omitempty"`
	Failures   []history.Failure  `json:"failures,omitempty"`
}

// Append accepts events, whole or not at all: in the database, or in the files while that
// is away or others wait there. Receipts of the latter are Spooled, and have no Seq.
func (s *Spool) Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	for {
		s.mu.RLock()
		if s.spooling {
			defer s.mu.RUnlock()
			return s.keep(ctx, entries)
		}
		s.mu.RUnlock()
		receipts, err := s.direct.Append(ctx, entries)
		if !errors.Is(err, history.ErrAway) {
			return receipts, err
		}
		s.mu.Lock()
		if !s.spooling {
			s.spooling, s.since = true, 0
			s.log.Warn("the database is away: events are accepted into the files, and forwarded later", "error", err)
		}
		s.mu.Unlock()
	}
}

// keep appends events to the files.
func (s *Spool) keep(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	kept := make([]history.Entry, len(entries))
	for i := range entries {
		e := &entries[i]
		text, err := json.Marshal(route{e.To, e.Test, e.By, e.Generation, e.Failures})
		if err != nil {
			return nil, err
		}
		// A reason comes with each claim, also after a restart (journal, H7).
		kept[i] = history.Entry{Event: e.Event, To: []string{queueName}, Failures: []history.Failure{{Webhook: queueName, Reason: string(text)}}}
	}
	receipts, err := s.journal.Append(ctx, kept)
	for i := range receipts {
		receipts[i] = history.Receipt{To: entries[i].To, Duplicate: receipts[i].Duplicate, Spooled: true}
	}
	return receipts, err
}

// Run forwards until ctx is done, and writes the files until all of them are synced. Its
// error is that of the files, and final.
func (s *Spool) Run(ctx context.Context) error {
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.journal.Run(writing) }()
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			stop()
			return <-ended
		case <-s.wake:
		case <-tick.C:
		}
		if s.isSpooling() && !errors.Is(s.direct.Fault(), history.ErrAway) {
			s.forward(ctx)
		}
	}
}

func (s *Spool) isSpooling() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.spooling
}

// forward forwards what waits, and ends the spooling once nothing does.
func (s *Spool) forward(ctx context.Context) {
	for ctx.Err() == nil {
		leases := s.claim()
		if len(leases) == 0 {
			s.end()
			return
		}
		if !s.send(ctx, leases) {
			return
		}
	}
}

// claim takes what comes next. Those of a process before are due in no order, but are
// fewer than it takes, so that they come together.
func (s *Spool) claim() (leases []*queue.Lease) {
	for len(leases) < forwardMost {
		l, ok := s.queue.Claim(queue.Retries)
		if !ok {
			break
		}
		leases = append(leases, l)
	}
	slices.SortFunc(leases, func(a, b *queue.Lease) int { return int(int64(a.Seq) - int64(b.Seq)) })
	return leases
}

// end ends the spooling if nothing waits.
func (s *Spool) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Waiting() > 0 {
		return
	}
	s.spooling = false
	s.log.Info("events are accepted into the database again", "forwarded", s.since)
}

// send forwards some events. It reports false if that has to be tried again later.
func (s *Spool) send(ctx context.Context, leases []*queue.Lease) bool {
	entries := make([]history.Entry, 0, len(leases))
	sound := leases[:0:0]
	for _, l := range leases {
		e, err := entryOf(l)
		if err != nil { // only another program can have written it
			s.settle(l, &e, err)
			continue
		}
		entries, sound = append(entries, e), append(sound, l)
	}
	for len(entries) > 0 {
		_, err := s.direct.Append(ctx, entries) // whole or not at all, so that they keep their order
		var conflict *history.ConflictError
		switch {
		case err == nil:
			for i := range entries {
				s.settle(sound[i], &entries[i], nil)
			}
			entries = nil
		case errors.As(err, &conflict):
			i := conflict.Index
			s.settle(sound[i], &entries[i], err)
			// The database's side may still use the former list.
			entries, sound = slices.Delete(slices.Clone(entries), i, i+1), slices.Delete(sound, i, i+1)
		default:
			if ctx.Err() == nil {
				s.trouble.Met(s.log, "cannot forward events that wait in the files; trying again", err)
			}
			for _, l := range sound {
				l.Release(nil, time.Now())
			}
			return false
		}
	}
	s.trouble.Over(s.log, "events that wait in the files can be forwarded again")
	return true
}

// settle ends an event in the files.
func (s *Spool) settle(l *queue.Lease, e *history.Entry, err error) {
	a := history.Attempt{Status: history.Delivered, Unsent: true, Event: e.Event.ID, Type: e.Event.Type}
	if err != nil {
		a.Status, a.Error = history.Failed, "not forwarded to the database: "+err.Error()
		s.log.Error("an event that was accepted into the files is not forwarded to the database", "id", e.Event.ID, "seq", uint64(l.Seq), "error", err)
	}
	l.Done(a)
	s.mu.Lock()
	s.since++
	s.mu.Unlock()
}

// entryOf returns the event of a lease, as it was to be accepted.
func entryOf(l *queue.Lease) (e history.Entry, err error) {
	parsed, err := l.Event.Parsed()
	if err != nil {
		return e, err
	}
	e.Event = *parsed
	var r route
	if err := json.Unmarshal([]byte(l.ConditionError), &r); err != nil {
		return e, fmt.Errorf("read where it goes: %w", err)
	}
	e.To, e.Test, e.By, e.Generation, e.Failures = r.To, r.Test, r.By, r.Generation, r.Failures
	return e, nil
}
