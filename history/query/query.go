package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
)

// Query selects attempts: those that match all that is given.
type Query struct {
	Webhook  string
	Type     Glob
	Statuses []history.Status // any of them; none: any status
	Codes    Codes            // of the receiver's answer
	Event    string           // an event's id, the id it was sent under, or seq:N
	Since    time.Time
	Until    time.Time      // not included
	Before   history.LineNo // of a lower number than this; 0: all
	After    history.LineNo // of a higher number than this: the others are not read
	// Unresolved leaves of each delivery that ended without having arrived, and has
	// not arrived by a resend since, the attempt that ended it last.
	Unresolved bool
}

// Codes are the HTTP statuses from one to another; zero: any, and none.
type Codes struct{ From, To int }

// ParseCodes reads a status, such as 503, or a class of them, such as 5xx.
func ParseCodes(text string) (Codes, error) {
	if class, ok := strings.CutSuffix(strings.ToLower(text), "xx"); ok && len(class) == 1 && class[0] >= '1' && class[0] <= '9' {
		from := int(class[0]-'0') * 100
		return Codes{from, from + 99}, nil
	}
	code, err := strconv.Atoi(text)
	if err != nil || len(text) != 3 || code < 100 {
		return Codes{}, fmt.Errorf("must be an HTTP status such as 503, or a class of them such as 5xx, not %.100q", text)
	}
	return Codes{code, code}, nil
}

func (c Codes) match(code int) bool { return c == Codes{} || c.From <= code && code <= c.To }

// Cursor returns where to continue after a page that ends with the record of that number.
// It stays valid when records are appended or removed.
func Cursor(n history.LineNo) string { return "b" + strconv.FormatUint(uint64(n), 36) }

// ParseCursor is the opposite of Cursor. Its result is for Query.Before.
func ParseCursor(text string) (history.LineNo, error) {
	n, err := parseCursor(text, "b")
	return history.LineNo(n), err
}

// parseCursor returns the number in a cursor. The prefix distinguishes the cursors of one
// list from those of another.
func parseCursor(text, prefix string) (uint64, error) {
	digits, ok := strings.CutPrefix(text, prefix)
	n, err := strconv.ParseUint(digits, 36, 64)
	if !ok || err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no cursor that an answer held", text)
	}
	return n, nil
}

// Match reports whether a record is an attempt that the query selects.
func (q *Query) Match(o *history.DeliveryRecord) bool {
	which := ParseEventRef(q.Event)
	switch {
	case o.Kind != history.KindAttempt,
		q.Webhook != "" && o.Webhook != q.Webhook,
		!q.Type.Match(o.Type),
		!q.Codes.match(o.Code),
		len(q.Statuses) > 0 && !slices.Contains(q.Statuses, o.Status),
		!q.Since.IsZero() && o.At.Before(q.Since),
		!q.Until.IsZero() && !o.At.Before(q.Until),
		q.Before > 0 && o.N >= q.Before,
		o.N <= q.After,
		which.Seq > 0 && o.Seq != which.Seq,
		which.ID != "" && o.Event != which.ID && o.SentID != which.ID:
		return false
	}
	return true
}

// selection returns which lines of a segment may match.
func (q *Query) selection() index.Selection {
	s := index.Selection{Webhook: q.Webhook}
	if q.Type != "" || len(q.Statuses) > 0 || q.Codes != (Codes{}) {
		s.Groups = func(g index.Group) bool {
			return (g.Type == "" || q.Type.Match(g.Type)) && q.Codes.match(g.Code) &&
				(len(q.Statuses) == 0 || slices.Contains(q.Statuses, history.Status(g.Status)))
		}
	}
	return s
}

// Attempts visits the attempts that match, the newest first, until visit returns
// false. The records stay valid. Damaged lines are skipped.
func (r *Reader) Attempts(q Query, visit func(*history.DeliveryRecord) bool) error {
	if q.Unresolved {
		return r.unresolved(q, visit)
	}
	for _, first := range slices.Backward(r.deliveries.Segments()) {
		if q.Before > 0 && first >= uint64(q.Before) {
			continue
		}
		enough, err := r.attemptsIn(first, &q, visit)
		if err != nil && !lookup.IsGone(err) {
			return err
		}
		if enough || first <= uint64(q.After) {
			return nil
		}
	}
	return nil
}

// attemptsIn visits the attempts of one segment.
func (r *Reader) attemptsIn(first uint64, q *Query, visit func(*history.DeliveryRecord) bool) (enough bool, err error) {
	w := walk{Stream: r.deliveries, first: first, since: q.Since, until: q.Until, which: q.selection(), tell: func(line *jsonl.Line) bool {
		o := history.ParseDeliveryRecord(line)
		return o.N > q.After && (!q.Match(&o) || visit(&o))
	}}
	if q.Event != "" {
		return w.event(q.Event)
	}
	lines, err := w.lines()
	if err != nil || lines != nil && !lines.Within(q.Since, q.Until) {
		return false, err
	}
	if err := w.from(uint64(q.Before)); err != nil {
		return false, err
	}
	err = w.run(lines)
	return w.enough, err
}

// event visits the attempts at one event.
func (w *walk) event(ref string) (enough bool, err error) {
	which := ParseEventRef(ref)
	want := lookup.WantAttempts(which.ID)
	if which.Seq > 0 {
		want = lookup.WantSeq(which.Seq)
	}
	found, err := w.Lookup(w.first, want)
	for i := range slices.Backward(found) {
		if !w.tell(&found[i]) {
			return true, err
		}
	}
	return false, err
}
