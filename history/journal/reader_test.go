package journal_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// TestDamageAtTheHead: a reader that finds the last published event damaged
// does not run ahead of the one that is published meanwhile (Q2).
func TestDamageAtTheHead(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 3), "a")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	flip(t, fs, `"id":"e3"`)
	r = start(t, fs, journal.Options{})

	syncing, release, answered := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var reads atomic.Int32
	fs.SetFault(func(op memfs.Op) error {
		switch {
		case !strings.HasPrefix(op.Name, "events-"):
		case op.Kind == memfs.Sync:
			close(syncing)
			<-release
		case op.Kind == memfs.Read && reads.Add(1) == 2:
			// The reader has e1 to e3 and the beginning of e4. That is
			// published before the reader is done with its line.
			close(release)
			<-answered
		}
		return nil
	})
	e, err := (&event.Decoder{Source: "test"}).Plain(fmt.Appendf(nil, `{"type":"a.b","id":"e4","data":%q}`, strings.Repeat("x", 300<<10)))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(answered)
		if _, err := r.Append(context.Background(), []history.Entry{{Event: e, To: []string{"a"}}}); err != nil {
			t.Errorf("append: %v", err)
		}
	}()
	<-syncing
	same(t, "delivered", r.drain("a"), []string{"e1", "e2", "e4"})
	if b := r.Queue("a").Backlog(); b.Events != 0 {
		t.Errorf("backlog %+v", b)
	}
}
