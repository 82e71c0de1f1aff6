package archive

import (
	"context"
	"encoding/json"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/postgres/database"
)

// waits returns what waits for a webhook, or for all if it is "": what waited at the
// checkpoints and came later, less what has ended since.
func (r *Reader) waits(ctx context.Context, webhook string) (*pending.Waiting, error) {
	p := pending.NewWaiting(0)
	var name string
	var checkpoint database.Shared
	var coversN, coversSeq int64
	var webhooks []string
	var since []int64
	var bad error
	err := r.each(ctx, `SELECT webhook, checkpoint, covers_n, covers_seq FROM {schema}.cursors WHERE $1 = '' OR webhook = $1`,
		[]database.Argument{database.Text(webhook)}, []any{&name, &checkpoint, &coversN, &coversSeq}, func() bool {
			covers := history.Seq(coversSeq)
			c := pending.Checkpoint{Last: covers, Next: covers + 1}
			if checkpoint != nil {
				bad = json.Unmarshal(checkpoint, &c)
			}
			p.Add(name, &c, covers)
			webhooks, since = append(webhooks, name), append(since, coversN)
			return bad == nil
		})
	if err != nil || bad != nil {
		return p, firstOf(err, bad)
	}
	var seq int64
	// Tests, and what is late, do not count, and end nothing.
	err = r.each(ctx, `SELECT a.webhook, a.seq FROM unnest($1::text[], $2::bigint[]) AS c(webhook, n)
		JOIN {schema}.attempts a ON a.webhook = c.webhook AND a.n > c.n
		WHERE a.kind = 'attempt' AND a.status <> 'retrying' AND a.counts <> 0`, []database.Argument{database.Texts(webhooks), database.Int8s(since)}, []any{&name, &seq}, func() bool {
		p.End(name, history.Seq(seq))
		return true
	})
	return p, err
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// waitsFor returns a function that reports whether a delivery has not ended. It reads the
// checkpoints when it is first called.
func (r *Reader) waitsFor(ctx context.Context) func(webhook string, seq history.Seq) (bool, error) {
	var p *pending.Waiting
	return func(webhook string, seq history.Seq) (bool, error) {
		if p == nil {
			var err error
			if p, err = r.waits(ctx, ""); err != nil {
				p = nil
				return false, err
			}
		}
		return p.Wait(webhook, seq), nil
	}
}

// Backlogs returns how many deliveries to each webhook have not ended.
func (r *Reader) Backlogs() (map[string]uint64, error) {
	ctx := context.Background()
	p, err := r.waits(ctx, "")
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	var webhooks []string
	var last []int64
	p.Counts(func(webhook string, covers history.Seq, waiting int) {
		counts[webhook] = int64(waiting)
		webhooks, last = append(webhooks, webhook), append(last, int64(covers))
	})
	var name string
	var n int64
	err = r.each(ctx, `SELECT c.webhook, count(*) FROM unnest($1::text[], $2::bigint[]) AS c(webhook, last)
		JOIN {schema}.targets t ON t.webhook = c.webhook AND t.seq > c.last AND t.ends = 0 GROUP BY c.webhook`,
		[]database.Argument{database.Texts(webhooks), database.Int8s(last)}, []any{&name, &n}, func() bool {
			counts[name] += n
			return true
		})
	waiting := map[string]uint64{}
	for name, n := range counts {
		if n > 0 {
			waiting[name] = uint64(n)
		}
	}
	return waiting, err
}
