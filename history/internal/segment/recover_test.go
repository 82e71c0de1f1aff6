package segment_test

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

var at = time.Date(2026, 11, 23, 14, 55, 0, 123456789, time.UTC)

// fields of record n, of a size that makes batches span pages.
func fields(n uint64) []byte {
	return fmt.Appendf(nil, `"kind":"test","value":%d,"pad":%q`, n, strings.Repeat("x", int(n*37%900)))
}

// log is a stream under test, and what was promised of it.
type log struct {
	*segment.Recovered
	acked uint64 // the last number that was synced
}

func open(t *testing.T, fs vfs.Lockable, opts segment.Options) *log {
	t.Helper()
	locked, err := vfs.Lock(fs)
	if err != nil {
		t.Fatal(err)
	}
	r, err := segment.Recover(locked, segment.Events, opts)
	if err != nil {
		t.Fatalf("recover: %v", err)
	}
	return &log{r, r.Writer.Next() - 1}
}

// batch writes and syncs n records.
func (l *log) batch(n int) error {
	fresh, err := l.Writer.Begin()
	if err != nil {
		return err
	}
	if fresh {
		l.Archive.Grow(l.Writer.First())
	}
	var last uint64
	for range n {
		last, _ = l.Writer.Add(at, fields(l.Writer.Next()))
	}
	if err := l.Writer.Write(); err != nil {
		return err
	}
	if err := l.Writer.Sync(); err != nil {
		return err
	}
	l.acked = last
	return nil
}

// contents reads every record of every segment, strictly.
func contents(t *testing.T, fs vfs.FS) (numbers []uint64, damage int) {
	t.Helper()
	numbers, damage, torn := found(t, fs)
	if torn {
		t.Fatal(segment.ErrTorn)
	}
	return numbers, damage
}

// found reads what can be read, and reports whether a segment ends within a line.
func found(t *testing.T, fs vfs.FS) (numbers []uint64, damage int, torn bool) {
	t.Helper()
	archive, err := segment.NewArchive(fs, segment.Events)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var batch uint64
	for _, first := range archive.Segments() {
		s, err := archive.Scan(first, 0)
		if err != nil {
			t.Fatal(err)
		}
		for {
			line, err := s.Next()
			var d *segment.Damage
			if errors.As(err, &d) {
				damage++
				continue
			}
			if errors.Is(err, segment.ErrTorn) {
				torn = true
				break
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("segment %d: %v", first, err)
			}
			if got, want := string(line.Fields()), string(fields(line.Number)); got != want {
				t.Fatalf("record %d holds %.60q, want %.60q", line.Number, got, want)
			}
			if !line.At().Equal(at) {
				t.Fatalf("record %d is of %v", line.Number, line.At())
			}
			if line.Batch < batch {
				t.Fatalf("record %d is of batch %d, after batch %d", line.Number, line.Batch, batch)
			}
			batch = line.Batch
			numbers = append(numbers, line.Number)
		}
	}
	return numbers, damage, torn
}

// wholeUpTo checks that the records are 1, 2, 3 … and reach to acked at least.
func wholeUpTo(t *testing.T, fs vfs.FS, acked uint64) {
	t.Helper()
	numbers, damage := contents(t, fs)
	if damage > 0 {
		t.Fatalf("%d damaged lines", damage)
	}
	for i, n := range numbers {
		if n != uint64(i)+1 {
			t.Fatalf("record %d is at index %d", n, i+1)
		}
	}
	if uint64(len(numbers)) < acked {
		t.Fatalf("%d records, but %d were acknowledged", len(numbers), acked)
	}
}

// TestPowerCuts cuts the power at a random moment, over and over, also while
// it recovers: S1, S2, S3, S5.
func TestPowerCuts(t *testing.T) {
	for seed := range uint64(600) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			fs := memfs.New()
			var acked uint64
			for range 6 {
				// The power goes at a random operation from here on.
				fs.SetFault(memfs.From(fs.Ops()+1+rng.IntN(25), errors.New("power cut")))
				r, err := segment.Recover(fs.Locked(), segment.Events, segment.Options{Limit: 9000})
				if err == nil {
					l := &log{r, 0}
					if r.Writer.Next() <= acked {
						t.Fatalf("record %d comes next, but %d was acknowledged", r.Writer.Next(), acked)
					}
					for err == nil {
						err = l.batch(1 + rng.IntN(12))
						acked = max(acked, l.acked)
					}
				}
				if rng.IntN(4) == 0 {
					fs = fs.Kill()
				} else {
					fs = fs.Crash(rng)
				}
			}
			open(t, fs, segment.Options{Limit: 9000})
			wholeUpTo(t, fs, acked)
		})
	}
}

