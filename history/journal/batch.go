package journal

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/dedupe"
	"sidehook/history/internal/jsonl"
	"sidehook/history/queue"
)

// batch is the requests that share a sync.
type batch struct {
	requests []*request
	bytes    int
	done     chan struct{} // closed when every request has its result
}

// request is committed as a whole or not at all.
type request struct {
	records  []record
	receipts []history.Receipt
	err      error

	// The memory of most requests, which have one record.
	record  [1]record
	receipt [1]history.Receipt
	head    [128]byte
}

// newRequest returns a request with so many records, and memory for the heads of most.
func newRequest(records int) (r *request, heads []byte) {
	r = &request{}
	if records == 1 {
		r.records = r.record[:]
		return r, r.head[:0]
	}
	r.records = make([]record, records)
	return r, make([]byte, 0, 112*records)
}

// record is an event, or the resend of one, before it is written.
type record struct {
	identity dedupe.Identity // of an event
	head     []byte          // the fields before the event
	tail     []byte          // the event; nil for a resend
	body     *queue.Body
	of       history.Seq // the event of a resend or a rename
	resend   bool        // the delivery is sent as a resend
	to       []string

	// Of a rename: when the delivery was accepted, in Unix nanoseconds, and the
	// delivery that it continues.
	accepted int64
	rename   *queue.Renamed
}

// refers reports whether a record refers to an event, instead of having one.
func (r *record) refers() bool { return r.of != 0 }

// published returns the deliveries that the record begins, once it is durable.
func (r *record) published(seq history.Seq, at time.Time, location jsonl.Location) queue.Published {
	accepted := at.UnixNano()
	if r.rename != nil {
		accepted = r.accepted
	}
	return queue.Published{
		Item: queue.Item{Number: seq, Of: r.of, IsResend: r.resend, Location: location, AcceptedAt: accepted, Body: r.body},
		To:   r.to, Renamed: r.rename,
	}
}
