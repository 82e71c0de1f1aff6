package journal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

const kib = 1 << 10

// large is an event of about so many bytes.
func large(t *testing.T, id string, bytes int, to ...string) history.Entry {
	t.Helper()
	d := event.Decoder{Source: "test", MaxSize: 16 << 20}
	e, err := d.Plain(fmt.Appendf(nil, `{"type":"a.b","id":%q,"data":%q}`, id, strings.Repeat("x", bytes)))
	if err != nil {
		t.Fatal(err)
	}
	return history.Entry{Event: e, To: to, Generation: 1}
}

func (r *running) appendLarge(from, to, bytes int, names ...string) {
	r.t.Helper()
	for _, id := range ids(from, to) {
		if _, err := r.Append(context.Background(), []history.Entry{large(r.t, id, bytes, names...)}); err != nil {
			r.t.Fatal(err)
		}
	}
}

// names are so many webhooks.
func names(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("w%03d", i))
	}
	return list
}

// claims claims from one webhook after the other until none has a delivery that
// may be in flight.
func (r *running) claims(pick queue.ClaimMode, names ...string) (leases map[string][]*queue.Lease) {
	leases = map[string][]*queue.Lease{}
	for more := true; more; {
		more = false
		for _, name := range names {
			if l, ok := r.Queue(name).Claim(pick); ok {
				leases[name] = append(leases[name], l)
				more = true
			}
		}
	}
	return leases
}

func arrived(leases ...*queue.Lease) {
	for _, l := range leases {
		l.Done(history.Attempt{Status: history.Delivered})
	}
}

func size(leases map[string][]*queue.Lease) (bytes int64, n int) {
	for _, list := range leases {
		for _, l := range list {
			bytes, n = bytes+int64(len(l.Event.JSON)), n+1
		}
	}
	return bytes, n
}

// What is in flight of all webhooks stays within the limit, as does what is in
// memory of what waits, and in the end all is delivered: as it was accepted,
// after a kill, after a kill without cursors, and of resends.
func TestUnderWayIsBounded(t *testing.T) {
	const limit = 256 * kib
	for _, c := range []struct {
		name     string
		webhooks int
		bytes    int
		events   int
	}{
		{"a few webhooks", 3, 20 * kib, 20},
		{"more webhooks than there is room for", 30, 20 * kib, 3},
		{"one webhook", 1, 20 * kib, 30},
		{"small ones", 60, 8 * kib, 3},
		{"larger than the limit", 3, 300 * kib, 2},
	} {
		for _, how := range []string{"accepted", "killed", "without cursors", "resent"} {
			t.Run(c.name+", "+how, func(t *testing.T) {
				fs, list := memfs.New(), names(c.webhooks)
				opts := journal.Options{Bodies: limit}
				r := start(t, fs, opts)
				r.appendLarge(1, c.events, c.bytes, list...)
				switch how {
				case "killed":
					r = start(t, fs.Kill(), opts)
				case "without cursors":
					fs = fs.Kill()
					loseCursors(fs)
					r = start(t, fs, opts)
				case "resent":
					for _, name := range list {
						for l, ok := r.Queue(name).Claim(queue.Retries); ok; l, ok = r.Queue(name).Claim(queue.Retries) {
							arrived(l)
						}
						for seq := range c.events {
							of := history.EventRecord{Seq: history.Seq(seq + 1)}
							if _, err := r.Resend(context.Background(), journal.Resend{Of: of, To: []string{name}, By: "test"}); err != nil {
								t.Fatal(err)
							}
						}
					}
				}
				most := int64(max(limit, c.bytes+kib))
				for left := c.webhooks * c.events; left > 0; {
					leases := r.claims(queue.Retries, list...)
					bytes, n := size(leases)
					if n == 0 {
						t.Fatalf("%d deliveries are due and none is claimed, with nothing in flight", left)
					}
					if bytes > most || r.UnderWay() > most {
						t.Fatalf("%d bytes of %d events are in flight, counted as %d; the limit is %d", bytes, n, r.UnderWay(), limit)
					}
					if got := r.HeldInMemory(); got > limit/4 {
						t.Fatalf("%d bytes are held of what waits, want at most %d", got, limit/4)
					}
					left -= n
					for _, list := range leases {
						arrived(list...)
					}
				}
				if r.UnderWay() != 0 || r.HeldInMemory() != 0 {
					t.Errorf("%d bytes are counted as in flight and %d as held at the end", r.UnderWay(), r.HeldInMemory())
				}
			})
		}
	}
}