// prepared is a file system with batches of the sizes given in one segment,
// and the file's content.
func prepared(t *testing.T, batches ...int) (*memfs.FS, []byte, []segment.Position) {
	t.Helper()
	fs := memfs.New()
	l := open(t, fs, segment.Options{})
	var ends []segment.Position
	for _, n := range batches {
		if err := l.batch(n); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, l.Writer.Position())
	}
	l.Writer.Close()
	return fs, read(t, fs, segment.Events.File(1)), ends
}

func read(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, _ := f.Size()
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return b
}

// with is a new file system whose first segment has a content.
func with(t *testing.T, content []byte) *memfs.FS {
	t.Helper()
	fs := memfs.New()
	if err := vfs.ReplaceFile(fs, segment.Events.File(1), content); err != nil {
		t.Fatal(err)
	}
	return fs
}

// TestEmptySegmentSpokenOf: a copy of a folder that is made while a relay writes may have
// an empty last segment whose records are referred to. The next record then begins a new
// segment, which has its number in the name.
func TestEmptySegmentSpokenOf(t *testing.T) {
	fs := with(t, nil)
	l := open(t, fs, segment.Options{Proven: 3})
	if err := l.batch(2); err != nil {
		t.Fatal(err)
	}
	if got := l.Archive.Segments(); !slices.Equal(got, []uint64{1, 4}) {
		t.Errorf("segments %v, want 1 and 4", got)
	}
	if got := open(t, fs, segment.Options{Proven: 3}).Writer.Next(); got != 6 {
		t.Errorf("record %d comes next, want 6", got)
	}
}

// TestTornAtEveryByte cuts the file short at each offset: every complete line
// stays, and what is cut off is kept beside it.
func TestTornAtEveryByte(t *testing.T) {
	_, content, _ := prepared(t, 3, 1, 4)
	t.Attr("times", fmt.Sprint(len(content)))
	for size := range len(content) {
		fs := with(t, content[:size])
		good := uint64(strings.Count(string(content[:size]), "\n"))
		l := open(t, fs, segment.Options{})
		if got := l.Writer.Next() - 1; got != good {
			t.Fatalf("cut at %d: %d records, want %d", size, got, good)
		}
		torn := size - strings.LastIndex(string(content[:size]), "\n") - 1
		if l.Cut != int64(torn) {
			t.Fatalf("cut at %d: %d bytes torn, want %d", size, l.Cut, torn)
		}
		if torn > 0 {
			if got, want := string(read(t, fs, segment.Events.File(1)+".torn")), string(content[size-torn:size]); got != want {
				t.Fatalf("cut at %d: kept %q, want %q", size, got, want)
			}
		}
		if err := l.batch(2); err != nil {
			t.Fatal(err)
		}
		wholeUpTo(t, fs, good+2)
	}
}

