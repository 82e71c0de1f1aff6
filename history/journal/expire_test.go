package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

const hour = time.Hour

var afterAnHour = queue.Limit{Setting: "expire_after 1h", Age: hour}

// ends are the errors of the deliveries of a webhook that ended as expired, by
// the ids of their events, in order.
func (r *running) ends(fs *memfs.FS, webhook string) (ids []string, why map[string]string) {
	r.t.Helper()
	if err := r.Flush(); err != nil {
		r.t.Fatal(err)
	}
	reading := read(r.t, fs)
	why = map[string]string{}
	err := reading.Records(func(o *history.DeliveryRecord) bool {
		if o.Kind == "attempt" && o.Webhook == webhook && o.Status == history.Expired {
			if _, twice := why[o.Event]; twice || !o.Unsent || o.Generation != 7 || o.Type != "a.b" {
				r.t.Errorf("line %s", o.Raw)
			}
			why[o.Event] = o.Error
			ids = append(ids, strings.Clone(o.Event))
		}
		return true
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return ids, why
}

// dated is an event with an expirytime.
func dated(t *testing.T, id, expires string, to ...string) history.Entry {
	t.Helper()
	d := event.Decoder{Source: "test"}
	e, err := d.Plain(fmt.Appendf(nil, `{"type":"a.b","id":%q,"expirytime":%q}`, id, expires))
	if err != nil {
		t.Fatal(err)
	}
	return history.Entry{Event: e, To: to, Generation: 1}
}

func (r *running) accept(entries ...history.Entry) []history.Receipt {
	r.t.Helper()
	receipts, err := r.Append(context.Background(), entries)
	if err != nil {
		r.t.Fatal(err)
	}
	return receipts
}

func in(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }

// TestExpiresWhereverItWaits: in memory, with a time, and in the file, within
// two seconds of its time and no sooner; also of a queue that nobody claims
// from. What is in flight is left alone (E4).
func TestExpiresWhereverItWaits(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: 64 << 10}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		q.Limit(7, afterAnHour)
		r.append(ids(1, 1500), "a", "b")
		flying, _ := q.Claim(queue.Retries)
		begun, _ := q.Claim(queue.Retries)
		begun.Retry(history.Attempt{Status: history.Retrying, Event: id(begun)}, time.Now().Add(2*hour))
		time.Sleep(hour / 2)
		r.append(ids(1501, 2000), "a")
		time.Sleep(hour/2 - time.Second)
		if b := q.Backlog(); b.Events != 2000 {
			t.Errorf("%d events wait before the hour, want 2000", b.Events)
		}
		time.Sleep(3 * time.Second)
		got, why := r.ends(fs, "a")
		same(t, "expired", got, ids(2, 1500))
		if want := "older than expire_after 1h: accepted 1h0m"; !strings.HasPrefix(why["e2"], want) {
			t.Errorf("why %q, want %q…", why["e2"], want)
		}
		if b := q.Backlog(); b.Events != 501 || b.InFlight != 1 {
			t.Errorf("backlog %+v, want 501 events, 1 in flight", b)
		}
		// What comes back has expired meanwhile.
		flying.Retry(history.Attempt{Status: history.Retrying, Event: id(flying)}, time.Now().Add(2*hour))
		time.Sleep(2 * time.Second)
		if got, _ := r.ends(fs, "a"); len(got) != 1500 || got[1499] != "e1" {
			t.Errorf("%d have ended, the last %v; want e1 as well", len(got), got[len(got)-1:])
		}
		same(t, "delivered", r.drain("a"), ids(1501, 2000))
		time.Sleep(hour)
		if b := q.Backlog(); b != (queue.Backlog{}) {
			t.Errorf("backlog %+v at the end", b)
		}
		if b := r.Queue("b").Backlog(); b.Events != 1500 {
			t.Errorf("the other webhook's backlog: %+v", b)
		}
	})
}

// TestNothingExpiredIsClaimed, however soon after its time, and however many
// there are (E1).
func TestNothingExpiredIsClaimed(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		var woken atomic.Bool
		q.Notify(func() { woken.Store(true) })
		q.Limit(7, queue.Limit{Setting: "expire_after 1500ms", Age: 1500 * time.Millisecond})
		r.append(ids(1, 1000), "a")
		time.Sleep(time.Second)
		r.append(ids(1001, 1003), "a")
		time.Sleep(600 * time.Millisecond) // before the next sweep
		var got []string
		for woken.Store(true); woken.Swap(false); {
			got = append(got, r.drain("a")...)
		}
		same(t, "delivered", got, ids(1001, 1003))
		if ended, _ := r.ends(fs, "a"); len(ended) != 1000 {
			t.Errorf("%d have expired, want 1000", len(ended))
		}
		if b := q.Backlog(); b != (queue.Backlog{}) {
			t.Errorf("backlog %+v", b)
		}
	})
}

