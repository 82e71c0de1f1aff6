package member

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/postgres/book"
	"sidehook/history/postgres/database"
	"sidehook/history/queue"
)

// rebuilt is a webhook that was taken, and whose queue is built.
type rebuilt struct {
	webhook string
	epoch   int64

	coversN   history.LineNo
	coversSeq history.Seq
	replay    *queue.Replay
	renames   []history.EventRecord // that end deliveries of it
}

// replay builds the queues of webhooks (M3). It reads as often for many as for one, so that
// a member that takes thousands has them in seconds.
func (m *Member) replay(ctx context.Context, list []*rebuilt) error {
	if err := m.readSaved(ctx, list); err != nil {
		return err
	}
	if err := m.replayAttempts(ctx, list); err != nil {
		return err
	}
	if err := m.feed.ready(ctx); err != nil {
		return err
	}
	upto := m.feed.published()
	if err := m.replayRecords(ctx, list, 0, upto); err != nil {
		return err
	}
	// The rest comes between two Publishes.
	done := make(chan error, 1)
	m.feed.later(func() { done <- m.finish(ctx, list, upto) })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finish adds what was published after upto, and then the queues to the set.
func (m *Member) finish(ctx context.Context, list []*rebuilt, upto history.Seq) error {
	list = slices.DeleteFunc(slices.Clone(list), func(w *rebuilt) bool { return !m.still(w.webhook, w.epoch) })
	// What a checkpoint covers must not be published again.
	for _, w := range list {
		for m.feed.published() < w.coversSeq {
			if _, err := m.feed.read(ctx, 0); err != nil {
				return err
			}
		}
	}
	if now := m.feed.published(); now > upto {
		if err := m.replayRecords(ctx, list, upto, now); err != nil {
			return err
		}
	}
	for _, w := range list {
		for i := range w.renames {
			w.replay.EndRenamed(&w.renames[i])
		}
		w.replay.Finish(false)
		m.feed.own(w.webhook, w.epoch)
	}
	return nil
}

// readSaved begins the replays, by the checkpoints. Without one it covers nothing.
func (m *Member) readSaved(ctx context.Context, list []*rebuilt) error {
	of := make(map[string]*rebuilt, len(list))
	names := make([]string, len(list))
	for i, w := range list {
		*w = rebuilt{webhook: w.webhook, epoch: w.epoch, replay: m.Set.Replay(m.clock.Check(), 0)}
		of[w.webhook], names[i] = w, w.webhook
	}
	rows := m.o.DB.Query(ctx, `SELECT webhook, checkpoint, covers_n, covers_seq, written FROM {schema}.cursors
		WHERE webhook = ANY ($1) AND checkpoint IS NOT NULL`, database.Texts(names))
	defer rows.Close()
	var name string
	var checkpoint []byte
	var n, seq, written int64
	for rows.Next(&name, &checkpoint, &n, &seq, &written) {
		w := of[name]
		var c queue.Checkpoint
		if err := json.Unmarshal(checkpoint, &c); err != nil {
			m.o.Log.Error("cannot read the checkpoint of a webhook; reading all of its history", "webhook", name, "error", err)
			continue
		}
		w.coversN, w.coversSeq = history.LineNo(n), history.Seq(seq)
		w.replay = m.Set.Replay(m.clock.Check(), w.coversSeq)
		w.replay.Checkpoint(name, &c, time.Unix(0, written))
		m.ledger.Reached(w.coversN)
	}
	return rows.Close()
}

// replayAttempts adds what was recorded after the checkpoints.
func (m *Member) replayAttempts(ctx context.Context, list []*rebuilt) error {
	of := make(map[string]*queue.Replay, len(list))
	names, after := make([]string, len(list)), make([]history.LineNo, len(list))
	for i, w := range list {
		of[w.webhook], names[i], after[i] = w.replay, w.webhook, w.coversN
	}
	err := m.book.Attempts(ctx, names, after, func(webhook string, d *history.DeliveryRecord) {
		m.ledger.Reached(d.N)
		if d.Kind == history.KindWebhook {
			of[webhook].State(d)
		} else {
			of[webhook].Attempt(d, false)
		}
	})
	if err != nil {
		return err
	}
	// What has ended since a checkpoint is taken out of what the queue counts.
	ended := map[history.Seq][]*queue.Replay{}
	for _, r := range of {
		for seq := range r.Unmeasured() {
			ended[seq] = append(ended[seq], r)
		}
	}
	if len(ended) == 0 {
		return nil
	}
	return m.book.Measure(ctx, slices.Collect(maps.Keys(ended)), func(rec *book.Record) {
		for _, r := range ended[rec.Seq] {
			r.Subtract(&history.EventRecord{Seq: rec.Seq, Of: rec.Of, Location: book.Location(rec.Seq, rec.Size)})
		}
	})
}

// replayRecords adds the records after a seq and after the checkpoints, up to another
// seq.
func (m *Member) replayRecords(ctx context.Context, list []*rebuilt, after, upto history.Seq) error {
	of := make(map[string]*rebuilt, len(list))
	names, from := make([]string, len(list)), make([]history.Seq, len(list))
	for i, w := range list {
		of[w.webhook], names[i], from[i] = w, w.webhook, max(after, w.coversSeq)
	}
	return m.book.For(ctx, names, from, upto, func(webhook string, d *book.Delivery) {
		w, a := of[webhook], d.Event()
		if d.Ends {
			w.renames = append(w.renames, a)
			return
		}
		a.To = []string{webhook}
		w.replay.Begin(&a)
	})
}

// checkpoint returns the state of a queue, with times of the database's clock. published is
// the record up to which everything is in the queue.
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