func TestDamage(t *testing.T) {
	fs, content, ends := prepared(t, 3, 2, 4)
	_ = fs
	lines := strings.SplitAfter(string(content), "\n")
	offset := func(n int) int { return len(strings.Join(lines[:n-1], "")) }
	flip := func(n int) func([]byte) []byte {
		return func(b []byte) []byte { b[offset(n)+30] ^= 1; return b }
	}
	zero := func(n int) func([]byte) []byte {
		return func(b []byte) []byte { clear(b[offset(n)+5 : offset(n)+20]); return b }
	}
	for name, c := range map[string]struct {
		damage func([]byte) []byte
		opts   segment.Options
		good   []uint64 // records found again
		bad    int      // lines reported
		cut    bool
		next   uint64
	}{
		"a bit in the middle":                 {flip(2), segment.Options{}, []uint64{1, 3, 4, 5, 6, 7, 8, 9}, 1, false, 10},
		"a bit in the last batch":             {flip(7), segment.Options{}, []uint64{1, 2, 3, 4, 5, 6, 8, 9}, 1, false, 10},
		"a bit in the last line":              {flip(9), segment.Options{}, []uint64{1, 2, 3, 4, 5, 6, 7, 8}, 0, true, 9},
		"a bit in the last line, known":       {flip(9), segment.Options{Known: ends[2]}, []uint64{1, 2, 3, 4, 5, 6, 7, 8}, 0, false, 10},
		"a bit in the last line, spoken of":   {flip(9), segment.Options{Proven: 9}, []uint64{1, 2, 3, 4, 5, 6, 7, 8}, 1, false, 10},
		"a page missing in the last batch":    {zero(7), segment.Options{}, []uint64{1, 2, 3, 4, 5, 6}, 0, true, 7},
		"a page missing in it, spoken of":     {zero(7), segment.Options{Proven: 8}, []uint64{1, 2, 3, 4, 5, 6, 8, 9}, 1, false, 10},
		"a page missing in it, known":         {zero(7), segment.Options{Known: ends[2]}, []uint64{1, 2, 3, 4, 5, 6, 8, 9}, 0, false, 10},
		"a page missing in an earlier batch":  {zero(5), segment.Options{}, []uint64{1, 2, 3, 4, 6, 7, 8, 9}, 1, false, 10},
		"the last batch and more, half of it": {func(b []byte) []byte { return append(b, lines[8][:20]...) }, segment.Options{}, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0, true, 10},
		"a bit in the middle, known beyond":   {flip(2), segment.Options{Known: ends[1]}, []uint64{1, 3, 4, 5, 6, 7, 8, 9}, 0, false, 10},
		"the known record is another":         {func(b []byte) []byte { return b }, segment.Options{Known: segment.Position{Number: 5, Batch: 3, Last: ends[2].Last}}, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0, false, 10},
		"a line feed gone: two lines in one":  {func(b []byte) []byte { b[offset(3)-1] = ' '; return b }, segment.Options{}, []uint64{1, 4, 5, 6, 7, 8, 9}, 1, false, 10},
		"a batch of zeros after the rest":     {func(b []byte) []byte { return append(b, make([]byte, 5000)...) }, segment.Options{}, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0, true, 10},
	} {
		t.Run(name, func(t *testing.T) {
			fs := with(t, c.damage([]byte(string(content))))
			l := open(t, fs, c.opts)
			if got := len(l.Damage); got != c.bad {
				t.Errorf("%d damaged lines reported, want %d: %v", got, c.bad, l.Damage)
			}
			if got := l.Cut > 0; got != c.cut {
				t.Errorf("cut %v (%d bytes), want %v", got, l.Cut, c.cut)
			}
			if got := l.Writer.Next(); got != c.next {
				t.Errorf("record %d comes next, want %d", got, c.next)
			}
			got, _ := contents(t, fs)
			if fmt.Sprint(got) != fmt.Sprint(c.good) {
				t.Errorf("records %v, want %v", got, c.good)
			}
			if err := l.batch(3); err != nil {
				t.Fatal(err)
			}
			// Once more, after a stop that is not clean: the same again.
			again := open(t, fs, segment.Options{Proven: c.opts.Proven})
			if got, want := again.Writer.Next(), c.next+3; got != want {
				t.Errorf("after another start record %d comes next, want %d", got, want)
			}
		})
	}
}

// TestStops: after a clean stop writing goes on in the same segment, and after any
// other in a new one, also if all that was written was known (S5).
func TestStops(t *testing.T) {
	for stopped, segments := range map[bool]string{true: "[1]", false: "[1 6]"} {
		fs, _, ends := prepared(t, 2, 3)
		l := open(t, fs, segment.Options{Known: ends[1], Stopped: stopped})
		if l.Clean != stopped || !l.Trusted || l.Cut > 0 {
			t.Errorf("stopped %v: clean %v, trusted %v, %d bytes cut off", stopped, l.Clean, l.Trusted, l.Cut)
		}
		if err := l.batch(1); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(l.Archive.Segments()); got != segments {
			t.Errorf("stopped %v: segments %s, want %s", stopped, got, segments)
		}
		wholeUpTo(t, fs, 6)
	}
}

