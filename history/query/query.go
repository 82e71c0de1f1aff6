package query

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
)

// Query says which attempts are asked for: those that match all that is given.
type Query struct {
	Webhook  string
	Type     string
	Statuses []history.Status // any of them; none: any at all
	Event    string           // an event's id, the id it was sent under, or seq:N
	Since    time.Time
	Until    time.Time      // not included
	Before   history.LineNo // of a lower number than this; 0: all
}

// Cursor is where a page that ends with the record of that number goes on. It
// stays true whatever is appended or removed.
func Cursor(n history.LineNo) string { return "b" + strconv.FormatUint(uint64(n), 36) }

// ParseCursor is the opposite of Cursor: what goes into Query.Before.
func ParseCursor(text string) (history.LineNo, error) {
	digits, ok := strings.CutPrefix(text, "b")
	n, err := strconv.ParseUint(digits, 36, 64)
	if !ok || err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no cursor that an answer held", text)
	}
	return history.LineNo(n), nil
}

// Statuses are all that an attempt can have.
func Statuses() []history.Status {
	return []history.Status{history.Delivered, history.Retrying, history.Failed, history.Exhausted, history.Canceled, history.Expired}
}

// Match reports whether a record is an attempt that is asked for.
func (q *Query) Match(o *history.DeliveryRecord) bool {
	which := ParseEventRef(q.Event)
	switch {
	case o.Kind != history.KindAttempt,
		q.Webhook != "" && o.Webhook != q.Webhook,
		q.Type != "" && o.Type != q.Type,
		len(q.Statuses) > 0 && !slices.Contains(q.Statuses, o.Status),
		!q.Since.IsZero() && o.At.Before(q.Since),
		!q.Until.IsZero() && !o.At.Before(q.Until),
		q.Before > 0 && o.N >= q.Before,
		which.Seq > 0 && o.Seq != which.Seq,
		which.ID != "" && o.Event != which.ID && o.SentID != which.ID:
		return false
	}
	return true
}

// grouped reports whether it asks for some of the groups of an index only.
func (q *Query) grouped() bool { return q.Webhook != "" || q.Type != "" || len(q.Statuses) > 0 }

// group reports whether lines of a group may match.
func (q *Query) group(g index.Group) bool {
	return (q.Webhook == "" || g.Webhook == q.Webhook) &&
		(q.Type == "" || g.Type == "" || g.Type == q.Type) &&
		(len(q.Statuses) == 0 || slices.Contains(q.Statuses, history.Status(g.Status)))
}

// Attempts visits the attempts that match, the newest first, until visit is
// false. What it is given stays valid. Damaged lines are passed over.
func (r *Reader) Attempts(q Query, visit func(*history.DeliveryRecord) bool) error {
	for _, first := range slices.Backward(r.deliveries.Segments()) {
		if q.Before > 0 && first >= uint64(q.Before) {
			continue
		}
		w := walk{Stream: r.deliveries, query: &q, first: first, visit: visit}
		if err := w.run(); err != nil && !lookup.IsGone(err) {
			return err
		}
		if w.enough {
			return nil
		}
	}
	return nil
}

// walk visits the attempts of one segment that match, from its end.
type walk struct {
	*lookup.Stream
	query  *Query
	first  uint64
	before int64 // the offset that it has come to
	visit  func(*history.DeliveryRecord) bool
	enough bool
}

func (w *walk) run() error {
	x, done, err := w.Index(w.first)
	if err != nil {
		return err
	}
	defer done()
	if x != nil && !x.Within(w.query.Since, w.query.Until) {
		return nil
	}
	if w.query.Event != "" {
		return w.event()
	}
	if w.before, err = w.Size(w.first); err != nil {
		return err
	}
	if w.query.Before > 0 && w.SegmentOf(uint64(w.query.Before)) == w.first {
		// A record that is damaged is not found; then all of the segment's are
		// held against its number.
		if line, err := w.Find(uint64(w.query.Before)); err == nil {
			w.before = int64(line.Location.Offset)
		}
	}
	if x != nil && w.query.grouped() {
		if right, err := w.listed(x); right || err != nil {
			return err
		}
	}
	return w.scan(x)
}

// event visits the attempts at one event.
func (w *walk) event() error {
	which := ParseEventRef(w.query.Event)
	want := lookup.WantAttempts(which.ID)
	if which.Seq > 0 {
		want = lookup.WantSeq(which.Seq)
	}
	found, err := w.Lookup(w.first, which.Seq, want)
	for i := range slices.Backward(found) {
		if w.tell(&found[i]); w.enough {
			break
		}
	}
	return err
}

func (w *walk) tell(line *jsonl.Line) {
	if o := history.ParseDeliveryRecord(line); w.query.Match(&o) {
		w.enough = !w.visit(&o)
	}
}

// listed visits what the index lists. It is false if the segment does not bear
// the index out, from where on it has to be read itself.
func (w *walk) listed(x *index.Index) (right bool, err error) {
	offsets, err := x.List(w.query.group)
	if err != nil {
		return false, nil
	}
	for {
		i := sort.Search(len(offsets), func(i int) bool { return int64(offsets[i]) >= w.before })
		if offsets = offsets[:i]; i == 0 || w.enough {
			return true, nil
		}
		offset := offsets[i-1]
		if within, begin := x.WithinAt(offset, w.query.Since, w.query.Until); !within {
			w.before = int64(min(begin, offset))
			continue
		}
		line, err := w.At(w.first, offset)
		var damage *segment.Damage
		if err != nil && !errors.As(err, &damage) {
			return false, err
		}
		if err != nil || !w.query.group(w.Entry(&line).Group) && !w.unlisted(&line) {
			return false, nil
		}
		w.before = int64(offset)
		w.tell(&line)
	}
}

// unlisted reports whether a line may stand in a group of any type.
func (w *walk) unlisted(line *jsonl.Line) bool {
	g := w.Entry(line).Group
	g.Type = ""
	return g != (index.Group{}) && w.query.group(g)
}

// scan visits what matches by reading back from where the walk has come to; an
// index, if there is one, tells which times need not be read.
func (w *walk) scan(x *index.Index) error {
	b, err := w.Backward(w.first, w.before)
	if err != nil {
		return err
	}
	for !w.enough {
		if x != nil && w.before > 0 {
			if within, begin := x.WithinAt(uint32(w.before-1), w.query.Since, w.query.Until); !within {
				w.before = int64(begin)
				if b, err = w.Backward(w.first, w.before); err != nil {
					return err
				}
				continue
			}
		}
		line, err := b.Next()
		var damage *segment.Damage
		switch {
		case errors.As(err, &damage):
			w.before = damage.Offset
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		default:
			w.before = int64(line.Location.Offset)
			w.tell(&line)
		}
	}
	return nil
}
