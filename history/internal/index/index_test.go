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
func sample() *index.Builder {
	b := index.Build(of)
	for i := range lines {
		e := entry(i)
		b.Add(&e)
	}
	return b
}

func entry(i int) index.Entry {
	status := "delivered"
	if i%10 == 0 {
		status = "failed"
	}
	return index.Entry{
		Number: 1000 + uint64(i), At: begin.Add(time.Duration(i) * time.Second), Offset: uint32(i * 300), Seq: uint64(5000 + i/2),
		Listings: []index.Listing{
			{Webhook: fmt.Sprint("w", i%3), Group: index.Group{Type: fmt.Sprint("type", i%2000), Status: status, Code: 200 + i%10, Apart: i%7 == 0}},
			{Webhook: "all", Group: index.Group{Status: status}},
		},
		Keys:  [][]byte{fmt.Append(nil, "seq:", 5000+i/2), []byte("id:same")},
		Tally: true, Webhook: fmt.Sprint("w", i%3), Counters: index.CounterSet(0).With(0).With(index.Counter(1 + i%2)), Took: time.Duration(i) * time.Millisecond,
	}
}

func open(t *testing.T, content []byte) *index.Index {
	t.Helper()
	x, err := index.Open(in(content), of)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// file is an index as a file.
func file(b *index.Builder) []byte { return slices.Concat(b.Finish()...) }

// in opens a file that is in memory.
func in(content []byte) func() (index.File, error) {
	return func() (index.File, error) { return inMemory{bytes.NewReader(content)}, nil }
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// lister is what an index answers, and its builder, too.
type lister interface {
	HasSeq(seq uint64) bool
	HasGroup(has func(index.Group) bool) bool
	Within(since, until time.Time) bool
	WithinAt(offset uint32, since, until time.Time) (some, all bool, begin uint32)
	List(index.Selection) ([]uint32, error)
	Each(index.Selection, func(index.Listed)) error
	Lookup(keys ...string) ([]uint32, error)
}

// TestAnswers: an index answers from its lines, and so does its builder.
func TestAnswers(t *testing.T) {
	for name, x := range map[string]lister{"index": open(t, file(sample())), "builder": sample()} {
		t.Run(name, func(t *testing.T) { testAnswers(t, x) })
	}
}

func testAnswers(t *testing.T, x lister) {
	var all []index.Entry
	for i := range lines {
		all = append(all, entry(i))
	}
	offsets := func(has func(*index.Entry) bool) (list []uint32) {
		for i := range all {
			if has(&all[i]) {
				list = append(list, all[i].Offset)
			}
		}
		return list
	}
	for _, keys := range [][]string{{"seq:5000"}, {"seq:5700", "seq:6499"}, {"id:same"}, {"seq:4999"}, {""}, nil} {
		got, err := x.Lookup(keys...)
		want := offsets(func(e *index.Entry) bool {
			return slices.ContainsFunc(e.Keys, func(k []byte) bool { return slices.Contains(keys, string(k)) })
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("look up %s: %d offsets, %v, want %d", keys, len(got), err, len(want))
		}
	}
	failed := func(g index.Group) bool { return g.Status == "failed" }
	if !x.HasGroup(failed) || x.HasGroup(func(g index.Group) bool { return g.Status == "lost" }) {
		t.Error("which groups there are")
	}
	for name, s := range map[string]index.Selection{
		"all":                {},
		"webhook":            {Webhook: "w1"},
		"first webhook":      {Webhook: "all"},
		"last webhook":       {Webhook: "w2"},
		"no such webhook":    {Webhook: "b"},
		"webhook and group":  {Webhook: "w1", Groups: failed},
		"group":              {Groups: failed},
		"code":               {Groups: func(g index.Group) bool { return g.Code == 203 }},
		"apart":              {Groups: func(g index.Group) bool { return g.Apart }},
		"webhooks":           {Webhooks: func(name string) bool { return name != "all" }},
		"webhooks and group": {Webhooks: func(name string) bool { return name > "w0" }, Groups: failed},
		"seqs":               {Seqs: func(webhook string, seq uint64) bool { return webhook == "w2" && seq%10 == 1 }},
		"seqs of a webhook":  {Webhook: "w1", Seqs: func(_ string, seq uint64) bool { return seq > 6000 }, Groups: failed},
		"nothing":            {Groups: func(index.Group) bool { return false }},
	} {
		// The types of some entries have no group of their own.
		has := func(l index.Listing) bool {
			any := l
			any.Type = ""
			return s.Has(l) || s.Has(any)
		}
		about := func(webhook string, e *index.Entry) bool { return s.Seqs == nil || s.Seqs(webhook, e.Seq) }
		got, err := x.List(s)
		if want := offsets(func(e *index.Entry) bool {
			return slices.ContainsFunc(e.Listings, func(l index.Listing) bool { return has(l) && about(l.Webhook, e) })
		}); err != nil || !slices.Equal(got, want) {
			t.Errorf("list %s: got %d, %v, want %d", name, len(got), err, len(want))
		}
		want := map[string]int{}
		for i := range all {
			for _, l := range all[i].Listings {
				if has(l) && about(l.Webhook, &all[i]) {
					want[fmt.Sprint(l.Webhook, l.Status, l.Code, l.Apart, all[i].Offset, all[i].Seq)]++
				}
			}
		}
		err = x.Each(s, func(l index.Listed) {
			want[fmt.Sprint(l.Webhook, l.Group.Status, l.Group.Code, l.Group.Apart, l.Offset, l.Seq)]--
		})
		for line, n := range want {
			if n != 0 || err != nil {
				t.Errorf("each of %s: %d more of %s, %v", name, n, line, err)
				break
			}
		}
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
	// A block has 256 lines.
	for _, c := range []struct {
		since, until time.Duration
		some, all    bool
	}{{0, lines, true, true}, {256, 512, true, true}, {257, 512, true, false}, {256, 511, true, false}, {512, lines, false, false}, {0, 256, false, false}} {
		some, all, from := x.WithinAt(300*300, begin.Add(c.since*time.Second), begin.Add(c.until*time.Second))
		if some != c.some || all != c.all || from != 256*300 {
			t.Errorf("line 300 from second %d to %d: some %t, all %t, from %d", c.since, c.until, some, all, from)
		}
	}
	if !x.HasSeq(5000) || !x.HasSeq(6499) || x.HasSeq(6500) || x.HasSeq(4999) {
		t.Error("seqs")
	}
}

// TestManyTypes: types without end do not make an index without end, and are
// found by the group of any type.
func TestManyTypes(t *testing.T) {
	x := open(t, file(sample()))
	for i := 0; i < lines; i += 50 {
		typ := fmt.Sprint("type", i%2000)
		got, err := x.List(index.Selection{Groups: func(g index.Group) bool { return g.Type == typ || g.Type == "" }})
		if err != nil || !slices.Contains(got, uint32(i*300)) {
			t.Errorf("line %d is not listed: %v", i, err)
		}
	}
	if rest, err := x.List(index.Selection{Groups: func(g index.Group) bool { return g.Type == "" && g.Code > 0 }}); err != nil || len(rest) == 0 {
		t.Errorf("no line is of any type: %v", err)
	}
}

func TestMinutes(t *testing.T) {
	var minutes []index.Minute
	var all index.Tally
	err := open(t, file(sample())).Minutes(func(m *index.Minute) bool {
		minutes = append(minutes, *m)
		all.Merge(&m.Tally)
		return true
	})
	if err != nil {
		t.Fatal(err)
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
	good := file(sample())
	for name, other := range map[string]index.Segment{
		"stream": {Stream: "events", First: of.First, Size: of.Size},
		"first":  {Stream: of.Stream, First: 1, Size: of.Size},
		"size":   {Stream: of.Stream, First: of.First, Size: of.Size + 1},
	} {
		if _, err := index.Open(in(good), other); !errors.Is(err, index.ErrUnfit) {
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
	x, err := index.Open(in(file), of)
	if err != nil {
		return err
	}
	_, listing := x.List(index.Selection{})
	counting := x.Minutes(func(*index.Minute) bool { return true })
	errs := []error{listing, counting, x.Each(index.Selection{}, func(index.Listed) {})}
	for i := 0; i < lines; i += 20 { // enough to meet each page
		_, err := x.Lookup(fmt.Sprint("seq:", 5000+i/2))
		errs = append(errs, err)
	}
	_, err = x.Lookup("id:same")
	return errors.Join(append(errs, err)...)
}

// FuzzOpen: no file, however it was made, does more than be refused.
func FuzzOpen(f *testing.F) {
	f.Add(file(sample()))
	f.Add([]byte("shindex5"))
	f.Fuzz(func(_ *testing.T, file []byte) { _ = readAll(file) })
}
