package accept

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/pending"
	"sidehook/history/postgres/database"
	"sidehook/history/queue"
)

// request is committed as a whole or not at all.
type request struct {
	records  []record
	receipts []history.Receipt // with a Seq of 0 if the event of a resend was removed
	needless int               // of the resends that got no Seq: the event was resent meanwhile
	err      error
}

// record is an event, or the resend of one, before it has its number.
type record struct {
	identity
	kind       string // the type of the event
	idHash     int64
	line       []byte
	generation history.Generation
	of         history.Seq
	resend     bool
	to         []string
	after      history.Seq // of a resend in bulk: the last record that the selection has seen
	body       *queue.Body

	// Of a rename.
	accepted int64
	rename   *queue.Renamed
	was      string
	ends     history.Seq
}

// refers reports whether a record refers to an event, instead of having one.
func (r *record) refers() bool { return r.of != 0 }

// published returns the deliveries that a durable record begins, for the queues.
func (r *record) published(seq history.Seq, at time.Time) queue.Published {
	it := queue.Item{
		Number: seq, Of: r.of, IsResend: r.resend, AcceptedAt: at.UnixNano(), Body: r.body,
		Location: history.Location{Length: uint32(len(r.line))},
	}
	if r.rename != nil {
		it.AcceptedAt = r.accepted
	}
	return queue.Published{Item: it, To: r.to, Renamed: r.rename}
}

// eventRecord is the record of an event.
func eventRecord(e *history.Entry) record {
	line := make([]byte, 0, 192+len(e.Event.JSON))
	return record{
		identity: identify(&e.Event), kind: e.Event.Type, idHash: database.Hash(e.Event.ID), generation: e.Generation,
		line: append(history.AppendEventHead(line, e), e.Event.JSON...),
		body: pending.BodyOfEntry(e), to: e.To,
	}
}

// identity is equal for an event and its repeat. All members must compute the same one,
// also after years, so it is a hash without a seed, for which no collision is known.
type identity struct {
	key     [16]byte
	content int64
}

// Identify returns the hashes by which repeats are found: of the source and id, and of the
// content.
func Identify(e *event.Event) (key [16]byte, content int64) {
	id := identify(e)
	return id.key, id.content
}

var hashes = sync.Pool{New: func() any { return sha256.New() }}

func identify(e *event.Event) (id identity) {
	h := hashes.Get().(hash.Hash)
	defer hashes.Put(h)
	var sum [sha256.Size]byte
	h.Reset()
	h.Write([]byte(e.Source))
	h.Write([]byte{'\n'}) // no attribute contains one
	h.Write([]byte(e.ID))
	id.key = [16]byte(h.Sum(sum[:0])[:16])
	h.Reset()
	e.WriteContent(h)
	id.content = int64(binary.BigEndian.Uint64(h.Sum(sum[:0])))
	return id
}

// duplicate returns the receipt of a repeat of an event that went to these webhooks,
// with spaces between.
func duplicate(seq int64, to string) history.Receipt {
	return history.Receipt{Seq: history.Seq(seq), To: strings.Fields(to), Duplicate: true}
}