// TestPrepend: the last batch is moved after the records that it needs before it,
// with the numbers after theirs, and a damaged line in it as it is.
func TestPrepend(t *testing.T) {
	for _, damaged := range []bool{false, true} {
		fs, text, ends := prepared(t, 2, 1, 3)
		if damaged {
			text[ends[2].Last.Offset-20] ^= 1 // of the line before the last one
		}
		file, err := fs.Append(segment.Events.File(1))
		if err := errors.Join(err, file.Truncate(0), errorOf(file.Write(text)), file.Close()); err != nil {
			t.Fatal(err)
		}
		var stayed, shifted []uint64
		l := open(t, fs, segment.Options{Prepend: func(before, moved iter.Seq[*jsonl.Line]) [][]byte {
			for line := range before {
				stayed = append(stayed, line.Number)
			}
			for line := range moved {
				shifted = append(shifted, line.Number)
			}
			return [][]byte{[]byte(`"kind":"x"`), []byte(`"kind":"y"`)}
		}})
		want := "[1 2 3] [4 5 6]"
		if damaged {
			want = "[1 2 3] [4 6]"
		}
		if got := fmt.Sprint(stayed, shifted); got != want {
			t.Errorf("before and moved are %s, want %s", got, want)
		}
		if err := l.batch(1); err != nil {
			t.Fatal(err)
		}
		s, err := l.Archive.Scan(4, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for err = nil; err != io.EOF; {
			var line jsonl.Line
			if line, err = s.Next(); err == nil {
				got = append(got, fmt.Sprintf("%d %.9s", line.Number, line.Fields()))
			} else if err != io.EOF {
				got = append(got, "damage")
			}
		}
		want = `4 "kind":"x, 5 "kind":"y, 6 "kind":"t, 7 "kind":"t, 8 "kind":"t, 9 "kind":"t`
		if damaged {
			want = strings.Replace(want, `7 "kind":"t`, "damage", 1)
		}
		if strings.Join(got, ", ") != want || l.End.Number != 8 {
			t.Errorf("%s, and the last was %d; want %s", strings.Join(got, ", "), l.End.Number, want)
		}
	}
}

func TestFind(t *testing.T) {
	fs := memfs.New()
	l := open(t, fs, segment.Options{Limit: 20_000})
	for range 60 {
		if err := l.batch(4); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.Archive.Segments()); n < 3 {
		t.Fatalf("%d segments are too few for this test", n)
	}
	for n := uint64(1); n <= 240; n++ {
		line, err := l.Archive.Find(n)
		if err != nil || line.Number != n {
			t.Fatalf("find %d: %d, %v", n, line.Number, err)
		}
		same, err := l.Archive.Read(line.Location)
		if err != nil || same.Number != n {
			t.Fatalf("read %d at its place: %d, %v", n, same.Number, err)
		}
	}
	for _, n := range []uint64{0, 241, 1 << 40} {
		if line, err := l.Archive.Find(n); !errors.Is(err, jsonl.ErrNotFound) {
			t.Errorf("find %d: %d, %v; want jsonl.ErrNotFound", n, line.Number, err)
		}
	}
}

// TestEveryBit flips each bit of a segment that is known to be synced: the line that has
// it is reported, and every other is found. The line feed between two lines takes both.
func TestEveryBit(t *testing.T) {
	_, content, ends := prepared(t, 2, 1, 2)
	t.Attr("times", fmt.Sprint(8*len(content)))
	for bit := range 8 * len(content) {
		damaged := slices.Clone(content)
		damaged[bit/8] ^= 1 << (bit % 8)
		foundBut(t, fmt.Sprintf("bit %d of byte %d", bit%8, bit/8), content, damaged, ends[len(ends)-1])
	}
}

// TestEveryRange zeroes ranges of a segment that is known to be synced, from each byte
// on, as a page that never reached the disk leaves them.
func TestEveryRange(t *testing.T) {
	_, content, ends := prepared(t, 2, 1, 2)
	sizes := []int{1, 16, 512, len(content)}
	t.Attr("times", fmt.Sprint(len(sizes)*len(content)))
	for _, size := range sizes {
		for from := range len(content) {
			damaged := slices.Clone(content)
			clear(damaged[from:min(from+size, len(content))])
			foundBut(t, fmt.Sprintf("%d zeros from %d", size, from), content, damaged, ends[len(ends)-1])
		}
	}
}

// foundBut opens a damaged segment and compares: the lines that are as they were are
// found, and none of the others.
func foundBut(t *testing.T, what string, content, damaged []byte, known segment.Position) {
	t.Helper()
	var want []uint64
	for n, offset := 1, 0; offset < len(content); n++ {
		end := offset + strings.IndexByte(string(content[offset:]), '\n') + 1
		alone := offset == 0 || damaged[offset-1] == '\n'
		if alone && string(damaged[offset:end]) == string(content[offset:end]) {
			want = append(want, uint64(n))
		}
		offset = end
	}
	fs := with(t, damaged)
	l := open(t, fs, segment.Options{Known: known})
	got, damage, torn := found(t, fs)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: records %v, want %v", what, got, want)
	}
	if damage == 0 && !torn {
		t.Errorf("%s: no damage is reported", what)
	}
	if next := l.Writer.Next(); next != known.Number+1 {
		t.Errorf("%s: record %d comes next, want %d", what, next, known.Number+1)
	}
}
