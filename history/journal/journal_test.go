package journal_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// running is a journal that runs until the test, or stop, ends it.
type running struct {
	*journal.Journal
	t      *testing.T
	cancel context.CancelFunc
	ended  chan error
}

func start(t *testing.T, fs vfs.Lockable, opts journal.Options) *running {
	t.Helper()
	j, err := journal.OpenFS(fs, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{j, t, cancel, make(chan error, 1)}
	go func() { r.ended <- j.Run(ctx) }()
	t.Cleanup(func() { cancel(); r.stop() })
	return r
}

// runInBubble runs a test in a bubble, with a journal on a new disk.
func runInBubble(t *testing.T, opts journal.Options, test func(t *testing.T, fs *memfs.FS, r *running)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		test(t, fs, start(t, fs, opts))
	})
}

// stop stops it cleanly and returns what Run did.
func (r *running) stop() error {
	r.cancel()
	err := <-r.ended
	r.ended <- err
	return err
}

func entry(t *testing.T, id string, to ...string) history.Entry {
	t.Helper()
	d := event.Decoder{Source: "test"}
	e, err := d.Plain(fmt.Appendf(nil, `{"type":"a.b","id":%q,"data":{"id":%q}}`, id, id))
	if err != nil {
		t.Fatal(err)
	}
	return history.Entry{Event: e, To: to, Generation: 1}
}

func (r *running) append(ids []string, to ...string) []history.Receipt {
	r.t.Helper()
	var entries []history.Entry
	for _, id := range ids {
		entries = append(entries, entry(r.t, id, to...))
	}
	receipts, err := r.Append(context.Background(), entries)
	if err != nil {
		r.t.Fatalf("append: %v", err)
	}
	return receipts
}

func ids(from, to int) (list []string) {
	for i := from; i <= to; i++ {
		list = append(list, fmt.Sprint("e", i))
	}
	return list
}

// id is the id of a lease's event.
func id(l *queue.Lease) string {
	e, err := l.Event.Parsed()
	if err != nil {
		return err.Error()
	}
	return e.ID
}

// drain ends all that is due and returns the ids in order.
func (r *running) drain(webhook string) (got []string) {
	for {
		l, ok := r.Queue(webhook).Claim(queue.Retries)
		if !ok {
			return got
		}
		got = append(got, id(l))
		l.Done(history.Attempt{Status: history.Delivered, Event: id(l), Code: 200})
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestBacklog(t *testing.T) {
	r := start(t, memfs.New(), journal.Options{})
	r.append(ids(1, 3), "a", "b")
	if b := r.Queue("b").Backlog(); b.Events != 3 || b.Bytes == 0 || b.Oldest.IsZero() {
		t.Errorf("backlog %+v", b)
	}
	l, _ := r.Queue("b").Claim(queue.Retries)
	if b := r.Queue("b").Backlog(); b.Events != 3 || b.InFlight != 1 {
		t.Errorf("with one in flight: %+v", b)
	}
	l.Done(history.Attempt{Status: history.Delivered})
	same(t, "b", r.drain("b"), ids(2, 3))
	if b := r.Queue("b").Backlog(); b != (queue.Backlog{}) {
		t.Errorf("at the end: %+v", b)
	}
}

// A webhook that claims nothing has an oldest event after a start as well,
// whether the cursors tell of it or not.
func TestBacklogAfterAStart(t *testing.T) {
	for _, lost := range []bool{false, true} {
		fs := memfs.New()
		r := start(t, fs, journal.Options{})
		r.append(ids(1, 1), "b")
		r.append(ids(2, 900), "a") // more than a window
		want := r.Queue("a").Backlog()
		r.stop()
		if lost {
			loseCursors(fs)
		}
		r = start(t, fs, journal.Options{})
		if got := r.Queue("a").Backlog(); got != want {
			t.Errorf("cursors lost: %v: got %+v, want %+v", lost, got, want)
		}
		l, _ := r.Queue("a").Claim(queue.Retries)
		l.Done(history.Attempt{Status: history.Delivered})
		if got := r.Queue("a").Backlog(); got.Oldest.Before(want.Oldest) {
			t.Errorf("cursors lost: %v: the oldest is of %v once the first has ended, it was of %v", lost, got.Oldest, want.Oldest)
		}
	}
}

func TestDuplicateInFlightWaitsForItsSync(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	var once sync.Once
	syncing, release := make(chan struct{}), make(chan struct{})
	fs.SetFault(func(op memfs.Op) error {
		if op.Kind == memfs.Sync {
			once.Do(func() { close(syncing); <-release })
		}
		return nil
	})
	answers := make(chan bool, 2)
	post := func() {
		got, err := r.Append(context.Background(), []history.Entry{entry(t, "x", "a")})
		answers <- err == nil && got[0].Duplicate
	}
	go post()
	<-syncing
	go post()
	select {
	case <-answers:
		t.Fatal("an answer before the sync")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if first, second := <-answers, <-answers; first == second {
		t.Errorf("duplicates %v and %v, want one of them", first, second)
	}
	same(t, "delivered", r.drain("a"), []string{"x"})
}
