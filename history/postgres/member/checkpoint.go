package member

import (
	"context"
	"encoding/json"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/ledger"
	"sidehook/history/queue"
)

// saveLast lets go of a queue and writes its last checkpoint.
func (f *feed) saveLast(webhook string) {
	epoch, ok := f.owned[webhook]
	if !ok {
		return // its queue was never built
	}
	n, published := f.m.ledger.LastN(), f.published()
	q := f.m.Set.Queue(webhook)
	c, refs, figures := f.m.checkpoint(q, published), refsOf(q), f.m.o.Figures(webhook)
	f.remove(webhook)
	f.saveOne(webhook, epoch, n, published, &c, refs, figures)
}

// save writes the checkpoints that are due (P9).
func (f *feed) save() {
	due := map[string]struct{}{}
	count := 0
	f.m.ledger.Unsaved(func(name string, lines int) {
		if _, ok := f.owned[name]; ok && count < saveMost && (lines >= saveLines || time.Since(f.savedAt[name]) >= saveEvery) {
			due[name] = struct{}{}
			count++
		}
	})
	for name := range f.changed {
		if count < saveMost && time.Since(f.savedAt[name]) >= saveEvery {
			due[name] = struct{}{}
			count++
		}
	}
	for name := range due {
		f.saveQueue(name)
	}
}

// saveQueue writes the checkpoint of a queue that stays in use.
func (f *feed) saveQueue(name string) {
	n, published := f.m.ledger.LastN(), f.published()
	q := f.m.Set.Queue(name)
	c := f.m.checkpoint(q, published)
	f.saveOne(name, f.owned[name], n, published, &c, refsOf(q), f.m.o.Figures(name))
	delete(f.changed, name)
	f.savedAt[name] = time.Now()
}

// Save returns once the checkpoint and the figures of a webhook are durable as they are
// now, if this member owns it; or ctx is done, or the database is away.
func (m *Member) Save(ctx context.Context, webhook string) {
	taken := make(chan struct{})
	m.feed.later(func() {
		defer close(taken)
		if _, ok := m.feed.owned[webhook]; ok {
			m.feed.saveQueue(webhook)
		}
	})
	select {
	case <-taken:
		m.ledger.WaitWritten(ctx) // if not now it is written later
	case <-ctx.Done():
	}
}

func (f *feed) saveOne(webhook string, epoch int64, n history.LineNo, published history.Seq, c *queue.Checkpoint, refs [][2]history.Seq, figures []byte) {
	text, err := json.Marshal(c)
	if err != nil {
		f.m.o.Log.Error("cannot write the checkpoint of a webhook", "webhook", webhook, "error", err)
		return
	}
	f.m.ledger.Save(&ledger.Checkpoint{
		Webhook: webhook, Epoch: epoch, At: f.m.clock.Check(), JSON: text, CoversN: n, CoversSeq: published, Refs: refs, Figures: figures,
	})
}

// refsOf returns the records that a queue needs.
func refsOf(q *queue.Queue) (refs [][2]history.Seq) {
	for _, r := range q.References() {
		refs = append(refs, [2]history.Seq{r.From, r.To})
	}
	return refs
}
