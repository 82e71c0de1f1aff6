package segment_test

import (
	"bytes"
	"testing"

	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

// FuzzRecover opens a segment of any content: it never panics, keeps every good
// line that is not in a torn batch, can be written, and opens again as it was.
func FuzzRecover(f *testing.F) {
	fs := memfs.New()
	r, err := segment.Recover(fs.Locked(), segment.Events, segment.Options{})
	if err != nil {
		f.Fatal(err)
	}
	l := &log{r, 0}
	for _, n := range []int{2, 1, 3} {
		if err := l.batch(n); err != nil {
			f.Fatal(err)
		}
	}
	file, _ := fs.Open(segment.Events.File(1))
	size, _ := file.Size()
	whole := make([]byte, size)
	file.ReadAt(whole, 0)
	f.Add(whole, uint64(0))
	f.Add(whole[:len(whole)-7], uint64(2))
	f.Add(append(bytes.Clone(whole), make([]byte, 100)...), uint64(6))
	f.Add([]byte("{}\n"), uint64(0))
	f.Add([]byte("\n\n"), uint64(1))
	f.Fuzz(func(t *testing.T, content []byte, proven uint64) {
		fs := memfs.New()
		if err := vfs.ReplaceFile(fs, segment.Events.File(1), content); err != nil {
			t.Fatal(err)
		}
		opts := segment.Options{Proven: proven % 100}
		r, err := segment.Recover(fs.Locked(), segment.Events, opts)
		if err != nil {
			t.Fatalf("recover: %v", err)
		}
		l := &log{r, 0}
		next := r.Writer.Next()
		if next <= opts.Proven {
			t.Fatalf("record %d comes next, but %d is spoken of", next, opts.Proven)
		}
		if next > 1<<62 {
			return // numbers that no writer reached
		}
		if err := l.batch(2); err != nil {
			t.Fatalf("write: %v", err)
		}
		again, err := segment.Recover(fs.Locked(), segment.Events, opts)
		if err != nil {
			t.Fatalf("recover again: %v", err)
		}
		if got := again.Writer.Next(); got != next+2 {
			t.Fatalf("record %d comes next, want %d", got, next+2)
		}
	})
}

// FuzzSealed never accepts what AppendChecksum did not close.
func FuzzSealed(f *testing.F) {
	f.Add([]byte(`{"a":1`), 3, byte(1))
	f.Fuzz(func(t *testing.T, open []byte, at int, flip byte) {
		line := jsonl.AppendChecksum(bytes.Clone(open))
		if body, ok := jsonl.VerifyChecksum(line); !ok || !bytes.Equal(body, open) {
			t.Fatalf("%q does not hold", line)
		}
		if at = at & 0xffff; flip != 0 && at < len(line)-1 {
			line[at] ^= flip
			if _, ok := jsonl.VerifyChecksum(line); ok {
				t.Fatalf("%q holds with byte %d changed", line, at)
			}
		}
	})
}
