package index_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sidehook/history/internal/index"
)

var (
	of    = index.Segment{Stream: "deliveries", First: 1000, Size: 1 << 20}
	begin = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
)

const lines = 3000

// sample is an index of lines a second apart: every tenth failed, of the
// webhooks w0 to w2 in turn.
func sample() []byte {
	b := index.Build(of)
	for i := range lines {
		e := entry(i)
		b.Add(&e)
	}
	return b.Finish()
}

func entry(i int) index.Entry {
	status := "delivered"
	if i%10 == 0 {
		status = "failed"
	}
	return index.Entry{
		Number: 1000 + uint64(i), At: begin.Add(time.Duration(i) * time.Second), Offset: uint32(i * 300), Seq: uint64(5000 + i/2),
		Groups: []index.Group{
			{Webhook: fmt.Sprint("w", i%3), Type: fmt.Sprint("type", i%2000), Status: status, Code: 200 + i%10},
			{Webhook: "all", Status: status},
		},
		Keys:  []string{fmt.Sprint("seq:", 5000+i/2), "id:same"},
		Tally: true, Webhook: fmt.Sprint("w", i%3), Counters: []index.Counter{0, index.Counter(1 + i%2)}, Took: time.Duration(i) * time.Millisecond,
	}
}

func open(t *testing.T, file []byte) *index.Index {
	t.Helper()
	x, err := index.Open(bytes.NewReader(file), of)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestIndex(t *testing.T) {
	x := open(t, sample())
	if x.Lines != lines || x.Last != 1000+lines-1 {
		t.Errorf("lines %d to %d", x.Lines, x.Last)
	}
	offsets := func(has func(*index.Entry) bool) (list []uint32) {
		for i := range lines {
			if e := entry(i); has(&e) {
				list = append(list, e.Offset)
			}
		}
		return list
	}
	for _, key := range []string{"seq:5000", "seq:5700", "seq:6499", "id:same", "seq:4999", ""} {
		got, err := x.Lookup(key)
		want := offsets(func(e *index.Entry) bool { return slices.Contains(e.Keys, key) })
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("look up %s: %d offsets, %v, want %d", key, len(got), err, len(want))
		}
	}
	failed := func(g index.Group) bool { return g.Webhook == "w1" && g.Status == "failed" }
	got, err := x.List(failed)
	if want := offsets(func(e *index.Entry) bool { return failed(e.Groups[0]) }); err != nil || !slices.Equal(got, want) {
		t.Errorf("list: got %v %v, want %v", got, err, want)
	}
	got, err = x.List(func(g index.Group) bool { return g.Code == 203 || g.Webhook == "all" && g.Status == "failed" })
	want := offsets(func(e *index.Entry) bool { return e.Groups[0].Code == 203 || e.Groups[0].Status == "failed" })
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("list by code or another group: got %v %v, want %v", got, err, want)
	}
	if got, err := x.List(func(index.Group) bool { return true }); err != nil || len(got) != lines {
		t.Errorf("list all: %d, %v, want each line once", len(got), err)
	}
	for _, c := range []struct {
		since, until time.Duration
		want         bool
	}{{0, 0, true}, {lines * time.Second, 0, false}, {(lines - 1) * time.Second, 0, true}, {0, -time.Second, false}, {0, time.Second, true}} {
		since, until := begin.Add(c.since), time.Time{}
		if c.until != 0 {
			until = begin.Add(c.until)
		}
		if got := x.Within(since, until); got != c.want {
			t.Errorf("within %v and %v: %v", c.since, c.until, got)
		}
	}
	// Times that nanoseconds since 1970 cannot hold.
	for _, c := range []struct {
		since, until string
		want         bool
	}{{"0001-01-02T00:00:00Z", "9999-01-01T00:00:00Z", true}, {"1600-01-01T00:00:00Z", "2300-01-01T00:00:00Z", true}, {"2300-01-01T00:00:00Z", "9999-01-01T00:00:00Z", false}, {"0001-01-02T00:00:00Z", "1600-01-01T00:00:00Z", false}} {
		since, _ := time.Parse(time.RFC3339, c.since)
		until, _ := time.Parse(time.RFC3339, c.until)
		if got := x.Within(since, until); got != c.want {
			t.Errorf("within %v and %v: %v", c.since, c.until, got)
		}
	}
	if !x.HasSeq(5000) || !x.HasSeq(6499) || x.HasSeq(6500) || x.HasSeq(4999) {
		t.Error("seqs")
	}
}

