package queue

import (
	"math"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/event"
)

// Item is one pending delivery: an event, or the resend of one, for one webhook.
type Item struct {
	Number     history.Seq      // its seq
	Of         history.Seq      // of a resend or a rename, the seq of its event; else 0
	IsResend   bool             // it is sent as a resend, which a rename may not be
	Place      history.Location // of its record; zero: not known
	AcceptedAt int64            // in Unix nanoseconds; 0 if not known
	Length     uint32           // of its event, once that was read and nothing else tells; else 0
	Body       *Body            // in memory, or nil: Book.Load reads it
}

// Body is what a delivery needs of an event, shared by all webhooks that get it.
type Body struct {
	JSON     []byte
	Filled   []string
	failures []history.Failure // of an event; a resend goes past conditions
	expires  int64             // its expirytime in Unix nanoseconds; 0: none, or it does not count

	holders atomic.Int32 // how many queues have it prefetched
}

// withoutEvent returns what has to be known of an event while it is in flight, nil if
// nothing.
func (b *Body) withoutEvent() *Body {
	if b.expires == 0 {
		return nil
	}
	return &Body{expires: b.expires}
}

// conditionError returns why the condition of a webhook failed, or "".
func (b *Body) conditionError(webhook string) string {
	for _, f := range b.failures {
		if f.Webhook == webhook {
			return f.Reason
		}
	}
	return ""
}

// size returns what the delivery counts for in a backlog, in bytes.
func (i *Item) size() int64 { return int64(i.Place.Length) }

// formerOf returns the delivery under the former name that a rename ends.
func formerOf(a *history.EventRecord) Item {
	it := Item{Number: a.From, Place: history.Location{Length: a.FormerBytes}}
	if a.From != a.Of {
		it.Of = a.Of
	}
	return it
}

// ItemOf returns the delivery that a record of the events begins, without its event.
func ItemOf(a *history.EventRecord) Item {
	accepted := a.At
	if a.Was != "" {
		accepted = a.FirstAccepted
	}
	return Item{Number: a.Seq, Of: a.Of, IsResend: a.Resend, Place: a.Place, AcceptedAt: accepted.UnixNano()}
}

// BodyOf returns what the delivery that a record begins needs of its event e.
func BodyOf(a, e *history.EventRecord) *Body {
	if a.Resend {
		return &Body{JSON: e.Event, Filled: e.Filled}
	}
	return NewBody(e.Event, e.Filled, a.Failures)
}

// NewBody returns the body of an event that is delivered for the first time.
func NewBody(json []byte, filled []string, failures []history.Failure) *Body {
	b := &Body{JSON: json, Filled: filled, failures: failures}
	if at, ok := event.ExpiryTime(json, filled); ok {
		b.expires = expiryStamp(at)
	}
	return b
}

// expiryStamp returns a time in Unix nanoseconds, or the nearest that there is: an
// expirytime may be of any year. It is never 0, which means none.
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

// identify sets which event an attempt is about that is not made.
func identify(a *history.Attempt, b *Body) {
	if e, err := event.Parse(b.JSON, b.Filled); err == nil {
		a.Event, a.Type = e.ID, e.Type
	}
}
