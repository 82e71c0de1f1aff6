package segment_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs/memfs"
)

// TestBackward: read from its end a segment has the records that it has read
// from its beginning, whatever comes after the last of them.
func TestBackward(t *testing.T) {
	for name, c := range map[string]struct {
		sizes []int
		tail  string // after the last record
	}{
		"empty":             {},
		"one":               {sizes: []int{10}},
		"some":              {sizes: []int{10, 1000, 0, 20}},
		"more than a block": {sizes: []int{300 << 10, 5, 700 << 10, 40, 256 << 10}},
		"torn":              {sizes: []int{10, 20}, tail: `{"n":3,"at`},
		"nothing but torn":  {tail: strings.Repeat("x", 300<<10)},
		"damage at the end": {sizes: []int{10, 20}, tail: "damage\n"},
	} {
		t.Run(name, func(t *testing.T) {
			fs := memfs.New()
			a := written(t, fs, c.sizes, c.tail)
			var want []string
			s, err := a.Scan(1, 0)
			if err != nil {
				t.Fatal(err)
			}
			for {
				line, err := s.Next()
				var damage *segment.Damage
				if errors.As(err, &damage) {
					want = append(want, fmt.Sprintf("damage at %d", damage.Offset))
					continue
				}
				if err != nil {
					break
				}
				want = append(want, fmt.Sprint(line.Number, line.Location, len(line.Raw)))
			}
			slices.Reverse(want)
			if got := backwards(t, a, 1<<40); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestBackwardFrom begins before a record.
func TestBackwardFrom(t *testing.T) {
	a := written(t, memfs.New(), []int{10, 20, 30}, "")
	third, err := a.Find(3)
	if err != nil {
		t.Fatal(err)
	}
	all := backwards(t, a, 1<<40)
	if got := backwards(t, a, int64(third.Location.Offset)); !slices.Equal(got, all[1:]) {
		t.Errorf("got %v, want %v", got, all[1:])
	}
}

// TestAt reads the line that begins at an offset, and nothing where none does.
func TestAt(t *testing.T) {
	a := written(t, memfs.New(), []int{10, 9000, 30}, `{"n":4`)
	for number := uint64(1); number <= 3; number++ {
		want, err := a.Find(number)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.At(1, want.Location.Offset)
		if err != nil || got.Location != want.Location || got.Number != number {
			t.Errorf("record %d: got %v %v, want %v", number, got.Location, err, want.Location)
		}
		var damage *segment.Damage
		if _, err := a.At(1, want.Location.Offset+3); !errors.As(err, &damage) {
			t.Errorf("within record %d: got %v, want damage", number, err)
		}
		if _, err := a.At(1, uint32(want.Location.End())+1<<20); !errors.As(err, &damage) {
			t.Errorf("far behind record %d: got %v, want damage", number, err)
		}
	}
}

// written is a stream of one segment with records of those sizes.
func written(t *testing.T, fs *memfs.FS, sizes []int, tail string) *segment.Archive {
	t.Helper()
	r, err := segment.Recover(fs.Locked(), segment.Deliveries, segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range sizes {
		r.Writer.Add(time.Unix(0, 0), fmt.Appendf(nil, `"x":%q`, strings.Repeat("x", size)))
	}
	if err := errors.Join(r.Writer.Write(), r.Writer.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := fs.Append(segment.Deliveries.File(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(tail)); err != nil {
		t.Fatal(err)
	}
	return r.Archive
}

func backwards(t *testing.T, a *segment.Archive, before int64) (got []string) {
	t.Helper()
	b, err := a.Backward(1, before)
	if err != nil {
		t.Fatal(err)
	}
	for {
		line, err := b.Next()
		var damage *segment.Damage
		switch {
		case errors.As(err, &damage):
			got = append(got, fmt.Sprintf("damage at %d", damage.Offset))
		case errors.Is(err, io.EOF):
			return got
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, fmt.Sprint(line.Number, line.Location, len(line.Raw)))
		}
	}
}