// TestManyTypes: types without end do not make an index without end, and are
// found by the group of any type.
func TestManyTypes(t *testing.T) {
	x := open(t, sample())
	for i := 0; i < lines; i += 50 {
		typ := fmt.Sprint("type", i%2000)
		got, err := x.List(func(g index.Group) bool { return g.Type == typ || g.Type == "" })
		if err != nil || !slices.Contains(got, uint32(i*300)) {
			t.Errorf("line %d is not listed: %v", i, err)
		}
	}
	if rest, err := x.List(func(g index.Group) bool { return g.Type == "" }); err != nil || len(rest) == 0 {
		t.Errorf("no line is of any type: %v", err)
	}
}

func TestMinutes(t *testing.T) {
	minutes, err := open(t, sample()).Minutes()
	if err != nil {
		t.Fatal(err)
	}
	var all index.Tally
	for i := range minutes {
		all.Merge(&minutes[i].Tally)
	}
	if all.Counts[0] != lines || all.Counts[1] != lines/2 || all.Counts[2] != lines/2 {
		t.Errorf("counts %v", all.Counts)
	}
	if !minutes[0].At.Equal(begin) || minutes[0].Webhook != "w0" || minutes[0].Counts[0] != 20 || len(minutes) != lines/60*3 {
		t.Errorf("the first of %d: %v %s %v", len(minutes), minutes[0].At, minutes[0].Webhook, minutes[0].Counts)
	}
	for part, want := range map[float64]time.Duration{.5: 1500 * time.Millisecond, .99: 2970 * time.Millisecond} {
		if got := all.Took.Quantile(part); got < want*94/100 || got > want*106/100 {
			t.Errorf("quantile %v: got %v, want %v", part, got, want)
		}
	}
}

// TestUnfit: an index of another segment, or with any byte of it changed, is
// refused, at the latest by what reads that part.
func TestUnfit(t *testing.T) {
	good := sample()
	for name, other := range map[string]index.Segment{
		"stream": {Stream: "events", First: of.First, Size: of.Size},
		"first":  {Stream: of.Stream, First: 1, Size: of.Size},
		"size":   {Stream: of.Stream, First: of.First, Size: of.Size + 1},
	} {
		if _, err := index.Open(bytes.NewReader(good), other); !errors.Is(err, index.ErrUnfit) {
			t.Errorf("another %s: got %v", name, err)
		}
	}
	for at := 0; at < len(good); at += 211 {
		bad := bytes.Clone(good)
		bad[at] ^= 4
		if err := readAll(bad); !errors.Is(err, index.ErrUnfit) {
			t.Errorf("byte %d of %d changed: got %v", at, len(good), err)
		}
		if err := readAll(good[:at]); !errors.Is(err, index.ErrUnfit) {
			t.Errorf("cut at byte %d of %d: got %v", at, len(good), err)
		}
	}
}

// readAll reads every part of an index.
func readAll(file []byte) error {
	x, err := index.Open(bytes.NewReader(file), of)
	if err != nil {
		return err
	}
	_, listing := x.List(func(index.Group) bool { return true })
	_, counting := x.Minutes()
	errs := []error{listing, counting}
	for i := 0; i < lines; i += 20 { // enough to meet each page
		_, err := x.Lookup(fmt.Sprint("seq:", 5000+i/2))
		errs = append(errs, err)
	}
	_, err = x.Lookup("id:same")
	return errors.Join(append(errs, err)...)
}

// FuzzOpen: no file, however it was made, does more than be refused.
func FuzzOpen(f *testing.F) {
	f.Add(sample())
	f.Add([]byte("shindex4"))
	f.Fuzz(func(_ *testing.T, file []byte) { _ = readAll(file) })
}
