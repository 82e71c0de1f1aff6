// Package queuetest is the contract of an engine and its queues: what intake and
// deliver rely on. Run holds an engine to it; package journal passes, and so must any
// other engine before it takes its place. Store and Memory are doubles of the storage
// and of an engine, with faults.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/queue"
)

// Engine is what accepts events for queues and keeps what becomes of them.
type Engine interface {
	// Append accepts events, whole or not at all; they are durable on return.
	Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error)
	// Queue returns the queue of a webhook.
	Queue(webhook string) *queue.Queue
	// Flush returns once all outcomes so far are durable.
	Flush() error
	// Restart stops it, cleanly or as a kill would, and starts another on what
	// it left. What was flushed is there again; what was in flight is due.
	Restart(cleanly bool) Engine
}

// Run holds the engines that open makes, one a test, to the contract. Each test
// is in a synctest bubble.
func Run(t *testing.T, open func(*testing.T) Engine) {
	for name, test := range map[string]func(*testing.T, Engine){
		"an event goes to each of its webhooks, in order":    inOrder,
		"a repeat is told and not delivered":                 repeats,
		"a conflict refuses the whole request":               conflicts,
		"a backlog beyond any prefetch comes whole":          backlog,
		"a retry is not claimed before its time":             retries,
		"a release is as if the attempt had not been":        releases,
		"the oldest is what has been due longest":            oldest,
		"retries only begins nothing":                        retriesOnly,
		"a new event wakes":                                  wakes,
		"in order of acceptance, one at a time":              orderAll,
		"in order by key":                                    orderByKey,
		"what is too old expires":                            expires,
		"what is canceled has ended":                         cancels,
		"a throttled delivery waits, also after a restart":   throttles,
		"a clean stop repeats nothing and forgets nothing":   cleanRestart,
		"what was made due is due after a clean stop":        madeDue,
		"a kill forgets nothing, and what was in flight due": killed,
		"a kill repeats nothing that was flushed":            killedFlushed,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, open(t)) })
		})
	}
	RunLossless(t, open)
}

// RunLossless holds engines to the one promise that they keep however their
// storage fails, as long as it fails for a while only: each delivery ends, and
// none before it was attempted.
func RunLossless(t *testing.T, open func(*testing.T) Engine) {
	t.Run("nothing is lost", func(t *testing.T) {
		for seed := range uint64(8) {
			synctest.Test(t, func(t *testing.T) { lossless(t, open(t), rand.New(rand.NewPCG(seed, 1))) })
		}
	})
}

func inOrder(t *testing.T, e Engine) {
	accept(t, e, 1, 3, "a", "b")
	accept(t, e, 4, 4, "b")
	drain(t, e, "a", 1, 3)
	drain(t, e, "b", 1, 4)
	if at, ok := e.Queue("b").Due(); ok {
		t.Errorf("due at %v, and nothing is left", at)
	}
}

func repeats(t *testing.T, e Engine) {
	first := accept(t, e, 1, 1, "a")
	again := accept(t, e, 1, 2, "b")
	if !again[0].Duplicate || again[0].Seq != first[0].Seq || fmt.Sprint(again[0].To) != "[a]" {
		t.Errorf("a repeat got %+v, after %+v", again[0], first[0])
	}
	if again[1].Duplicate {
		t.Errorf("a new event got %+v", again[1])
	}
	drain(t, e, "a", 1, 1)
	drain(t, e, "b", 2, 2)
	accept(t, e, 1, 1, "a")
	nothing(t, e, "a", queue.Retries)
}

func conflicts(t *testing.T, e Engine) {
	accept(t, e, 1, 1, "a")
	drain(t, e, "a", 1, 1)
	_, err := e.Append(context.Background(), []history.Entry{
		entry(t, `{"type":"a.b","id":"e2"}`, "a"), entry(t, `{"type":"a.b","id":"e1","data":"other"}`, "a"),
	})
	var conflict *history.ConflictError
	if !errors.As(err, &conflict) || conflict.Index != 1 {
		t.Errorf("got %v, want a conflict at 1", err)
	}
	nothing(t, e, "a", queue.Retries)
}

func backlog(t *testing.T, e Engine) {
	const n = 3000
	for i := 1; i < n; i += 100 {
		accept(t, e, i, i+99, "a")
	}
	for i := 1; i <= n; i++ {
		done(claim(t, e, "a", queue.Retries, fmt.Sprint("e", i), 1))
		if i%500 == 0 { // the head moves on while the tail is read
			accept(t, e, n+i, n+i, "a")
		}
	}
	for i := 500; i <= n; i += 500 {
		done(claim(t, e, "a", queue.Retries, fmt.Sprint("e", n+i), 1))
	}
	nothing(t, e, "a", queue.Retries)
}

