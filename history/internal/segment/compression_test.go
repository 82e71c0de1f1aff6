package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

// archived is a stream of so many batches in some segments, of which a line of
// the first one is damaged.
func archived(t *testing.T, batches int) *memfs.FS {
	t.Helper()
	fs := memfs.New()
	l := open(t, fs, segment.Options{Limit: 300 << 10})
	for range batches {
		if err := l.batch(20); err != nil {
			t.Fatal(err)
		}
	}
	text := bytesOf(t, fs, segment.Events.File(1))
	text[len(text)/2] ^= 1
	if err := vfs.ReplaceFile(fs, segment.Events.File(1), text); err != nil {
		t.Fatal(err)
	}
	return fs
}

func bytesOf(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	file, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	size, _ := file.Size()
	text := make([]byte, size)
	if _, err := file.ReadAt(text, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return text
}

func noPace() error { return nil }

// pack does all of a compression.
func pack(fs vfs.FS, first uint64) error {
	p := segment.Compress(fs, segment.Events, first)
	for _, step := range []func() error{func() error { return p.Write(noPace) }, p.Install, p.Finish} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func has(fs vfs.FS, name string) bool {
	names, _ := fs.List()
	return slices.Contains(names, name)
}

// seen is all that can be read of a stream, in every way there is.
func seen(t *testing.T, fs vfs.FS) (list []string) {
	t.Helper()
	archive, err := segment.NewArchive(fs, segment.Events)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	say := func(line jsonl.Line, err error) {
		var damage *segment.Damage
		if errors.As(err, &damage) {
			list = append(list, fmt.Sprint(segment.PlainName(damage.File), damage.Offset, damage.Length, damage.Reason))
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(line.Location, string(line.Raw)))
	}
	for _, first := range archive.Segments() {
		size, err := archive.Size(first)
		s, scanning := archive.Scan(first, 0)
		b, backing := archive.Backward(first, size)
		if err := errors.Join(err, scanning, backing); err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(first, size))
		for _, next := range []func() (jsonl.Line, error){s.Next, b.Next} {
			for {
				line, err := next()
				if err == io.EOF {
					break
				}
				say(line, err)
				if err == nil {
					say(archive.Read(line.Location))
					say(archive.At(first, line.Location.Offset))
				}
			}
		}
		say(archive.Find(first + 50))
		say(archive.Last(first))
		n, err := archive.LineAt(first, size/2)
		list = append(list, fmt.Sprint(n, err))
	}
	return list
}

// TestPacked: S6, in every mixture of plain and compressed segments.
func TestPacked(t *testing.T) {
	fs := archived(t, 120)
	want := seen(t, fs)
	archive, _ := segment.NewArchive(fs, segment.Events)
	segments := archive.Segments()
	for _, first := range segments[:len(segments)-1] {
		if err := pack(fs, first); err != nil {
			t.Fatal(err)
		}
		if has(fs, segment.Events.File(first)) || !has(fs, segment.Events.Compressed(first)) {
			t.Errorf("the plain form of %d still exists, or the other does not", first)
		}
		if !slices.Equal(seen(t, fs), want) {
			t.Fatalf("segment %d reads otherwise", first)
		}
		if _, err := archive.Find(first); err != nil { // open since before, or not
			t.Error(err)
		}
	}
	r := open(t, fs, segment.Options{})
	if got := r.Writer.First(); got < segments[len(segments)-1] {
		t.Errorf("it goes on in the segment %d", got)
	}
}

// TestPackCrashes kills it, and cuts the power, at every call of a compression:
// the stream reads as before, and the next attempt does it.
func TestPackCrashes(t *testing.T) {
	origin := archived(t, 32)
	want := seen(t, origin)
	calls := packCalls(t, origin.Kill())
	for call := 1; call <= calls; call++ {
		fs := origin.Kill()
		fs.SetFault(memfs.From(fs.Ops()+call, errors.New("killed")))
		if err := pack(fs, 1); err == nil {
			t.Fatalf("call %d did not fail", call)
		}
		fs.SetFault(nil)
		after := []*memfs.FS{fs.Kill()}
		for seed := range uint64(4) {
			after = append(after, fs.Crash(rand.New(rand.NewPCG(seed, 1))))
		}
		for i, fs := range after {
			if !slices.Equal(seen(t, fs), want) {
				t.Fatalf("call %d, crash %d: it reads otherwise", call, i)
			}
			open(t, fs, segment.Options{})
			if has(fs, segment.Events.Compressed(1)+".tmp") {
				t.Errorf("call %d, crash %d: NAME.tmp is left", call, i)
			}
			if err := pack(fs, 1); err != nil && has(fs, segment.Events.File(1)) {
				t.Errorf("call %d, crash %d: %v", call, i, err)
			}
			if has(fs, segment.Events.File(1)) || !has(fs, segment.Events.Compressed(1)) {
				t.Errorf("call %d, crash %d: not done at the second attempt", call, i)
			}
		}
	}
}

// packCalls is how many calls a compression makes.
func packCalls(t *testing.T, fs *memfs.FS) int {
	t.Helper()
	before := fs.Ops()
	if err := pack(fs, 1); err != nil {
		t.Fatal(err)
	}
	return fs.Ops() - before
}

// TestPackFails lets each call fail alone: nothing is lost, nothing is left half
// made, and another attempt succeeds.
func TestPackFails(t *testing.T) {
	origin := archived(t, 32)
	want := seen(t, origin)
	calls := packCalls(t, origin.Kill())
	for call := 1; call <= calls; call++ {
		for name, err := range map[string]error{"failed": syscall.EIO, "full": syscall.ENOSPC, "done": memfs.Done(syscall.EIO)} {
			fs := origin.Kill()
			fs.SetFault(memfs.At(fs.Ops()+call, err))
			if err := pack(fs, 1); err == nil && name == "failed" {
				t.Errorf("call %d: it is not reported", call)
			}
			fs.SetFault(nil)
			if !slices.Equal(seen(t, fs), want) {
				t.Fatalf("call %d, %s: it reads otherwise", call, name)
			}
			if err := pack(fs, 1); err != nil && has(fs, segment.Events.File(1)) {
				t.Errorf("call %d, %s: again: %v", call, name, err)
			}
			if has(fs, segment.Events.Compressed(1)+".tmp") {
				t.Errorf("call %d, %s: NAME.tmp is left", call, name)
			}
		}
	}
}

// TestBothStand: the plain form counts, whatever the other is.
func TestBothStand(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(file []byte) []byte
		want   error
	}{
		"equal":   {func(file []byte) []byte { return file }, nil},
		"damaged": {func(file []byte) []byte { file[len(file)/2] ^= 1; return file }, nil},
		"cut":     {func(file []byte) []byte { return file[:len(file)/2] }, nil},
		"empty":   {func([]byte) []byte { return nil }, segment.ErrUnequal},
	} {
		t.Run(name, func(t *testing.T) {
			fs := archived(t, 32)
			want := seen(t, fs)
			p := segment.Compress(fs, segment.Events, 1)
			if err := errors.Join(p.Write(noPace), p.Install()); err != nil {
				t.Fatal(err)
			}
			file := c.damage(bytesOf(t, fs, segment.Events.Compressed(1)))
			if err := vfs.ReplaceFile(fs, segment.Events.Compressed(1), file); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(seen(t, fs), want) {
				t.Error("it reads otherwise")
			}
			if err := pack(fs, 1); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if has(fs, segment.Events.File(1)) != (c.want != nil) || !slices.Equal(seen(t, fs), want) {
				t.Error("the plain form is taken away, or it reads otherwise")
			}
		})
	}
}

