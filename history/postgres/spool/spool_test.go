package spool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/sweeper"
	"sidehook/history/journal"
	"sidehook/history/postgres/spool"
)

// direct is a database of the test's.
type direct struct {
	mu     sync.Mutex
	away   bool
	failAt int // the event whose answer is lost, and after which it is away; 0: none
	got    []history.Entry
	ids    map[string]string
}

func (d *direct) Append(_ context.Context, entries []history.Entry) ([]history.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return nil, history.ErrAway
	}
	for i, e := range entries {
		if content, ok := d.ids[e.Event.ID]; ok && content != string(e.Event.JSON) {
			return nil, &history.ConflictError{Index: i}
		}
	}
	receipts := make([]history.Receipt, len(entries))
	for i, e := range entries {
		if _, ok := d.ids[e.Event.ID]; ok {
			receipts[i].Duplicate = true
			continue
		}
		d.ids[e.Event.ID] = string(e.Event.JSON)
		d.got = append(d.got, e)
		receipts[i] = history.Receipt{Seq: history.Seq(len(d.got)), To: e.To}
	}
	if d.failAt > 0 && len(d.got) >= d.failAt {
		d.failAt, d.away = 0, true
		return nil, history.ErrAway
	}
	return receipts, nil
}

func (d *direct) Fault() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return history.ErrAway
	}
	return nil
}

func (d *direct) set(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

func (d *direct) list() (ids []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.got {
		ids = append(ids, e.Event.ID)
	}
	return ids
}

// open runs a spool until it is stopped.
func open(t *testing.T, dir string, d *direct) (s *spool.Spool, stop func()) {
	t.Helper()
	s, err := spool.Open(dir, spool.Options{Direct: d})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

func entry(t *testing.T, id, data string) history.Entry {
	t.Helper()
	e, err := event.Parse(fmt.Appendf(nil, `{"specversion":"1.0","id":%q,"source":"/t","type":"a.b","data":%s}`, id, data), nil)
	if err != nil {
		t.Fatal(err)
	}
	return history.Entry{Event: e, To: []string{"a", "b"}, Generation: 7, By: "console", Failures: []history.Failure{{Webhook: "b", Reason: "why"}}}
}

func post(t *testing.T, s *spool.Spool, id string) history.Receipt {
	t.Helper()
	got, err := s.Append(t.Context(), []history.Entry{entry(t, id, "1")})
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after 10s: %s", what)
		}
	}
}

func TestSpool(t *testing.T) {
	d := &direct{ids: map[string]string{}}
	s, _ := open(t, t.TempDir(), d)
	if got := post(t, s, "1"); got.Spooled || got.Seq != 1 {
		t.Errorf("while the database is there: got %+v", got)
	}
	d.set(true)
	want := []string{"1"}
	for i := range 600 {
		id := fmt.Sprint("s", i)
		if got := post(t, s, id); !got.Spooled || got.Duplicate || got.Seq != 0 || !slices.Equal(got.To, []string{"a", "b"}) {
			t.Fatalf("while it is away: got %+v", got)
		}
		want = append(want, id)
	}
	if got := post(t, s, "s3"); !got.Spooled || !got.Duplicate {
		t.Errorf("a repeat: got %+v", got)
	}
	if _, err := s.Append(t.Context(), []history.Entry{entry(t, "s3", "2")}); !errors.As(err, new(*history.ConflictError)) {
		t.Errorf("another content: got %v", err)
	}
	if n := s.Waiting(); n != 600 {
		t.Errorf("got %d that wait, want 600", n)
	}
	d.set(false)
	until(t, "nothing waits", func() bool { return s.Waiting() == 0 })
	until(t, "events go to the database", func() bool {
		got := post(t, s, fmt.Sprint("after", time.Now().UnixNano()))
		return !got.Spooled
	})
	if got := d.list(); !slices.Equal(got[:len(want)], want) {
		t.Errorf("got %v, want all in order", got)
	}
	if e := d.got[1]; e.Generation != 7 || e.By != "console" || len(e.Failures) != 1 || e.Failures[0].Reason != "why" || len(e.To) != 2 {
		t.Errorf("got %+v, want it as it was accepted", e)
	}
}

