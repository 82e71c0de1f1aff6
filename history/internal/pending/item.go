// Package pending has the parts that a queue is made of, as plain data: a delivery and
// its event (Item, Body), the heap of what is scheduled, the queues of keys, the counts,
// and their form in a checkpoint. It knows no lock, no storage and no clock: package queue
// gives it the time and locks it. The engines and their readers make items of records, and
// read checkpoints.
package pending

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
	Location   history.Location // of its record; zero: not known
	AcceptedAt int64            // in Unix nanoseconds; 0 if not known
	Length     uint32           // of the event of a resend or a rename, after it was read; else 0
	Body       *Body            // nil: not in memory, has to be read
}

// Body is what a delivery needs of an event, shared by all webhooks that get it.
type Body struct {
	event.Event                   // not parsed, unless this process accepted it
	Failures    []history.Failure // of the conditions of an event; a resend ignores them
	Expires     int64             // the expirytime in Unix nanoseconds; 0 if there is none, and for a resend

	holders atomic.Int32 // how many queues keep it in memory
}

// WithoutEvent returns the part of a body that a queue needs while the delivery is in
// flight: the expirytime. It returns nil without one.
func (b *Body) WithoutEvent() *Body {
	if b.Expires == 0 {
		return nil
	}
	return &Body{Expires: b.Expires}
}

// Key returns the value at a path in the event, "" if there is none.
func (b *Body) Key(path string) string {
	e, err := b.Parsed()
	if err != nil {
		return ""
	}
	return string(e.Value(path))
}

// ConditionError returns why the condition of a webhook failed, or "".
func (b *Body) ConditionError(webhook string) string {
	for _, f := range b.Failures {
		if f.Webhook == webhook {
			return f.Reason
		}
	}
	return ""
}

// Size returns how many bytes of a backlog the delivery is: those of its record.
func (i *Item) Size() int64 { return int64(i.Location.Length) }

// FormerOf returns the delivery under the former name that a rename ends.
func FormerOf(a *history.EventRecord) Item {
	it := Item{Number: a.From, Location: history.Location{Length: a.FormerBytes}}
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
	return Item{Number: a.Seq, Of: a.Of, IsResend: a.Resend, Location: a.Location, AcceptedAt: accepted.UnixNano()}
}

// BodyOf returns the body of the delivery that record a begins. e is the record of its event.
func BodyOf(a, e *history.EventRecord) *Body {
	if a.Resend {
		return &Body{Event: event.Event{JSON: e.Event, Filled: e.Filled}}
	}
	return NewBody(e.Event, e.Filled, a.Failures)
}

// BodyOfEntry returns the body of an event that is accepted.
func BodyOfEntry(e *history.Entry) *Body {
	return &Body{Event: e.Event, Failures: e.Failures, Expires: expiryStamp(e.Event.Expires())}
}

// NewBody returns the body of a stored event that is delivered for the first time.
func NewBody(json []byte, filled []string, failures []history.Failure) *Body {
	return &Body{Event: event.Event{JSON: json, Filled: filled}, Failures: failures, Expires: expiryStamp(event.ExpiryTime(json, filled))}
}

// expiryStamp returns an expirytime in Unix nanoseconds, and 0 if there is none (not ok).
// It may be of any year: one out of range becomes the nearest that is not 0.
func expiryStamp(at time.Time, ok bool) int64 {
	first, last := time.Unix(0, 1), time.Unix(0, math.MaxInt64)
	switch {
	case !ok:
		return 0
	case at.Before(first):
		at = first
	case at.After(last):
		at = last
	}
	return at.UnixNano()
}

// Identify sets the id and type of the event in an attempt that ends a delivery without a
// request.
func Identify(a *history.Attempt, b *Body) {
	if e, err := b.Parsed(); err == nil {
		a.Event, a.Type = e.ID, e.Type
	}
}
