package queuetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/queue"
)

// Store is the Book and the Ledger of queues in memory. Its zero value works,
// and keeps what is recorded at once.
type Store struct {
	// Delay is how long each call takes that may take time.
	Delay time.Duration
	// Failing reports whether such a call fails now. The error may pass.
	Failing func(Call) bool
	// Forgetful keeps no lines, for benchmarks.
	Forgetful bool
	// Lossy has a crash lose the lines that were not flushed.
	Lossy bool

	mu      sync.Mutex
	events  []accepted // by seq, from 1
	damaged map[history.Seq]bool
	lines   []history.Line
	flushed int // of lines
	full    bool
}

// accepted is an event, as it was accepted.
type accepted struct {
	history.EventRecord
	id string
}

// Call is one of the calls that may take time.
type Call int

const (
	Follow Call = iota
	Load
	Flush
)

var errPassing = errors.New("the storage is not to be reached")

// call is what each call does that may take time.
func (s *Store) call(c Call) error {
	time.Sleep(s.Delay)
	if s.Failing != nil && s.Failing(c) {
		return errPassing
	}
	return nil
}

// Follow is the Book's.
func (s *Store) Follow(webhook string, from queue.Mark, last history.Seq, keep func(*queue.Body) bool, stop queue.StopFunc) (found []queue.Item, next queue.Mark, err error) {
	if err := s.call(Follow); err != nil {
		return nil, queue.Mark{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next = from
	for next.Seq <= last && len(found) < queue.ChunkSize {
		a := &s.events[next.Seq-1].EventRecord
		if stop != nil && stop(a.Seq, a.At.UnixNano()) {
			return found, next, nil
		}
		if slices.Contains(a.To, webhook) && !s.damaged[a.Seq] {
			it := pending.ItemOf(a)
			if b := pending.NewBody(a.Event, a.Filled, a.Failures); keep(b) {
				it.Body = b
			}
			found, next.At = append(found, it), it.AcceptedAt
		}
		next.Seq++
	}
	return found, next, nil
}

// Load is the Book's.
func (s *Store) Load(it *queue.Item) error {
	if err := s.call(Load); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.damaged[it.Number] {
		return fmt.Errorf("record %d: %w", it.Number, history.ErrDamaged)
	}
	a := &s.events[it.Number-1].EventRecord
	*it = pending.ItemOf(a)
	it.Body = pending.BodyOf(a, a)
	return nil
}

// Bounds are the Book's: each thousand is kept and removed together.
func (s *Store) Bounds(seq history.Seq) (first, next history.Seq) {
	first = seq - seq%1000
	return first, first + 1000
}

// Record is the Ledger's.
func (s *Store) Record(l history.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.Forgetful {
		s.lines = append(s.lines, l)
	}
}

// Full is the Ledger's.
func (s *Store) Full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.full
}

// SetFull has the ledger take no more for now.
func (s *Store) SetFull(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}

// Flush is the Ledger's.
func (s *Store) Flush() error {
	s.mu.Lock()
	upTo := len(s.lines)
	s.mu.Unlock()
	if err := s.call(Flush); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushed = max(s.flushed, upTo)
	return nil
}

// Damage makes the record of an event unreadable for good.
func (s *Store) Damage(seq history.Seq) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.damaged == nil {
		s.damaged = map[history.Seq]bool{}
	}
	s.damaged[seq] = true
}

// Ends are how often the deliveries of a webhook have ended with each status.
func (s *Store) Ends(webhook string) map[history.Status]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := map[history.Status]int{}
	for _, l := range s.lines {
		if d := history.ParseDeliveryFields(l.Fields); l.Webhook == webhook && d.Kind == history.KindAttempt && d.Status != history.Retrying {
			ends[d.Status]++
		}
	}
	return ends
}

// crash leaves what a crash leaves.
func (s *Store) crash() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := &Store{Delay: s.Delay, Failing: s.Failing, Lossy: s.Lossy, events: s.events, damaged: s.damaged, lines: s.lines}
	if s.Lossy {
		left.lines = slices.Clone(s.lines[:s.flushed])
	}
	left.flushed = len(left.lines)
	return left
}

// find returns an event that was accepted under an id.
func (s *Store) find(id string) (*accepted, bool) {
	for i := range s.events {
		if s.events[i].id == id {
			return &s.events[i], true
		}
	}
	return nil, false
}
