package firstattempt_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/firstattempt"
)

// TestManyDeliveries: a request that waits for many deliveries looks at the states of
// webhooks when one of them has attempted all of its own, not at each attempt: the
// attempt would wait for that, and its webhook with it.
func TestManyDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		looks := 0
		w := firstattempt.Watches{
			Attempts:    func(string) bool { looks++; return true },
			WaitWritten: func(context.Context) {},
		}
		ids, deliveries := make([]string, n), make([]api.DeliveryStatus, 2*n)
		for i := range n {
			ids[i] = fmt.Sprint("e", i)
			deliveries[2*i] = api.DeliveryStatus{Seq: history.Seq(i + 1), Webhook: "a"}
			deliveries[2*i+1] = api.DeliveryStatus{Seq: history.Seq(i + 1), Webhook: "b"}
		}
		watch := w.Watch(ids)
		defer watch.Close()
		tell := func(webhook string, i int) {
			a := history.Attempt{Event: ids[i], Status: history.Delivered, Code: 200}
			w.Recorded(&history.Recorded{Attempt: a, Webhook: webhook, Seq: history.Seq(i + 1)})
		}
		tell("a", 0) // before the wait
		done := false
		go func() {
			watch.Wait(t.Context(), deliveries)
			done = true
		}()
		for _, webhook := range []string{"a", "b"} {
			for i := range n {
				if synctest.Wait(); done {
					t.Fatalf("done before attempt %d of %s", i, webhook)
				}
				tell(webhook, i)
			}
		}
		if synctest.Wait(); !done || looks > 4 {
			t.Errorf("done %v, looked %d times", done, looks)
		}
		for _, d := range deliveries {
			if d.Status != history.Delivered || d.Code != 200 {
				t.Fatalf("got %+v", d)
			}
		}
	})
}
