package query_test

import (
	"strings"
	"testing"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs"
	"sidehook/history/query"
)

// closable is a disk until it is closed, which counts what is read of segments.
type closable struct {
	vfs.ReadFS
	closed bool
	read   int
}

func (c *closable) Open(name string) (vfs.ReadFile, error) {
	if c.closed {
		panic("opens " + name + " on a closed disk")
	}
	file, err := c.ReadFS.Open(name)
	if err != nil || strings.HasSuffix(name, ".idx") {
		return file, err
	}
	return counted{file, c}, nil
}

type counted struct {
	vfs.ReadFile
	disk *closable
}

func (c counted) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.ReadFile.ReadAt(b, off)
	c.disk.read += n
	return n, err
}

// TestMemoryOutlivesReaders: a reader finds by what another one has remembered, which is
// closed, and reads little more than the lines that match.
func TestMemoryOutlivesReaders(t *testing.T) {
	disk := historytest.Generated(t)
	historytest.Index(t, disk)
	var memory query.Memory
	q := query.Query{Webhook: "webhook-9", Statuses: []history.Status{history.Exhausted}}
	var want []history.LineNo
	for i := range 3 {
		fs := &closable{ReadFS: disk}
		r, err := query.OpenFS(fs)
		if err != nil {
			t.Fatal(err)
		}
		r.Use(&memory)
		got := numbers(attempts(t, r, q, 0))
		if i == 0 {
			want = got
		}
		if len(got) < 10 || len(got) != len(want) {
			t.Fatalf("reader %d finds %d, want %d", i, len(got), len(want))
		}
		if most := len(got) * 5 << 10; i > 0 && fs.read > most {
			t.Errorf("reader %d read %d bytes for %d lines, want at most %d", i, fs.read, len(got), most)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		fs.closed = true
	}
}