func retries(t *testing.T, e Engine) {
	accept(t, e, 1, 2, "a")
	at := time.Now().Add(time.Hour)
	claim(t, e, "a", queue.Retries, "e1", 1).Retry(history.Attempt{Status: history.Retrying}, at)
	done(claim(t, e, "a", queue.Retries, "e2", 1))
	nothing(t, e, "a", queue.Oldest)
	if due, ok := e.Queue("a").Due(); !ok || due.Sub(at).Abs() > time.Millisecond {
		t.Errorf("due at %v %v, want %v", due, ok, at)
	}
	e.Queue("a").RetryNow()
	done(claim(t, e, "a", queue.Retries, "e1", 2))
}

func releases(t *testing.T, e Engine) {
	accept(t, e, 1, 1, "a")
	claim(t, e, "a", queue.Retries, "e1", 1).Release(nil, time.Now())
	claim(t, e, "a", queue.Retries, "e1", 1).Release(&history.Attempt{Status: history.Retrying}, time.Now())
	done(claim(t, e, "a", queue.Retries, "e1", 1))
}

func oldest(t *testing.T, e Engine) {
	accept(t, e, 1, 3, "a")
	time.Sleep(2 * time.Millisecond)
	claim(t, e, "a", queue.Retries, "e1", 1).Retry(history.Attempt{Status: history.Retrying}, time.Now())
	time.Sleep(2 * time.Millisecond)
	l := claim(t, e, "a", queue.Oldest, "e2", 1) // due since it was accepted, before e1's retry
	done(claim(t, e, "a", queue.Retries, "e1", 2))
	done(l)
	done(claim(t, e, "a", queue.Oldest, "e3", 1))
}

func retriesOnly(t *testing.T, e Engine) {
	accept(t, e, 1, 2, "a")
	nothing(t, e, "a", queue.RetriesOnly)
	claim(t, e, "a", queue.Retries, "e1", 1).Retry(history.Attempt{Status: history.Retrying}, time.Now())
	done(claim(t, e, "a", queue.RetriesOnly, "e1", 2))
	nothing(t, e, "a", queue.RetriesOnly)
	drain(t, e, "a", 2, 2)
}

func wakes(t *testing.T, e Engine) {
	woken := make(chan struct{}, 8)
	e.Queue("a").Notify(func() { woken <- struct{}{} })
	accept(t, e, 1, 1, "b")
	accept(t, e, 2, 2, "a")
	<-woken
	drain(t, e, "a", 2, 2)
}

func cleanRestart(t *testing.T, e Engine) {
	accept(t, e, 1, 10, "a")
	for i := 1; i <= 4; i++ {
		done(claim(t, e, "a", queue.Retries, fmt.Sprint("e", i), 1))
	}
	claim(t, e, "a", queue.Retries, "e5", 1).Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
	e = e.Restart(true)
	if again := accept(t, e, 1, 1, "a"); !again[0].Duplicate {
		t.Error("a repeat is not known any more")
	}
	for i := 6; i <= 10; i++ {
		done(claim(t, e, "a", queue.Retries, fmt.Sprint("e", i), 1))
	}
	nothing(t, e, "a", queue.Retries)
	e.Queue("a").RetryNow()
	done(claim(t, e, "a", queue.Retries, "e5", 2))
	nothing(t, e.Restart(true), "a", queue.Retries)
}

// madeDue stops at once, while the line of the attempt may not be durable yet.
func madeDue(t *testing.T, e Engine) {
	accept(t, e, 1, 1, "a")
	claim(t, e, "a", queue.Retries, "e1", 1).Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
	e.Queue("a").RetryNow()
	e = e.Restart(true)
	done(claim(t, e, "a", queue.Retries, "e1", 2))
}

func killed(t *testing.T, e Engine) {
	accept(t, e, 1, 3, "a")
	claim(t, e, "a", queue.Retries, "e1", 1)
	e = e.Restart(false)
	drain(t, e, "a", 1, 3)
}

func killedFlushed(t *testing.T, e Engine) {
	accept(t, e, 1, 6, "a")
	for i := 1; i <= 3; i++ {
		done(claim(t, e, "a", queue.Retries, fmt.Sprint("e", i), 1))
	}
	claim(t, e, "a", queue.Retries, "e4", 1).Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
	flush(t, e)
	e = e.Restart(false)
	drain(t, e, "a", 5, 6)
	e.Queue("a").RetryNow()
	done(claim(t, e, "a", queue.Retries, "e4", 2))
}

func orderAll(t *testing.T, e Engine) {
	e.Queue("a").Order(queue.Order{All: true})
	accept(t, e, 1, 3, "a")
	first := claim(t, e, "a", queue.Retries, "e1", 1)
	nothing(t, e, "a", queue.Retries)
	first.Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
	nothing(t, e, "a", queue.Retries)
	e.Queue("a").RetryNow()
	done(claim(t, e, "a", queue.Retries, "e1", 2))
	drain(t, e, "a", 2, 3)
}