// TestNothingOvertakes posts while events are forwarded.
func TestNothingOvertakes(t *testing.T) {
	d := &direct{ids: map[string]string{}, away: true}
	s, _ := open(t, t.TempDir(), d)
	for i := range 2000 {
		if i == 500 || i == 1200 {
			d.set(false)
		}
		if i == 900 {
			d.set(true)
		}
		post(t, s, fmt.Sprintf("%05d", i))
	}
	until(t, "nothing waits", func() bool { return s.Waiting() == 0 })
	if got := d.list(); len(got) != 2000 || !slices.IsSorted(got) {
		t.Errorf("got %d events, in order: %v", len(got), slices.IsSorted(got))
	}
}

// TestRestart stops between an answer that was lost and the next try.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	d := &direct{ids: map[string]string{}, away: true}
	s, stop := open(t, dir, d)
	for i := range 400 {
		post(t, s, fmt.Sprintf("%05d", i))
	}
	d.mu.Lock()
	d.away, d.failAt = false, 256
	d.mu.Unlock()
	until(t, "the answer was lost", func() bool { return d.Fault() != nil })
	stop()
	d.set(false)
	s, _ = open(t, dir, d)
	if got := post(t, s, "00400"); !got.Spooled {
		t.Errorf("got %+v, want it after those that wait", got)
	}
	until(t, "nothing waits", func() bool { return s.Waiting() == 0 })
	if got := d.list(); len(got) != 401 || !slices.IsSorted(got) {
		t.Errorf("got %d events, in order: %v", len(got), slices.IsSorted(got))
	}
}

// TestConflictWhileForwarding has one event whose id has another content by then.
func TestConflictWhileForwarding(t *testing.T) {
	d := &direct{ids: map[string]string{"2": "other"}, away: true}
	s, _ := open(t, t.TempDir(), d)
	for _, id := range []string{"1", "2", "3"} {
		post(t, s, id)
	}
	d.set(false)
	until(t, "nothing waits", func() bool { return s.Waiting() == 0 })
	if got := d.list(); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("got %v, want those without a conflict", got)
	}
}

// TestExpired has events expire while they wait: they are forwarded in their order, since
// the history in the database is to have them, and what became of them.
func TestExpired(t *testing.T) {
	dir := t.TempDir()
	d := &direct{ids: map[string]string{}, away: true}
	s, stop := open(t, dir, d)
	soon := time.Now().Add(300 * time.Millisecond)
	want := []string{"1", "2", "3", "4"}
	for i, id := range want {
		e := entry(t, id, "1")
		if i%2 == 1 {
			var err error
			text := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/t","type":"a.b","expirytime":%q}`, id, soon.Format(time.RFC3339Nano))
			if e.Event, err = event.Parse([]byte(text), nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Append(t.Context(), []history.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Until(soon) + 2*sweeper.Every)
	if n := s.Waiting(); n != len(want) {
		t.Errorf("got %d that wait, want %d", n, len(want))
	}
	stop()
	s, _ = open(t, dir, d)
	d.set(false)
	until(t, "nothing waits", func() bool { return s.Waiting() == 0 })
	if got := d.list(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestTheFilesAreFull refuses when there is no room there either.
func TestTheFilesAreFull(t *testing.T) {
	d := &direct{ids: map[string]string{}, away: true}
	s, _ := open(t, t.TempDir(), d)
	s.Retain(journal.Retention{Keep: time.Hour, MaxSize: 1 << 20})
	text := `"` + fmt.Sprintf("%0100000d", 1) + `"`
	var err error
	for i := 0; i < 100 && err == nil; i++ {
		_, err = s.Append(t.Context(), []history.Entry{entry(t, fmt.Sprint(i), text)})
	}
	if !errors.Is(err, history.ErrNoRoom) {
		t.Errorf("got %v", err)
	}
}
