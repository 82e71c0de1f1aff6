package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/query"
)

// Resends is the result of ResendBulk.
type Resends struct {
	ID    string           // that its progress is asked for with
	Count int              // of deliveries that are made again
	Gone  int              // of those that are not, because their events were removed
	Seqs  [][2]history.Seq // the ranges of their seqs, first and last
}

// bulkBatch is how many resends share a commit: few enough that new events do not
// wait long for the disk, and that little memory is needed.
const bulkBatch = 4096

// ResendBulk makes the deliveries that match b again, in the order of acceptance
// (H8). They are durable on return, and come after the pending deliveries of their webhooks.
// Calls run one after another, so that none makes a delivery again that another
// one has queued.
//
// With an error the result counts the resends made until then. The same call again makes
// the rest, as after a crash. Errors: *TooManyError, and those of Append.
func (j *Journal) ResendBulk(ctx context.Context, b query.Bulk, by string) (Resends, error) {
	j.bulk.Lock()
	defer j.bulk.Unlock()
	var done Resends
	if err := j.outcomes.flush(); err != nil { // so that the search finds those that have ended by now
		return done, err
	}
	reading, err := query.OpenFS(j.fs)
	if err != nil {
		return done, err
	}
	m, err := reading.Bulk(ctx, b)
	if err := errors.Join(err, reading.Close()); err != nil {
		return done, err
	}
	if m.Count > query.MaxBulk {
		return done, &query.TooManyError{Count: m.Count}
	}
	done.Gone = m.Gone
	if m.Count > 0 {
		done.ID = query.NewResendID(time.Now())
	}
	for batch := range slices.Chunk(m.List, j.bulkBatch) {
		if err := j.resendBatch(ctx, batch, m.Targets.List, by, &done); err != nil {
			if done.Count > 0 {
				err = fmt.Errorf("%d of %d were accepted; repeat the request for the rest: %w", done.Count, m.Count, err)
			}
			return done, err
		}
	}
	return done, nil
}

// resendBatch makes some deliveries again, in one commit.
func (j *Journal) resendBatch(ctx context.Context, batch []query.Again, webhooks []string, by string, done *Resends) error {
	r := &request{records: make([]record, 0, len(batch))}
	pinned := make([]history.Seq, 0, len(batch))
	defer func() {
		for _, seq := range pinned {
			j.retention.Unpin(seq)
		}
	}()
	for _, a := range batch {
		if !j.retention.Pin(a.Of) {
			done.Gone++
			continue
		}
		pinned = append(pinned, a.Of)
		to := webhooks[a.To : a.To+1 : a.To+1]
		r.records = append(r.records, record{of: a.Of, resend: true, to: to, head: history.AppendBulkResend(nil, a.Of, to, by, done.ID)})
	}
	if len(r.records) == 0 {
		return nil
	}
	if err := j.commits.commit(ctx, r); err != nil {
		return err
	}
	done.Count += len(r.receipts)
	first, last := r.receipts[0].Seq, r.receipts[len(r.receipts)-1].Seq
	if n := len(done.Seqs); n > 0 && done.Seqs[n-1][1]+1 == first {
		done.Seqs[n-1][1] = last
	} else {
		done.Seqs = append(done.Seqs, [2]history.Seq{first, last})
	}
	return nil
}