// TestAResendHasAnAgeOfItsOwn.
func TestAResendHasAnAgeOfItsOwn(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.Queue("a").Limit(7, afterAnHour)
		r.append(ids(1, 1), "a")
		time.Sleep(2 * hour)
		reading := read(t, fs)
		of, err := reading.Event(query.EventRef{Seq: 1})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := r.Resend(context.Background(), journal.Resend{Of: of, To: []string{"a"}, By: "cli"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(hour / 2)
			if n := r.Queue("a").Backlog().Events; n != 1 {
				t.Errorf("%d wait, want the resend", n)
			}
			time.Sleep(hour/2 + 2*time.Second)
			if n := r.Queue("a").Backlog().Events; n != 0 {
				t.Errorf("%d wait, want none", n)
			}
		}
	})
}

// TestALimitThatIsLifted, or set while deliveries wait, counts from then on.
func TestALimitThatIsLifted(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		q.Limit(6, afterAnHour)
		r.append(ids(1, 3), "a")
		time.Sleep(hour / 2)
		q.Limit(7)
		time.Sleep(2 * hour)
		r.append(ids(4, 6), "a")
		q.Limit(7, queue.Limit{Setting: "expire_after 3h", Age: 3 * hour}, queue.Limit{Setting: "max_backlog 2h", Age: 2 * hour})
		time.Sleep(2 * time.Second)
		got, why := r.ends(fs, "a")
		same(t, "expired", got, ids(1, 3))
		if want := "older than max_backlog 2h: accepted 2h30m"; !strings.HasPrefix(why["e1"], want) {
			t.Errorf("why %q, want %q…", why["e1"], want)
		}
	})
}

// TestRenamedExpire by the limits of the new name, since they were accepted.
func TestRenamedExpire(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 600), "old")
		time.Sleep(hour / 2)
		r.append(ids(601, 1200), "new")
		r.Queue("new").Limit(7, afterAnHour)
		r.rename("old", "new", 600)
		time.Sleep(hour/2 + 2*time.Second)
		got, _ := r.ends(fs, "new")
		same(t, "expired", got, ids(1, 600))
		r.stop()
	})
}

// TestWhatComesDuringASweep, while that reads the file, expires in its turn
// (E2).
func TestWhatComesDuringASweep(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		q.Limit(7, afterAnHour)
		r.append(ids(1, 1500), "a")
		time.Sleep(hour - time.Second)
		release := make(chan struct{})
		fs.SetFault(stalls(memfs.Read, "events-", release))
		time.Sleep(3 * time.Second)
		r.append(ids(1501, 1510), "a")
		r.accept(dated(t, "dated", in(hour/2), "a"))
		close(release)
		time.Sleep(3 * time.Second)
		if n := q.Backlog().Events; n != 11 {
			t.Fatalf("%d wait, want those that came since", n)
		}
		time.Sleep(hour / 2)
		if n := q.Backlog().Events; n != 10 {
			t.Errorf("%d wait after the expirytime, want 10", n)
		}
		time.Sleep(hour / 2)
		if n := q.Backlog().Events; n != 0 {
			t.Errorf("%d wait after their hour, want none", n)
		}
	})
}

// TestExpiryAmongClaims: while some claim, others accept, and deliveries
// expire, each ends once: delivered or expired.
func TestExpiryAmongClaims(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: 64 << 10}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		q.Limit(7, queue.Limit{Setting: "expire_after 5s", Age: 5 * time.Second}, queue.Limit{Setting: "max_backlog", Size: 300 << 10})
		var mu sync.Mutex
		ends := map[string]int{}
		done := make(chan struct{})
		var claiming sync.WaitGroup
		for n := range 4 {
			claiming.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(n)))
				for {
					select {
					case <-done:
						return
					case <-time.After(time.Duration(random.IntN(20)) * time.Millisecond):
					}
					l, ok := q.Claim(queue.ClaimMode(random.IntN(3)))
					switch {
					case !ok:
					case time.Since(l.Accepted) >= 5*time.Second:
						t.Errorf("%s was claimed when it had expired", id(l))
						l.Release(nil, time.Now())
					case random.IntN(3) == 0:
						l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(time.Duration(random.IntN(9))*time.Second))
					default:
						mu.Lock()
						ends[id(l)]++
						mu.Unlock()
						l.Done(history.Attempt{Status: history.Delivered, Event: id(l)})
					}
				}
			})
		}
		all := 0
		for n := range 12 {
			r.append(ids(all+1, all+700), "a")
			all += 700
			for range 20 {
				r.accept(dated(t, fmt.Sprint("d", all), in(time.Duration(n%4)*time.Second), "a"))
				all++
				time.Sleep(100 * time.Millisecond)
			}
		}
		time.Sleep(10 * time.Second)
		close(done)
		claiming.Wait()
		expired, _ := r.ends(fs, "a")
		for _, id := range expired {
			ends[id]++
		}
		for id, n := range ends {
			if n != 1 {
				t.Errorf("%s ended %d times", id, n)
			}
		}
		if len(ends) != all || len(expired) == 0 || len(expired) == all {
			t.Errorf("%d of %d ended, %d of them expired", len(ends), all, len(expired))
		}
		if b := q.Backlog(); b != (queue.Backlog{}) {
			t.Errorf("backlog %+v", b)
		}
	})
}