func orderByKey(t *testing.T, e Engine) {
	e.Queue("a").Order(queue.Order{By: "data.key"})
	var entries []history.Entry
	for i, key := range []string{"x", "x", "y", "x"} {
		entries = append(entries, entry(t, fmt.Sprintf(`{"type":"a.b","id":"e%d","data":{"key":%q}}`, i+1, key), "a"))
	}
	if _, err := e.Append(context.Background(), entries); err != nil {
		t.Fatal(err)
	}
	first := claim(t, e, "a", queue.Retries, "e1", 1)
	done(claim(t, e, "a", queue.Retries, "e3", 1)) // of another key
	nothing(t, e, "a", queue.Retries)
	first.Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
	nothing(t, e, "a", queue.Retries)
	e.Queue("a").RetryNow()
	done(claim(t, e, "a", queue.Retries, "e1", 2))
	done(claim(t, e, "a", queue.Retries, "e2", 1))
	done(claim(t, e, "a", queue.Retries, "e4", 1))
	nothing(t, e, "a", queue.Retries)
}

func expires(t *testing.T, e Engine) {
	accept(t, e, 1, 2, "a")
	time.Sleep(time.Hour)
	accept(t, e, 3, 3, "a")
	e.Queue("a").Limit(1, queue.Limit{Setting: "expire_after 30m", Age: 30 * time.Minute})
	done(claim(t, e, "a", queue.Retries, "e3", 1))
	nothing(t, e, "a", queue.Retries)
	if b := e.Queue("a").Backlog(); b.Events != 0 {
		t.Errorf("backlog %+v, want none", b)
	}
}

func cancels(t *testing.T, e Engine) {
	accept(t, e, 1, 700, "a") // more than are prefetched
	ended, err := 0, errors.New("not canceled")
	for begun := time.Now(); err != nil && time.Since(begun) < soon; time.Sleep(time.Second) {
		var n int
		n, err = e.Queue("a").Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
			return history.Attempt{Status: history.Canceled}, queue.End
		})
		ended += n
	}
	if ended != 700 || err != nil {
		t.Errorf("canceled %d (%v), want 700", ended, err)
	}
	nothing(t, e.Restart(false), "a", queue.Retries)
}

func throttles(t *testing.T, e Engine) {
	accept(t, e, 1, 1, "a")
	until := time.Now().Add(time.Hour)
	claim(t, e, "a", queue.Retries, "e1", 1).Retry(history.Attempt{Status: history.Retrying, NoStep: true, Throttled: until}, until)
	flush(t, e)
	e = e.Restart(false)
	if got := e.Queue("a").Throttled(); got.Sub(until).Abs() > time.Millisecond {
		t.Errorf("throttled until %v, want %v", got, until)
	}
	nothing(t, e, "a", queue.Retries)
	e.Queue("a").Unthrottle()
	l := claim(t, e, "a", queue.Retries, "e1", 1)
	if l.Throttled.IsZero() {
		t.Error("it is not known since when it is throttled")
	}
	done(l)
}

// lossless delivers events to two webhooks while the engine is killed now and then.
func lossless(t *testing.T, e Engine, rng *rand.Rand) {
	const events = 400
	ended := map[string]bool{}
	for next := 1; ; {
		if next <= events {
			accept(t, e, next, next+19, "a", "b")
			next += 20
		}
		for range 60 {
			webhook := []string{"a", "b"}[rng.IntN(2)]
			l, ok := e.Queue(webhook).Claim(queue.ClaimMode(rng.IntN(3)))
			switch {
			case !ok:
				time.Sleep(time.Duration(rng.IntN(500)) * time.Millisecond)
			case rng.IntN(4) == 0:
				l.Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Duration(rng.IntN(3000))*time.Millisecond))
			case rng.IntN(4) == 0:
				l.Release(nil, time.Now())
			case rng.IntN(20) > 0: // else it is in flight when the engine is killed
				ended[webhook+" "+idOf(t, l)] = true
				done(l)
			}
		}
		if rng.IntN(4) == 0 {
			e = e.Restart(rng.IntN(2) == 0)
		}
		if next > events {
			break
		}
	}
	e = e.Restart(false)
	for _, webhook := range []string{"a", "b"} {
		var lost []int
		for l, ok := tryClaim(e, webhook, queue.Retries); ok; l, ok = tryClaim(e, webhook, queue.Retries) {
			ended[webhook+" "+idOf(t, l)] = true
			done(l)
		}
		for i := 1; i <= events; i++ {
			if !ended[fmt.Sprint(webhook, " e", i)] {
				lost = append(lost, i)
			}
		}
		if b := e.Queue(webhook).Backlog(); len(lost) > 0 || b.Events != 0 {
			t.Errorf("%s: %d deliveries were never claimed, such as %v; backlog %+v", webhook, len(lost), slices.Compact(lost[:min(5, len(lost))]), b)
		}
	}
}
