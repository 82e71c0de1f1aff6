package member

import (
	"context"
	"encoding/json"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/postgres/book"
	"sidehook/history/postgres/database"
	"sidehook/history/queue"
)

// saved is a checkpoint as it was written.
type saved struct {
	checkpoint []byte
	coversN    history.LineNo
	coversSeq  history.Seq
	written    time.Time
}

// replay builds the queue of a webhook (M3).
func (m *Member) replay(ctx context.Context, webhook string, epoch int64) error {
	s, err := m.readSaved(ctx, webhook)
	if err != nil {
		return err
	}
	r := m.Set.Replay(m.clock.Check(), s.coversSeq)
	if s.checkpoint != nil {
		var c queue.Checkpoint
		if err := json.Unmarshal(s.checkpoint, &c); err != nil {
			m.o.Log.Error("cannot read the checkpoint of a webhook; reading all of its history", "webhook", webhook, "error", err)
			s = saved{}
			r = m.Set.Replay(m.clock.Check(), 0)
		} else {
			r.Checkpoint(webhook, &c, s.written)
		}
	}
	m.ledger.Reached(s.coversN)
	err = m.book.Attempts(ctx, webhook, s.coversN, func(d *history.DeliveryRecord) {
		m.ledger.Reached(d.N)
		if d.Kind == history.KindWebhook {
			r.State(d)
		} else {
			r.Attempt(d, false)
		}
	})
	if err != nil {
		return err
	}
	if err := m.subtract(ctx, r); err != nil {
		return err
	}
	if err := m.feed.ready(ctx); err != nil {
		return err
	}
	upto := max(m.feed.published(), s.coversSeq)
	var renames []history.EventRecord
	took := func(d *book.Delivery) {
		a := d.Event()
		switch {
		case d.Ends:
			renames = append(renames, a)
		default:
			a.To = []string{webhook}
			r.Begin(&a)
		}
	}
	if err := m.book.For(ctx, webhook, s.coversSeq, upto, took); err != nil {
		return err
	}
	// The rest comes between two Publishes.
	done := make(chan error, 1)
	m.feed.later(func() {
		if !m.still(webhook, epoch) {
			done <- nil
			return
		}
		// What the checkpoint covers must not be published again.
		for m.feed.published() < s.coversSeq {
			if _, err := m.feed.read(ctx, 0); err != nil {
				done <- err
				return
			}
		}
		if now := m.feed.published(); now > upto {
			if err := m.book.For(ctx, webhook, upto, now, took); err != nil {
				done <- err
				return
			}
		}
		for i := range renames {
			r.EndRenamed(&renames[i])
		}
		r.Finish(false)
		m.feed.own(webhook, epoch)
		done <- nil
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readSaved reads the checkpoint of a webhook. Without one it covers nothing.
func (m *Member) readSaved(ctx context.Context, webhook string) (s saved, err error) {
	rows := m.o.DB.Query(ctx, `SELECT checkpoint, covers_n, covers_seq, written FROM {schema}.cursors WHERE webhook = $1`, database.Text(webhook))
	var n, seq, written int64
	rows.Next(&s.checkpoint, &n, &seq, &written)
	s.coversN, s.coversSeq, s.written = history.LineNo(n), history.Seq(seq), time.Unix(0, written)
	return s, rows.Close()
}

// subtract takes what has ended since the checkpoint out of what the queue counts.
func (m *Member) subtract(ctx context.Context, r *queue.Replay) error {
	var seqs []history.Seq
	for seq := range r.Unmeasured() {
		seqs = append(seqs, seq)
	}
	if len(seqs) == 0 {
		return nil
	}
	return m.book.Measure(ctx, seqs, func(rec *book.Record) {
		r.Subtract(&history.EventRecord{Seq: rec.Seq, Of: rec.Of, Location: book.Location(rec.Seq, rec.Size)})
	})
}

// checkpoint returns where a queue stands, in the terms of the database's clock. published
// is the record up to which everything is in the queue.
func (m *Member) checkpoint(q *queue.Queue, published history.Seq) queue.Checkpoint {
	c, ok := q.Checkpoint(m.clock.Check(), published, 0)
	return m.completed(c, ok, published)
}

func (m *Member) completed(c queue.Checkpoint, pending bool, published history.Seq) queue.Checkpoint {
	if !pending { // it has had everything
		c.Last, c.Next = published, published+1
	}
	skew := m.clock.skew()
	shift(&c, skew)
	return c
}

// shift moves the times that are of this machine's clock.
func shift(c *pending.Checkpoint, by time.Duration) {
	times := []*time.Time{&c.Since}
	if c.Row != nil {
		row := *c.Row
		c.Row = &row
		times = append(times, &row.Since, &row.Last, &row.Success, &row.ErrorAt)
	}
	for _, t := range times {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
}
