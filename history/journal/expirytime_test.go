package journal_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// TestExpiryTime of the event itself ends it, whatever the order and wherever
// it waits; one that is no time says nothing, and a resend is sent all the
// same.
func TestExpiryTime(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		q.Limit(7)
		r.accept(dated(t, "late", in(2*hour), "a"), dated(t, "soon", in(hour), "a"))
		// Earlier versions accepted this.
		odd, err := event.Parse([]byte(`{"specversion":"1.0","id":"odd","source":"test","type":"a.b","expirytime":"tomorrow"}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.accept(history.Entry{Event: odd, To: []string{"a"}, Generation: 1})
		r.append(ids(1, 700), "a") // more than a window
		r.accept(dated(t, "unread", in(hour), "a"))
		begun, _ := q.Claim(queue.Retries)
		begun.Retry(history.Attempt{Status: history.Retrying, Event: id(begun)}, time.Now().Add(100*hour))
		check := func(when string, want ...string) {
			t.Helper()
			got, _ := r.ends(fs, "a")
			same(t, "expired "+when, got, want)
		}
		time.Sleep(hour - time.Second)
		check("before it")
		time.Sleep(3 * time.Second)
		check("after an hour", "soon", "unread")
		r.stop()
		r = start(t, fs, journal.Options{})
		q = r.Queue("a")
		q.Limit(7)
		time.Sleep(hour - 5*time.Second)
		check("a restart later", "soon", "unread")
		time.Sleep(5 * time.Second)
		check("after two hours", "soon", "unread", "late")

		reading := read(t, fs)
		of, err := reading.Event(query.EventRef{ID: "soon"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Resend(context.Background(), journal.Resend{Of: of, To: []string{"a"}, By: "cli"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(hour)
		same(t, "delivered", r.drain("a"), append(append([]string{"odd"}, ids(1, 700)...), "soon"))
	})
}

// TestExpiryTimeOfAnyYear: one that is past ends the delivery, and one that is to
// come does not, however far it is.
func TestExpiryTimeOfAnyYear(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		q.Limit(7, queue.Limit{})
		past := map[string]string{"zero": "0000-01-01T00:00:00Z", "one": "0001-01-01T00:00:00Z", "early": "1600-01-01t00:00:00z",
			"epoch": "1970-01-01T00:00:00Z", "leap": "1998-12-31T23:59:60Z"}
		for id, at := range past {
			r.accept(dated(t, id, at, "a"))
		}
		for id, at := range map[string]string{"soon": in(2 * hour), "far": "2262-04-11T23:47:17Z", "farther": "2300-01-01T00:00:00Z",
			"farthest": "9999-12-31T23:59:59.999999999Z", "year after": "9999-12-31T23:59:60Z"} {
			r.accept(dated(t, id, at, "a"))
		}
		time.Sleep(hour)
		_, why := r.ends(fs, "a")
		for id, reason := range map[string]string{"zero": "0000-01-01T00:00:00Z", "one": "0001-01-01T00:00:00Z", "early": "1600-01-01T00:00:00Z",
			"epoch": "1970-01-01T00:00:00Z", "leap": "1999-01-01T00:00:00Z"} {
			if want := "its expirytime " + reason + " has passed: "; !strings.HasPrefix(why[id], want) {
				t.Errorf("%s: ended by %q, want %q…", id, why[id], want)
			}
		}
		if len(why) != len(past) {
			t.Errorf("ended: %v, want %v", why, past)
		}
		got := r.drain("a")
		slices.Sort(got)
		same(t, "delivered", got, []string{"far", "farther", "farthest", "soon", "year after"})
	})
}

// TestExpiryTimeAtAClaim: also without a limit, and also of an event that was
// late when it came, in the envelope of CloudEvents 0.1.
func TestExpiryTimeAtAClaim(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.Queue("a").Limit(7)
		d := event.Decoder{}
		e, err := d.Plain([]byte(`{"cloudEventsVersion":"0.1","source":"s","contentType":"application/json","eventId":"old","eventTime":"1998-01-01T00:00:00Z",` +
			`"eventTypeVersion":"1.0.0","eventType":"a.b","extensions":{"expirytime":"1999-01-01T00:00:00Z"},"data":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.append(ids(1, 1), "a")
		r.accept(history.Entry{Event: e, To: []string{"a"}, Generation: 1}, dated(t, "new", in(300*time.Millisecond), "a"))
		r.append(ids(2, 2), "a")
		time.Sleep(400 * time.Millisecond)
		same(t, "delivered", r.drain("a"), ids(1, 2))
		got, why := r.ends(fs, "a")
		slices.Sort(got)
		same(t, "expired", got, []string{"new", "old"})
		if want := "its expirytime 1999-01-01T00:00:00Z has passed: accepted "; !strings.HasPrefix(why["old"], want) {
			t.Errorf("why %q, want %q…", why["old"], want)
		}
	})
}

// TestExpiryLastsAndOnlyThat: what has expired stays so over a restart, and all
// that comes after it is delivered, whatever part of it the cursors have (Q2,
// Q3, H4).
func TestExpiryLastsAndOnlyThat(t *testing.T) {
	for name, c := range map[string]struct {
		behind time.Duration // the end, until the kill
		clean  bool
	}{
		"a clean stop":         {0, true},
		"checkpoint before it": {time.Second, false},
		"checkpoint after it":  {6 * time.Second, false},
	} {
		for many, to := range map[string][]string{"alone": {"a"}, "among others": {"a", "b"}} {
			t.Run(name+", "+many, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					fs := memfs.New()
					opts := journal.Options{SegmentSize: 32 << 10}
					r := start(t, fs, opts)
					r.Queue("a").Limit(7, afterAnHour)
					r.append(ids(1, 400), to...)
					r.append(ids(9001, 9100), "b")
					r.append(ids(401, 900), to...)
					time.Sleep(hour / 2)
					r.append(ids(901, 1100), to...)
					time.Sleep(hour/2 + 2*time.Second + c.behind)
					if c.clean {
						r.stop()
					}
					r = start(t, fs.Kill(), opts)
					r.Queue("a").Limit(7, afterAnHour)
					r.append(ids(1101, 1110), to...)
					same(t, "delivered", r.drain("a"), ids(901, 1110))
				})
			})
		}
	}
}

// TestExpiryTimeBehindOthers that are unread as well, and are still read.
func TestExpiryTimeBehindOthers(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 300), "a")
		for n := range 300 {
			r.accept(dated(t, fmt.Sprint("d", n), in(hour), "a"))
		}
		r.append(ids(301, 600), "a")
		r.stop()
		r = start(t, fs, journal.Options{})
		r.Queue("a").Limit(7)
		time.Sleep(hour + 2*time.Second)
		if ended, _ := r.ends(fs, "a"); len(ended) != 300 {
			t.Errorf("%d have expired, want 300", len(ended))
		}
		same(t, "delivered", r.drain("a"), ids(1, 600))
	})
}