// Where memory is limited, requests count though their bodies are tiny, and leave
// room for a webhook that is known to be well.
func TestRequestsAreBounded(t *testing.T) {
	r := start(t, memfs.New(), journal.Options{Bodies: 1 << 20, LeastBody: 16 * kib})
	hanging, well := names(100), "well"
	r.append(ids(1, 1), well)
	arrived(r.claims(queue.Retries, well)[well]...)
	r.append(ids(2, 5), append(hanging, well)...)
	if _, n := size(r.claims(queue.Retries, hanging...)); n == 0 || n > 64 {
		t.Errorf("%d requests are in flight, want at most 64", n)
	}
	if got := len(r.claims(queue.Retries, well)[well]); got != 4 {
		t.Errorf("got %d of the webhook that is well, want 4", got)
	}
}

// I2: what one webhook has in flight leaves room for the first ones of others.
func TestUnderWayIsShared(t *testing.T) {
	r := start(t, memfs.New(), journal.Options{Bodies: 1 << 20})
	list := names(4)
	r.appendLarge(1, 30, 60*kib, list...)
	var hogs []*queue.Lease
	for i, name := range list {
		got := r.claims(queue.Retries, name)[name]
		if len(got) == 0 {
			t.Errorf("webhook %d: nothing, after %d of others", i, len(hogs))
		}
		hogs = append(hogs, got...)
	}
	arrived(hogs...)
}

// I1: small events go while large ones fill all there is.
func TestSmallEventsPassLargeOnes(t *testing.T) {
	r := start(t, memfs.New(), journal.Options{Bodies: 1 << 20})
	list := names(40)
	r.appendLarge(1, 4, 60*kib, list...)
	leases := r.claims(queue.Retries, list...)
	r.append(ids(5, 104), "small")
	if got := len(r.claims(queue.Retries, "small")["small"]); got != 100 {
		t.Errorf("got %d small ones in flight, want 100", got)
	}
	if _, n := size(leases); n == len(list)*4 {
		t.Error("there was room for all large ones: this tests nothing")
	}
}

// I3: webhooks in doubt leave half to those that are known to be well, which
// they are after a restart too.
func TestWebhooksInDoubtLeaveHalf(t *testing.T) {
	const limit, well = 1 << 20, "well"
	for _, pick := range []queue.ClaimMode{queue.Oldest, queue.Retries} {
		for _, how := range []string{"new", "failed", "restarted"} {
			fs := memfs.New()
			r := start(t, fs, journal.Options{Bodies: limit})
			doubtful := names(40)
			r.append(ids(1, 1), append(doubtful, well)...)
			for name, l := range r.claims(queue.Retries, append(doubtful, well)...) {
				switch {
				case name == well:
					arrived(l...)
				case how == "failed":
					l[0].Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
				default:
					l[0].Release(nil, time.Now().Add(time.Hour))
				}
			}
			r.appendLarge(2, 4, 60*kib, append(doubtful, well)...)
			if how == "restarted" {
				r.stop()
				r = start(t, fs, journal.Options{Bodies: limit})
			}
			leases := r.claims(pick, doubtful...)
			if got, n := size(leases); got > limit/2 || n == 0 {
				t.Errorf("%s: %d bytes of %d events of theirs are in flight", how, got, n)
			}
			if got := len(r.claims(queue.Retries, well)[well]); got != 3 {
				t.Errorf("%s: got %d in flight of the webhook that is well, want 3", how, got)
			}
			if _, n := size(r.claims(pick, doubtful...)); n != 0 {
				t.Errorf("%s: %d more of theirs are in flight", how, n)
			}
		}
	}
}

