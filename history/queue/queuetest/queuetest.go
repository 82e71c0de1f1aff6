// Package queuetest is the contract of the queue seam: what any engine behind
// intake and deliver has to do. Package history passes it, and so must another
// engine before it may stand in its place.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
)

// Engine is a queue under test.
type Engine interface {
	// Append accepts events, whole or not at all; they are durable on return.
	Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error)
	// Claim hands out a delivery that is due.
	Claim(webhook string, pick queue.ClaimMode) (Lease, bool)
	// Due says when a claim would next succeed.
	Due(webhook string) (time.Time, bool)
	// Hasten makes all waits due now.
	Hasten(webhook string)
	// Notify sets what is called when a delivery may have become claimable.
	Notify(webhook string, wake func())
	// Restart stops it, cleanly or as a kill would, and starts another on what
	// it left. What was synced is there again; what was in flight is due.
	Restart(cleanly bool) Engine
}

// Lease is a delivery handed out by an Engine.
type Lease interface {
	Event() []byte
	Filled() []string
	Attempt() int
	Done(history.Attempt)
	Retry(history.Attempt, time.Time)
	Release(*history.Attempt, time.Time)
}

// Run holds the engines that open makes, one a test, to the contract.
func Run(t *testing.T, open func(*testing.T) Engine) {
	for name, test := range map[string]func(*testing.T, Engine){
		"an event goes to each of its webhooks, in order":    inOrder,
		"a repeat is told and not delivered":                 repeats,
		"a conflict refuses the whole request":               conflicts,
		"a backlog beyond any window comes whole":            backlog,
		"a wait is not claimed ahead of its time":            waits,
		"a release is as if the attempt had not been":        releases,
		"the oldest is what has been due longest":            oldest,
		"retries only begins nothing":                        retriesOnly,
		"a new event wakes":                                  wakes,
		"a clean stop repeats nothing and forgets nothing":   cleanRestart,
		"a kill forgets nothing, and what was in flight due": killed,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func entry(t *testing.T, body string, to ...string) history.Entry {
	t.Helper()
	e, err := (&event.Decoder{Source: "queuetest"}).Plain([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return history.Entry{Event: e, To: to, Generation: 1}
}

// accept appends events of the ids from-to.
func accept(t *testing.T, e Engine, from, to int, webhooks ...string) []history.Receipt {
	t.Helper()
	var entries []history.Entry
	for i := from; i <= to; i++ {
		entries = append(entries, entry(t, fmt.Sprintf(`{"type":"a.b","id":"e%d","data":%d}`, i, i), webhooks...))
	}
	receipts, err := e.Append(context.Background(), entries)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return receipts
}

func idOf(t *testing.T, l Lease) string {
	t.Helper()
	e, err := event.Parse(l.Event(), l.Filled())
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

func done(l Lease) { l.Done(history.Attempt{Status: history.Delivered, Code: 200}) }

func claim(t *testing.T, e Engine, webhook string, pick queue.ClaimMode, want string, attempt int) Lease {
	t.Helper()
	l, ok := e.Claim(webhook, pick)
	if !ok {
		t.Fatalf("nothing to claim, want %s", want)
	}
	if got := idOf(t, l); got != want || l.Attempt() != attempt {
		t.Fatalf("claimed attempt %d of %s, want attempt %d of %s", l.Attempt(), got, attempt, want)
	}
	return l
}

func nothing(t *testing.T, e Engine, webhook string, pick queue.ClaimMode) {
	t.Helper()
	if l, ok := e.Claim(webhook, pick); ok {
		t.Fatalf("claimed %s, want nothing", idOf(t, l))
	}
}

// drain ends all that is due, which has to be e<from> to e<to> in order.
func drain(t *testing.T, e Engine, webhook string, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		done(claim(t, e, webhook, queue.Retries, fmt.Sprint("e", i), 1))
	}
	nothing(t, e, webhook, queue.Retries)
}

func inOrder(t *testing.T, e Engine) {
	accept(t, e, 1, 3, "a", "b")
	accept(t, e, 4, 4, "b")
	drain(t, e, "a", 1, 3)
	drain(t, e, "b", 1, 4)
	if at, ok := e.Due("b"); ok {
		t.Errorf("due at %v, and nothing is left", at)
	}
}

func repeats(t *testing.T, e Engine) {
	first := accept(t, e, 1, 1, "a")
	again := accept(t, e, 1, 2, "b")
	if !again[0].Duplicate || again[0].Seq != first[0].Seq || fmt.Sprint(again[0].To) != "[a]" {
		t.Errorf("a repeat got %+v, behind %+v", again[0], first[0])
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

func waits(t *testing.T, e Engine) {
	accept(t, e, 1, 2, "a")
	at := time.Now().Add(time.Hour)
	claim(t, e, "a", queue.Retries, "e1", 1).Retry(history.Attempt{Status: history.Retrying}, at)
	done(claim(t, e, "a", queue.Retries, "e2", 1))
	nothing(t, e, "a", queue.Oldest)
	if due, ok := e.Due("a"); !ok || due.Sub(at).Abs() > time.Millisecond {
		t.Errorf("due at %v %v, want %v", due, ok, at)
	}
	e.Hasten("a")
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
	l := claim(t, e, "a", queue.Oldest, "e2", 1) // due since it was accepted, ahead of e1's retry
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
	e.Notify("a", func() { woken <- struct{}{} })
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
	e.Hasten("a")
	done(claim(t, e, "a", queue.Retries, "e5", 2))
	nothing(t, e.Restart(true), "a", queue.Retries)
}

func killed(t *testing.T, e Engine) {
	accept(t, e, 1, 3, "a")
	claim(t, e, "a", queue.Retries, "e1", 1)
	e = e.Restart(false)
	drain(t, e, "a", 1, 3)
}