// TestNewestPacked: a copy of the folder that lacks the newest segment opens, and
// nothing is written into a compressed one.
func TestNewestPacked(t *testing.T) {
	for _, known := range []bool{false, true} {
		fs := archived(t, 32)
		archive, _ := segment.NewArchive(fs, segment.Events)
		segments := archive.Segments()
		newest := segments[len(segments)-1]
		last, err := archive.Last(newest)
		if err != nil {
			t.Fatal(err)
		}
		if err := pack(fs, newest); err != nil {
			t.Fatal(err)
		}
		file := bytesOf(t, fs, segment.Events.Compressed(newest))
		opts := segment.Options{}
		if known {
			opts.Known, opts.Stopped = segment.Position{Number: last.Number, Batch: last.Batch, Last: last.Location}, true
		}
		l := open(t, fs, opts)
		if l.Writer.First() != last.Number+1 || l.Trusted != known || l.Clean != known {
			t.Errorf("it goes on in segment %d, trusted %t, clean %t", l.Writer.First(), l.Trusted, l.Clean)
		}
		if err := l.batch(3); err != nil {
			t.Fatal(err)
		}
		if line, err := l.Archive.Find(last.Number + 2); err != nil || line.Batch != last.Batch+1 {
			t.Errorf("after it: %v, %v", line, err)
		}
		if !bytes.Equal(bytesOf(t, fs, segment.Events.Compressed(newest)), file) {
			t.Error("the compressed one was changed")
		}
	}
}

// TestDamagedFrame: the lines of a damaged frame are reported with their file and
// place, and every other one is read.
func TestDamagedFrame(t *testing.T) {
	fs := archived(t, 32)
	numbers, _ := contents(t, fs)
	if err := pack(fs, 1); err != nil {
		t.Fatal(err)
	}
	file := bytesOf(t, fs, segment.Events.Compressed(1))
	for at := 10; at < 200; at++ { // in the first frame
		file[at] ^= 0x55
	}
	if err := vfs.ReplaceFile(fs, segment.Events.Compressed(1), file); err != nil {
		t.Fatal(err)
	}
	archive, _ := segment.NewArchive(fs, segment.Events)
	s, err := archive.Scan(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Next()
	var damage *segment.Damage
	if !errors.As(err, &damage) || damage.File != segment.Events.Compressed(1) || damage.Offset != 0 || damage.Length > 256<<10 {
		t.Fatalf("got %v", err)
	}
	got, _ := contents(t, fs)
	if len(got) < len(numbers)-700 || len(got) >= len(numbers) {
		t.Errorf("%d of %d records are read", len(got), len(numbers))
	}
	if flaws, err := archive.Flaws(1); err != nil || len(flaws) != 1 {
		t.Errorf("flaws %v, %v", flaws, err)
	}
}

// TestReadersGoOn: who reads a segment while it is compressed goes on.
func TestReadersGoOn(t *testing.T) {
	fs := archived(t, 32)
	archive, _ := segment.NewArchive(fs, segment.Events)
	s, err := archive.Scan(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for {
		_, err := s.Next()
		if err == io.EOF {
			break
		}
		if count++; count == 100 {
			if err := pack(fs, 1); err != nil {
				t.Fatal(err)
			}
		}
		if count == 200 {
			archive.Reopen(1)
		}
	}
	next := archive.Segments()[1]
	if count != int(next)-1 {
		t.Errorf("%d lines, want %d", count, next-1)
	}
	fs.Remove(segment.Events.Compressed(1))
	archive.Reopen(1)
	if _, err := archive.Size(1); !isNotExist(err) {
		t.Errorf("without either form: %v", err)
	}
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
