package queuetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
)

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
		entries = append(entries, entry(t, fmt.Sprintf(`{"type":"a.b","id":"e%d","time":"2026-01-01T00:00:00Z","data":%d}`, i, i), webhooks...))
	}
	receipts, err := e.Append(context.Background(), entries)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return receipts
}

func idOf(t *testing.T, l *queue.Lease) string {
	t.Helper()
	e, err := l.Event.Parsed()
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

func done(l *queue.Lease) { l.Done(history.Attempt{Status: history.Delivered, Code: 200}) }

// soon is how long a claim is asked again that finds nothing, since a storage may
// be slow or fail for a while.
const soon = 10 * time.Second

// tryClaim claims as a worker does: again when something is due.
func tryClaim(e Engine, webhook string, mode queue.ClaimMode) (*queue.Lease, bool) {
	for begun := time.Now(); ; {
		if l, ok := e.Queue(webhook).Claim(mode); ok {
			return l, true
		}
		due, ok := e.Queue(webhook).Due()
		wait := max(time.Until(due), 50*time.Millisecond)
		if !ok || time.Since(begun)+wait > soon {
			return nil, false
		}
		time.Sleep(wait)
	}
}

func claim(t *testing.T, e Engine, webhook string, mode queue.ClaimMode, want string, attempt int) *queue.Lease {
	t.Helper()
	l, ok := tryClaim(e, webhook, mode)
	if !ok {
		t.Fatalf("nothing to claim, want %s", want)
	}
	if got := idOf(t, l); got != want || l.Attempt != attempt {
		t.Fatalf("claimed attempt %d of %s, want attempt %d of %s", l.Attempt, got, attempt, want)
	}
	return l
}

func nothing(t *testing.T, e Engine, webhook string, mode queue.ClaimMode) {
	t.Helper()
	if l, ok := tryClaim(e, webhook, mode); ok {
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

// flush has all that was recorded so far durable.
func flush(t *testing.T, e Engine) {
	t.Helper()
	begun := time.Now()
	for err := e.Flush(); err != nil; err = e.Flush() {
		if time.Since(begun) > soon {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
	}
}
