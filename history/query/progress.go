package query

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
)

// NewResendID makes the id of a resend in bulk. The id contains when it began, so its
// records are found without reading what came before.
func NewResendID(at time.Time) string { return "r" + strconv.FormatInt(at.UnixMicro(), 36) }

func resendBegan(id string) (at time.Time, ok bool) {
	digits, ok := strings.CutPrefix(id, "r")
	us, err := strconv.ParseInt(digits, 36, 64)
	return time.UnixMicro(us), ok && err == nil && us > 0 && NewResendID(time.UnixMicro(us)) == id
}

// clockSlack is how far the wall clock may have been set back during a resend.
const clockSlack = time.Hour

// ResendProgress is how far a resend in bulk is. It is made by Resend, and then brought
// up to date by Update as often as wanted: each call reads on from where the last one
// ended. Its memory is a bit for each delivery.
type ResendProgress struct {
	Count, Delivered, GivenUp int

	began   time.Time
	spans   []resentSpan
	renamed map[history.Seq]history.Seq // the former seqs of renamed deliveries, by the seqs under the new name
	ended   []bool                      // by place in spans
	moved   bool                        // a delivery was renamed, and renamed does not have it
	first   uint64                      // the segment that is read, and up to where
	offset  int64

	Read history.LineNo // an engine without segments has read the attempts up to this one
}

// resentSpan is seqs that follow each other.
type resentSpan struct {
	from, to history.Seq
	place    int // of from, among all
}

// Resend is FindResend.
func (r *Reader) Resend(ctx context.Context, id string) (*ResendProgress, error) {
	return FindResend(ctx, r, id)
}

// FindResend finds a resend in bulk by its id. It returns history.ErrNotFound if there is
// none or its records have been removed.
func FindResend(ctx context.Context, r Records, id string) (*ResendProgress, error) {
	began, ok := resendBegan(id)
	if !ok {
		return nil, history.ErrNotFound
	}
	p := &ResendProgress{began: began.Add(-clockSlack), renamed: map[history.Seq]history.Seq{}}
	err := r.Resends(p.began, func(a *history.EventRecord) bool {
		switch {
		case a.Bulk == id:
			p.add(a.Seq)
		case a.Was != "" && p.has(a.From):
			p.renamed[a.Seq] = a.From
		}
		return ctx.Err() == nil
	})
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	if p.Count == 0 {
		return nil, history.ErrNotFound
	}
	p.ended = make([]bool, p.Count)
	return p, nil
}

func (p *ResendProgress) add(seq history.Seq) {
	if n := len(p.spans); n > 0 && p.spans[n-1].to+1 == seq {
		p.spans[n-1].to = seq
	} else {
		p.spans = append(p.spans, resentSpan{seq, seq, p.Count})
	}
	p.Count++
}

// place is the place of a delivery among all.
func (p *ResendProgress) place(seq history.Seq) (place int, ok bool) {
	for was, renamed := p.renamed[seq]; renamed; was, renamed = p.renamed[seq] {
		seq = was
	}
	i := sort.Search(len(p.spans), func(i int) bool { return p.spans[i].to >= seq })
	if i == len(p.spans) || p.spans[i].from > seq {
		return 0, false
	}
	return p.spans[i].place + int(seq-p.spans[i].from), true
}

func (p *ResendProgress) has(seq history.Seq) bool {
	_, ok := p.place(seq)
	return ok
}

// Waiting is how many have not ended.
func (p *ResendProgress) Waiting() int { return p.Count - p.Delivered - p.GivenUp }

// Update counts the deliveries that have ended since the last call. It reports false if a
// webhook was renamed meanwhile: then the resend must be found anew.
func (r *Reader) Update(ctx context.Context, p *ResendProgress) (ok bool, err error) {
	segments := r.deliveries.Segments()
	i, _ := slices.BinarySearch(segments, p.first)
	for _, first := range segments[i:] {
		if p.Done() {
			break
		}
		if err := p.read(ctx, r, first); err != nil && !lookup.IsGone(err) {
			return true, err
		}
	}
	return !p.moved, ctx.Err()
}

func (p *ResendProgress) read(ctx context.Context, r *Reader, first uint64) error {
	if first != p.first {
		p.first, p.offset = first, 0
	}
	x, err := r.deliveries.Index(first)
	if err != nil || x != nil && !x.Within(p.began, time.Time{}) {
		return err
	}
	return lookup.VisitLinesFrom(r.deliveries.Archive, first, p.offset, func(line *jsonl.Line) bool {
		p.offset = line.Location.End()
		if p.has(seqIn(line.Raw)) {
			o := history.ParseDeliveryRecord(line)
			p.Learn(&o)
		}
		return ctx.Err() == nil && !p.Done()
	})
}

// Spans returns the seqs of the deliveries, from and to.
func (p *ResendProgress) Spans() (spans [][2]history.Seq) {
	for _, s := range p.spans {
		spans = append(spans, [2]history.Seq{s.from, s.to})
	}
	for seq := range p.renamed {
		spans = append(spans, [2]history.Seq{seq, seq})
	}
	return spans
}

// Done reports whether nothing is left to learn, and Moved whether the resend must be
// found anew.
func (p *ResendProgress) Done() bool  { return p.Waiting() == 0 || p.moved }
func (p *ResendProgress) Moved() bool { return p.moved }

// Learn counts an attempt, which may be of any delivery, if it ended one of the resend.
func (p *ResendProgress) Learn(o *history.DeliveryRecord) {
	place, ok := p.place(o.Seq)
	switch {
	case !ok || p.ended[place], o.Late, o.Kind != history.KindAttempt, o.Status == history.Retrying:
		return
	case o.RenamedTo != "":
		p.moved = !p.goesOn(o.Seq)
		return
	case o.Status == history.Delivered:
		p.Delivered++
	default:
		p.GivenUp++
	}
	p.ended[place] = true
}

// goesOn reports whether renamed has the seq under which a delivery continues.
func (p *ResendProgress) goesOn(seq history.Seq) bool {
	for _, was := range p.renamed {
		if was == seq {
			return true
		}
	}
	return false
}
