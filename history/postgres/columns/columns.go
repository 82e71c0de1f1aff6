// Package columns makes the columns that the tables of PostgreSQL have for a record beside
// its line. Records are selected and counted by them. Packages ledger and transfer write
// them, archive reads them.
package columns

import (
	"strings"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/lookup"
	"sidehook/history/postgres/database"
)

// Attempt has the columns of a record of the deliveries.
type Attempt struct {
	Kind, Type, Status string // of a webhook's state, Status is the state
	Generation, Seq    int64
	ID, Sent           int64 // hashes of the event's id, and of the id it was sent under if that is another one, else 0
	Code               int32
	Took               int32 // a bucket of durations (index.Histogram), one more; 0: there was no request
	Counts             int32 // a bit for each of the counters (lookup.CountersOf), and counted; 0: it does not count
}

// counted is set for a record that statistics count, also if it adds to no counter.
const counted = 1 << 30

// Of returns the columns of a record.
func Of(d *history.DeliveryRecord) Attempt {
	a := Attempt{
		Kind: d.Kind, Type: Text(d.Type), Status: string(d.Status), Generation: int64(d.Generation), Seq: int64(d.Seq),
		ID: database.Hash(d.Event), Code: int32(d.Code),
	}
	switch d.Kind {
	case history.KindWebhook:
		a.Status = d.State
	case history.KindAttempt:
		if d.SentID != "" {
			a.Sent = database.Hash(d.SentID)
		}
		if d.Test || d.Late {
			break
		}
		a.Counts = counted | int32(lookup.CountersOf(d))
		if took := d.Lasted(); took > 0 {
			a.Took = int32(index.Bucket(took)) + 1
		}
	}
	return a
}

// Add adds so many attempts with equal columns to counts.
func Add(t *index.Tally, took, counts int32, n uint64) {
	for c := range index.Counters {
		if counts&(1<<c) != 0 {
			t.Counts[c] += n
		}
	}
	if took > 0 {
		t.Took.AddBucket(uint16(took-1), n)
	}
}

// Text returns a text that a column takes.
func Text(text string) string {
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	return strings.ToValidUTF8(text, "")
}
