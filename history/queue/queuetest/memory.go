package queuetest

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/pending"
	"sidehook/history/queue"
)

// Memory is an Engine over a Store: the smallest that keeps the contract, and a
// model of what another one does with a Set and a Replay.
type Memory struct {
	*queue.Set
	Store *Store

	mu    sync.Mutex // is held while events are accepted and published, and for the others
	saved saved
	lost  map[string]saved // the checkpoints of webhooks that it does not own
}

// saved is a checkpoint: of each queue in which something waits, and how many
// events and lines it covers.
type saved struct {
	at            time.Time
	events, lines int
	queues        map[string][]byte
}

// checkpointEvery is after how many requests a checkpoint is saved.
const checkpointEvery = 3

// NewMemory starts an engine on what a store holds.
func NewMemory(s *Store) *Memory { return newMemory(s, saved{}) }

func newMemory(s *Store, from saved) *Memory {
	m := &Memory{Store: s, saved: from, lost: map[string]saved{}}
	m.Set = queue.NewSet(queue.Options{
		Book: s, Ledger: s, Clock: steady{time.Now()}, Log: slog.New(slog.DiscardHandler),
		Recorded: func(history.Recorded) {},
	})
	r := m.Replay(time.Now(), history.Seq(from.events))
	for name, text := range from.queues {
		m.checkpointed(r, name, text, from.at)
	}
	m.replay(r, from, func(string) bool { return true })
	return m
}

// checkpointed restores a queue from a checkpoint.
func (m *Memory) checkpointed(r *queue.Replay, webhook string, text []byte, at time.Time) {
	var c queue.Checkpoint
	if err := json.Unmarshal(text, &c); err != nil {
		panic(err)
	}
	r.Checkpoint(webhook, &c, at)
}

// replay adds what came after a checkpoint, for some webhooks.
func (m *Memory) replay(r *queue.Replay, from saved, mine func(webhook string) bool) {
	for _, l := range m.Store.lines[from.lines:] {
		d := history.ParseDeliveryFields(l.Fields)
		d.At = l.At.Round(0)
		switch {
		case !mine(l.Webhook):
		case d.Kind == history.KindWebhook:
			r.State(&d)
		case !d.Test:
			r.Attempt(&d, false)
		}
	}
	for _, a := range m.Store.events[from.events:] {
		var to []string
		for _, name := range a.To {
			if mine(name) {
				to = append(to, name)
			}
		}
		a.To = to
		r.Accepted(&a.EventRecord)
	}
	r.Finish(false)
}

// Append accepts events.
func (m *Memory) Append(_ context.Context, entries []history.Entry) ([]history.Receipt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	receipts := make([]history.Receipt, len(entries))
	for i, e := range entries {
		if before, ok := m.Store.find(e.Event.ID); ok {
			if !bytes.Equal(before.Event, e.Event.JSON) {
				return nil, &history.ConflictError{Index: i}
			}
			receipts[i] = history.Receipt{Seq: before.Seq, To: before.To, Duplicate: true}
		}
	}
	var batch []queue.Published
	m.Store.mu.Lock()
	for i, e := range entries {
		if receipts[i].Duplicate {
			continue
		}
		seq := history.Seq(len(m.Store.events) + 1)
		a := history.EventRecord{
			Seq: seq, At: time.Now().Round(0), Kind: history.KindEvent, To: e.To, Filled: e.Event.Filled, Failures: e.Failures,
			Event: e.Event.JSON, Generation: e.Generation, Location: history.Location{Length: uint32(len(e.Event.JSON))},
		}
		m.Store.events = append(m.Store.events, accepted{a, e.Event.ID})
		receipts[i] = history.Receipt{Seq: seq, To: e.To}
		p := queue.Published{Item: pending.ItemOf(&a)}
		p.Body = pending.NewBody(a.Event, a.Filled, a.Failures)
		for _, name := range e.To {
			if _, lost := m.lost[name]; !lost {
				p.To = append(p.To, name)
			}
		}
		batch = append(batch, p)
	}
	last := history.Seq(len(m.Store.events))
	m.Store.mu.Unlock()
	wake := m.Publish(batch, last)
	if last%checkpointEvery == 0 {
		m.checkpoint()
	}
	wake()
	return receipts, nil
}

// checkpoint saves the state of the queues after the lines that it covers are flushed. If
// they cannot be flushed, the checkpoint before stays.
func (m *Memory) checkpoint() {
	m.Store.mu.Lock()
	c := saved{at: time.Now().Round(0), events: len(m.Store.events), lines: len(m.Store.lines), queues: map[string][]byte{}}
	m.Store.mu.Unlock()
	for _, q := range m.Queues() {
		if x, ok := q.Checkpoint(c.at, history.Seq(c.events), 0); ok {
			c.queues[q.Name()], _ = json.Marshal(x)
		}
	}
	if m.Store.Flush() == nil {
		m.saved = c
	}
}

// Flush returns once what was recorded is durable.
func (m *Memory) Flush() error { return m.Store.Flush() }

// Restart starts another engine on what is left.
func (m *Memory) Restart(cleanly bool) Engine {
	if cleanly {
		for m.Store.Flush() != nil {
			time.Sleep(time.Second)
		}
		m.checkpoint()
	}
	return newMemory(m.Store.crash(), m.saved)
}

// Lose has another process own a webhook from now on.
func (m *Memory) Lose(webhook string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Store.mu.Lock()
	c := saved{at: time.Now().Round(0), events: len(m.Store.events), lines: len(m.Store.lines), queues: map[string][]byte{}}
	m.Store.mu.Unlock()
	c.queues[webhook], _ = json.Marshal(m.Remove(webhook, c.at))
	m.lost[webhook] = c
}

// Gain has this one own it again.
func (m *Memory) Gain(webhook string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := m.lost[webhook]
	delete(m.lost, webhook)
	r := m.Replay(time.Now(), history.Seq(from.events))
	m.checkpointed(r, webhook, from.queues[webhook], from.at)
	m.replay(r, from, func(name string) bool { return name == webhook })
}

// steady is a Clock whose wall clock is never set.
type steady struct{ began time.Time }

func (c steady) Began() time.Time { return c.began }
func (c steady) Now() clock.Mono  { return clock.Mono(time.Since(c.began)) }
func (c steady) Check() time.Time { return time.Now() }
func (c steady) Age(_ history.Seq, accepted int64, now clock.Mono) time.Duration {
	return time.Duration(c.began.UnixNano()-accepted) + time.Duration(now)
}