// I4: those that found no room are woken one by one in the order in which they
// came, and nobody that comes later passes them.
func TestTurnsAreInOrder(t *testing.T) {
	runInBubble(t, journal.Options{Bodies: 1 << 20}, func(t *testing.T, _ *memfs.FS, r *running) {
		list := names(30)
		r.appendLarge(1, 2, 100*kib, list...)
		synctest.Wait() // for the wakes of what was appended
		var woken []string
		for _, name := range list {
			r.Queue(name).Notify(func() { woken = append(woken, name) })
		}
		var first []*queue.Lease
		var rest []string
		for _, name := range list {
			if l, ok := r.Queue(name).Claim(queue.Retries); ok {
				first = append(first, l)
			} else {
				rest = append(rest, name)
			}
		}
		var turns []string
		for len(turns) < len(rest) {
			woken = nil
			arrived(first[0])
			first = first[1:]
			if len(woken) != 1 {
				t.Fatalf("%v were woken for the room of one", woken)
			}
			for _, name := range rest[len(turns)+1:] {
				if _, ok := r.Queue(name).Claim(queue.Retries); ok {
					t.Fatalf("%s passed %v, whose turn it was", name, woken)
				}
			}
			l, ok := r.Queue(woken[0]).Claim(queue.Retries)
			if !ok {
				t.Fatalf("%v was woken in vain", woken)
			}
			turns, first = append(turns, woken[0]), append(first, l)
		}
		same(t, "turns", turns, rest)
	})
}

// I5: one that needs all the room gets it, though smaller ones go on and on.
func TestLargestIsNotStarved(t *testing.T) {
	runInBubble(t, journal.Options{Bodies: 1 << 20}, func(t *testing.T, _ *memfs.FS, r *running) {
		r.appendLarge(1, 40, 60*kib, "a", "b", "c")
		r.appendLarge(41, 41, 2<<20, "giant")
		under := r.claims(queue.Retries, "a", "b", "c")
		var leases []*queue.Lease
		for _, list := range under {
			leases = append(leases, list...)
		}
		for range 200 {
			if l, ok := r.Queue("giant").Claim(queue.Retries); ok {
				if got := r.UnderWay(); got > int64(len(l.Event.JSON))+kib {
					t.Errorf("%d bytes are in flight with it", got-int64(len(l.Event.JSON)))
				}
				arrived(l)
				return
			}
			if len(leases) > 0 {
				arrived(leases[0])
				leases = leases[1:]
			}
			for _, list := range r.claims(queue.Retries, "a", "b", "c") {
				leases = append(leases, list...)
			}
		}
		t.Error("it was never its turn")
	})
}

// I6: one that does not come in its turn holds up the others for a moment.
func TestTurnThatIsNotTaken(t *testing.T) {
	runInBubble(t, journal.Options{Bodies: 1 << 20}, func(t *testing.T, _ *memfs.FS, r *running) {
		list := names(30)
		r.appendLarge(1, 1, 100*kib, list...)
		leases := r.claims(queue.Retries, list...)
		for _, l := range leases {
			arrived(l...)
		}
		var waiting []string
		for _, name := range list {
			if leases[name] == nil {
				waiting = append(waiting, name)
			}
		}
		last := waiting[len(waiting)-1]
		for range len(waiting) + 2 { // each asks again within a second
			if l, ok := r.Queue(last).Claim(queue.Retries); ok {
				arrived(l)
				return
			}
			time.Sleep(time.Second)
		}
		t.Error("it was never its turn")
	})
}

// A delivery that found no room is as it was: its order, its number and when it
// is due by its schedule.
func TestNoRoomChangesNothing(t *testing.T) {
	for _, order := range []queue.Order{{}, {All: true}, {By: "type"}} {
		r := start(t, memfs.New(), journal.Options{Bodies: 256 * kib})
		r.Queue("a").Order(order)
		r.appendLarge(1, 1, 200*kib, "b")
		r.appendLarge(2, 4, 60*kib, "a")
		other, _ := r.Queue("b").Claim(queue.Retries)
		for range 3 {
			if l, ok := r.Queue("a").Claim(queue.Retries); ok {
				t.Fatalf("order %+v: %s was claimed without room", order, id(l))
			}
		}
		if got := r.Queue("a").Backlog(); got.Events != 3 || got.InFlight != 0 {
			t.Errorf("order %+v: got %+v", order, got)
		}
		arrived(other)
		l, ok := r.Queue("a").Claim(queue.Retries)
		if !ok || l.Attempt != 1 || id(l) != "e2" {
			t.Fatalf("order %+v: got %+v", order, l)
		}
		arrived(l)
		var rest []string
		for range 10 { // in an order a claim may be in vain, and be woken
			rest = append(rest, r.drain("a")...)
		}
		same(t, fmt.Sprintf("order %+v", order), rest, ids(3, 4))
	}
}
