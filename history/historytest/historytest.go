// Package historytest makes histories to test and to measure queries with, and has
// the disk in memory (Disk) for tests outside history. Tests and the tool in
// generate call it; the sidehook binary does not contain it.
package historytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/files"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs"
)

// Options say which history to generate.
type Options struct {
	Attempts    int
	Webhooks    int // 10 if 0
	Seed        uint64
	Until       time.Time // of the last attempt, about; now if zero
	SegmentSize int64     // segment.MaxSize if 0
}

// Generate writes a history and its indexes into an empty folder. It looks like
// some days of traffic: some webhooks, each tenth of them bad, a few types of events, a
// retry now and then, a hundred attempts a second. The same seed makes the same
// history.
func Generate(ctx context.Context, path string, opts Options) (err error) {
	dir, err := vfs.Dir(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := GenerateFS(dir, opts); err != nil {
		return err
	}
	return upkeep.BuildIndexes(ctx, dir)
}

// GenerateFS writes a history without indexes on an empty file system.
func GenerateFS(unlocked vfs.Lockable, opts Options) (err error) {
	names, err := unlocked.List()
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return errors.New("generate a history: the folder is not empty")
	}
	fsys, err := vfs.Lock(unlocked)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fsys.Unlock()) }()
	if err := files.CheckFormat(fsys); err != nil {
		return err
	}
	if opts.Until.IsZero() {
		opts.Until = time.Now()
	}
	g := generator{
		webhooks: cmp.Or(opts.Webhooks, 10), random: rand.New(rand.NewPCG(opts.Seed, 1)), at: opts.Until.Add(-time.Duration(opts.Attempts) * attemptEvery), configs: map[string]bool{},
	}
	for stream, writer := range map[segment.Stream]**segment.Writer{segment.Events: &g.events, segment.Deliveries: &g.deliveries} {
		found, err := segment.Recover(fsys, stream, segment.Options{Limit: opts.SegmentSize})
		if err != nil {
			return err
		}
		*writer = found.Writer
		defer found.Writer.Close() // synced below
	}
	for g.made < opts.Attempts {
		if err := g.batch(opts.Attempts); err != nil {
			return err
		}
	}
	return errors.Join(g.events.Sync(), g.deliveries.Sync())
}

const (
	attemptEvery  = 10 * time.Millisecond
	batchAttempts = 200
)

type generator struct {
	webhooks           int
	random             *rand.Rand
	events, deliveries *segment.Writer
	at                 time.Time
	made               int
	configs            map[string]bool // the webhooks whose configuration the segment has
}

// batch writes some events and their attempts.
func (g *generator) batch(attempts int) error {
	for _, w := range []*segment.Writer{g.events, g.deliveries} {
		fresh, err := w.Begin()
		if err != nil {
			return err
		}
		if w == g.deliveries && fresh {
			clear(g.configs)
		}
	}
	for until := min(attempts, g.made+batchAttempts); g.made < until; {
		if err := g.event(until); err != nil {
			return err
		}
	}
	return errors.Join(g.events.Write(), g.deliveries.Write())
}

// event writes an event for two webhooks, and its attempts.
func (g *generator) event(until int) error {
	types := [...]string{"order.paid", "order.shipped", "order.canceled", "user.created", "user.deleted", "invoice.sent", "com.example.app.reload.finished"}
	n := g.random.IntN(g.webhooks)
	to := []int{n, (n + 3) % g.webhooks}
	text := fmt.Appendf(nil, `{"type":%q,"id":"%016x","data":{"customer":%d,"total":%d.%02d,"note":"%0160x"}}`,
		types[g.random.IntN(len(types))], g.random.Uint64(), g.random.IntN(1e6), g.random.IntN(1000), g.random.IntN(100), g.random.Uint64())
	e, err := (&event.Decoder{Source: "com.example/shop", Now: func() time.Time { return g.at }}).Plain(text)
	if err != nil {
		return err
	}
	entry := history.Entry{Event: e, To: []string{nameOf(to[0]), nameOf(to[1])}, Generation: 1}
	seq, _ := g.events.Add(g.at, history.AppendEventHead(nil, &entry), e.JSON)
	for _, n := range to {
		for number := 1; g.made < until; number++ {
			if g.attempt(history.Seq(seq), n, number, &e) != history.Retrying {
				break
			}
		}
	}
	return nil
}

func nameOf(n int) string { return fmt.Sprintf("webhook-%d", n) }

// attempt writes an attempt. Three percent fail, and half of those to a bad webhook.
func (g *generator) attempt(seq history.Seq, n, number int, e *event.Event) history.Status {
	webhook := nameOf(n)
	if !g.configs[webhook] {
		g.configs[webhook] = true
		g.deliveries.Add(g.at, history.AppendConfig(nil, webhook, &history.Config{
			Generation: 1, URL: "https://hooks.example.com/" + webhook, Headers: []history.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "User-Agent", Value: "sidehook/1.0.0"}},
		}))
	}
	took := time.Duration(2+g.random.ExpFloat64()*20) * time.Millisecond
	a := history.Attempt{
		Generation: 1, Type: e.Type, Event: e.ID, Status: history.Delivered, Code: 200, Took: took, Timing: history.Timing{FirstByte: took - time.Millisecond}, Remote: "192.0.2.7:443",
		Request: []history.Header{
			{Name: "webhook-timestamp", Value: fmt.Sprint(g.at.Unix())},
			{Name: "webhook-signature", Value: fmt.Sprintf("v1,%043x=", g.random.Uint64())},
		},
		Response: &history.Response{
			Headers: []history.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "Date", Value: g.at.UTC().Format(time.RFC1123)}, {Name: "X-Request-Id", Value: fmt.Sprintf("%032x", g.random.Uint64())}},
			Body:    fmt.Appendf(nil, `{"ok":true,"trace":"%0200x"}`, g.random.Uint64()),
		},
	}
	var next time.Time
	if g.random.IntN(100) < 3 || n%10 == 9 && g.random.IntN(2) == 0 {
		a.Status, a.Code, a.Error, a.Response.Body = history.Retrying, 503, "503 Service Unavailable", []byte("try again later")
		next = g.at.Add(5 * time.Second)
		if number == 3 {
			a.Status, next = history.Exhausted, time.Time{}
		}
		if g.random.IntN(100_000) == 0 {
			a.Status, a.Code, a.Error, next = history.Failed, 410, "410 Gone", time.Time{}
		}
	}
	g.deliveries.Add(g.at, history.AppendAttempt(nil, &history.AttemptRecord{Webhook: webhook, Seq: seq, Number: number, Next: next}, &a))
	g.made++
	g.at = g.at.Add(attemptEvery)
	return a.Status
}
