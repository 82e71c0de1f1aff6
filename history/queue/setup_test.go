package queue_test

import (
	"context"
	"fmt"
	"testing"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
	"sidehook/history/queue/queuetest"
)

func entry(t testing.TB, id string, to ...string) history.Entry {
	t.Helper()
	return body(t, fmt.Sprintf(`{"type":"a.b","id":%q}`, id), to...)
}

// body is an event of that JSON.
func body(t testing.TB, json string, to ...string) history.Entry {
	t.Helper()
	e, err := (&event.Decoder{Source: "test"}).Plain([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return history.Entry{Event: e, To: to, Generation: 1}
}

func accept(t testing.TB, m *queuetest.Memory, from, to int, webhooks ...string) {
	t.Helper()
	for i := from; i <= to; i++ {
		if _, err := m.Append(context.Background(), []history.Entry{entry(t, fmt.Sprint("e", i), webhooks...)}); err != nil {
			t.Fatal(err)
		}
	}
}

func delivered(l *queue.Lease) { l.Done(history.Attempt{Status: history.Delivered}) }

// claimed claims all that is due and returns how often each seq was.
func claimed(m *queuetest.Memory, webhook string) map[history.Seq]int {
	seqs := map[history.Seq]int{}
	for l, ok := m.Queue(webhook).Claim(queue.Retries); ok; l, ok = m.Queue(webhook).Claim(queue.Retries) {
		seqs[l.Seq]++
		delivered(l)
	}
	return seqs
}
