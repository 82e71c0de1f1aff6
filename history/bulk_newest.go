package history

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"time"

	"sidehook/history/index"
	"sidehook/history/segment"
)

// resent is a resend, as far as it says what the newest delivery of an event to
// a webhook is.
type resent struct {
	again
	seq uint64
}

func compareResent(a, b resent) int {
	return cmp.Or(compareAgain(a.again, b.again), cmp.Compare(a.seq, b.seq))
}

// readResends reads which resends there are.
func (c *bulkSearch) readResends() error {
	for _, first := range c.events.Segments() {
		err := c.events.resends(first, c.Since, func(line *segment.Line) bool {
			a := parseAccepted(line)
			for _, name := range a.To {
				if name == c.To || c.wants(name) {
					c.resends = append(c.resends, resent{again{a.Of, c.webhooks.number(name)}, a.Seq})
				}
			}
			return c.ctx.Err() == nil
		})
		if err := errors.Join(err, c.ctx.Err()); err != nil && !gone(err) {
			return err
		}
	}
	slices.SortFunc(c.resends, compareResent)
	return nil
}

// isResend says whether lines of a group of the events are resends.
func isResend(g index.Group) bool { return g.Status == kindResend }

// resends visits the resends of a segment that may be of that time.
func (s *stream) resends(first uint64, since time.Time, visit func(*segment.Line) bool) error {
	x, done, err := s.index(first)
	if err != nil {
		return err
	}
	defer done()
	if x != nil {
		if !x.Within(since, time.Time{}) {
			return nil
		}
		offsets, err := x.List(isResend)
		if err == nil {
			err = s.visitAt(first, x, offsets, since, visit)
		}
		var damage *segment.Damage
		if err == nil || !errors.Is(err, index.ErrUnfit) && !errors.As(err, &damage) {
			return err
		}
	}
	return lines(s.Archive, first, func(line *segment.Line) bool {
		return !bytes.Contains(line.Raw, []byte(`"kind":"resend","of":`)) || !isResend(s.entry(line).Group) || visit(line)
	})
}

// visitAt visits the lines at the offsets of an index; index.ErrUnfit if one is
// no resend.
func (s *stream) visitAt(first uint64, x *index.Index, offsets []uint32, since time.Time, visit func(*segment.Line) bool) error {
	for _, offset := range offsets {
		if within, _ := x.WithinAt(offset, since, time.Time{}); !within {
			continue
		}
		line, err := s.At(first, offset)
		if err != nil {
			return err
		}
		if !isResend(s.entry(&line).Group) {
			return index.ErrUnfit
		}
		if !visit(&line) {
			break
		}
	}
	return nil
}

// last is the seq of the newest resend of an event to a webhook, 0 if there is
// none.
func (c *bulkSearch) last(of uint64, webhook string) uint64 {
	number, ok := c.webhooks.numbers[webhook]
	if !ok {
		return 0
	}
	behind := resent{again{of, number + 1}, 0}
	i, _ := slices.BinarySearchFunc(c.resends, behind, compareResent)
	if i == 0 || c.resends[i-1].again != (again{of, number}) {
		return 0
	}
	return c.resends[i-1].seq
}
