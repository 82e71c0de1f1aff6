package history

import (
	"math"
	"sync/atomic"
	"time"

	"sidehook/history/event"
)

// item is one delivery that has not ended: an event, or the resend of one, for
// one webhook.
type item struct {
	seq      uint64
	of       uint64   // for a resend, and after a rename, the seq of its event; else 0
	resend   bool     // it is a resend, and no rename of what was none
	place    Location // of the record seq; zero: to be looked up by its number
	accepted int64    // when, in Unix nanoseconds; 0 if not known
	length   uint32   // of its event, once it was read and nothing else tells; else 0
	body     *body    // in memory, or nil: to be read at place
}

// body is what a delivery needs of an event, shared by all webhooks that get it.
type body struct {
	json     []byte
	filled   []string
	failures []Failure // of an event; a resend goes past conditions
	expires  int64     // its expirytime in Unix nanoseconds; 0: none, or of no account

	windows atomic.Int32 // that hold it
}

// without is what is to be known of an event while it is under way, nil if that
// is nothing.
func (b *body) without() *body {
	if b.expires == 0 {
		return nil
	}
	return &body{expires: b.expires}
}

// unmet is why the condition of a webhook failed, or "".
func (b *body) unmet(webhook string) string {
	for _, f := range b.failures {
		if f.Webhook == webhook {
			return f.Reason
		}
	}
	return ""
}

// size is what the item counts for in a backlog, in bytes of the file.
func (i *item) size() int64 { return int64(i.place.Length) }

// formerOf is the delivery under the former name that a rename ends.
func formerOf(a *Accepted) item {
	it := item{seq: a.From, place: Location{Length: a.bytes}}
	if a.From != a.Of {
		it.of = a.Of
	}
	return it
}

// itemOf is the delivery that a record of the events begins, without its event.
func itemOf(a *Accepted) item {
	accepted := a.At
	if a.Was != "" {
		accepted = a.since
	}
	return item{seq: a.Seq, of: a.Of, resend: a.Resend, place: a.Place, accepted: accepted.UnixNano()}
}

// bodyOf is what the delivery that a record begins needs of its event e.
func bodyOf(a, e *Accepted) *body {
	if a.Resend {
		return &body{json: e.Event, filled: e.Filled}
	}
	return newBody(e.Event, e.Filled, a.Failures)
}

// newBody is the body of an event that is delivered for the first time.
func newBody(json []byte, filled []string, failures []Failure) *body {
	b := &body{json: json, filled: filled, failures: failures}
	if at, ok := event.ExpiryTime(json, filled); ok {
		b.expires = expiryStamp(at)
	}
	return b
}

// expiryStamp is a time in Unix nanoseconds, or the nearest that these can be: an
// expirytime may be of any year. It is never 0, which stands for none.
func expiryStamp(at time.Time) int64 {
	first, last := time.Unix(0, 1), time.Unix(0, math.MaxInt64)
	switch {
	case at.Before(first):
		at = first
	case at.After(last):
		at = last
	}
	return at.UnixNano()
}

// identify tells of an attempt that is not made which event it is about.
func identify(a *Attempt, b *body) {
	if e, err := event.Parse(b.json, b.filled); err == nil {
		a.Event, a.Type = e.ID, e.Type
	}
}
