// Package played makes histories for tests as a relay does, with a journal: everything is
// done at random that leaves a record. Tests call it.
package played

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/historytest"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// player does at random what a relay does.
type player struct {
	testing.TB
	*journal.Journal
	disk   *historytest.Disk
	random *rand.Rand
	names  []string
	seqs   []history.Seq
	claims []*queue.Lease
	events int
}

// History returns a history in which some deliveries wait.
func History(t testing.TB) *historytest.Disk {
	t.Helper()
	disk := historytest.NewDisk()
	j, err := journal.OpenFS(disk, journal.Options{SegmentSize: 32 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- j.Run(ctx) }()
	p := &player{TB: t, Journal: j, disk: disk, random: rand.New(rand.NewPCG(3, 4)), names: []string{"crm", "erp", "mail", "paused"}}
	steps := []func(){p.post, p.post, p.post, p.deliver, p.deliver, p.deliver, p.test, p.resend, p.state, p.rename, p.bulk}
	for i := range 900 {
		steps[p.random.IntN(len(steps)-min(i%8, 3))]()
	}
	for _, l := range p.claims {
		l.Release(nil, time.Now().Add(time.Hour))
	}
	j.WaitWritten(ctx)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return disk
}

func (p *player) name() string { return p.names[p.random.IntN(len(p.names))] }

// post accepts some events, of which one in five nobody wants.
func (p *player) post() {
	types := []string{"order.paid", "order.shipped", "user.created", "rare", "order"}
	var entries []history.Entry
	for range 1 + p.random.IntN(4) {
		p.events++
		id := fmt.Sprintf("e%d", p.events%500) // some are of the same id
		d := event.Decoder{Source: fmt.Sprintf("source%d", p.random.IntN(3))}
		e, err := d.Plain(fmt.Appendf(nil, `{"type":%q,"id":%q,"data":{"n":%d}}`, types[p.random.IntN(len(types))], id, p.events))
		if err != nil {
			p.Fatal(err)
		}
		entry := history.Entry{Event: e, Generation: history.Generation(1 + p.events/500)}
		for _, name := range p.names {
			if p.random.IntN(3) > 0 {
				entry.To = append(entry.To, name)
			}
		}
		switch p.random.IntN(10) {
		case 0, 1:
			entry.To = nil
		case 2:
			if len(entry.To) > 0 {
				entry.Failures = []history.Failure{{Webhook: entry.To[0], Reason: "no such attribute"}}
			}
		}
		entries = append(entries, entry)
	}
	p.append(entries)
}

func (p *player) append(entries []history.Entry) {
	receipts, err := p.Append(context.Background(), entries)
	if err != nil {
		return // a conflict, if an id comes again with other content
	}
	for _, r := range receipts {
		p.seqs = append(p.seqs, r.Seq)
	}
}

// deliver makes some attempts.
func (p *player) deliver() {
	for range p.random.IntN(6) {
		name := p.name()
		if name == "paused" && p.random.IntN(8) > 0 {
			continue
		}
		l, ok := p.Queue(name).Claim(queue.Retries)
		if !ok {
			continue
		}
		e, _ := l.Event.Parsed()
		took := time.Duration(1+p.random.IntN(900)) * time.Millisecond
		a := history.Attempt{
			Generation: history.Generation(1 + p.events/500), Type: e.Type, Event: e.ID, Status: history.Delivered, Code: 200, Took: took,
			Timing: history.Timing{FirstByte: took}, Response: &history.Response{Body: []byte(`{"late":true}`)},
			Request: []history.Header{{Name: "webhook-timestamp", Value: "1"}},
		}
		if p.random.IntN(4) == 0 {
			a.SentID = fmt.Sprintf("msg_%d", l.Number%200)
		}
		switch p.random.IntN(8) {
		case 0, 1:
			a.Status, a.Code, a.Error = history.Retrying, 503, "503 Service Unavailable"
			l.Retry(a, time.Now().Add(time.Duration(p.random.IntN(3))*time.Millisecond))
			continue
		case 2:
			a.Status, a.Code, a.Error = history.Failed, 410, "410 Gone"
		case 3:
			a.Status, a.Code, a.Error, a.Response = history.Exhausted, 0, "connection refused", nil
		case 4:
			a.Status, a.Code, a.Throttled = history.Retrying, 429, time.Now().Add(time.Millisecond)
			l.Retry(a, a.Throttled)
			continue
		case 5:
			if len(p.claims) < 5 {
				p.claims = append(p.claims, l)
				continue
			}
		}
		l.Done(a)
	}
	for p.random.IntN(3) == 0 && len(p.claims) > 0 {
		p.claims[0].Done(history.Attempt{Status: history.Expired, Unsent: true, Error: "too old"})
		p.claims = p.claims[1:]
	}
}

// test accepts the test of a webhook, with its attempt.
func (p *player) test() {
	p.events++
	d := event.Decoder{Source: "test"}
	e, err := d.Plain(fmt.Appendf(nil, `{"type":"order.paid","id":"test%d"}`, p.events))
	if err != nil {
		p.Fatal(err)
	}
	name := p.name()
	receipts, err := p.Append(context.Background(), []history.Entry{{Event: e, Test: name, Generation: 1}})
	if err != nil {
		p.Fatal(err)
	}
	if p.random.IntN(3) > 0 {
		p.Queue(name).RecordTest(receipts[0].Seq, time.Now(), history.Attempt{Event: e.ID, Type: e.Type, Status: history.Failed, Code: 500, Generation: 1})
	}
	p.seqs = append(p.seqs, receipts[0].Seq)
}

// resend makes an event delivered again.
func (p *player) resend() {
	if len(p.seqs) == 0 {
		return
	}
	r, err := query.OpenFS(p.disk)
	if err != nil {
		p.Fatal(err)
	}
	defer r.Close()
	a, err := r.Event(query.EventRef{Seq: p.seqs[p.random.IntN(len(p.seqs))]})
	if err != nil || a.Test != "" {
		return
	}
	if _, err := p.Resend(context.Background(), journal.Resend{Of: a, To: []string{p.name()}, By: "api"}); err != nil {
		p.Fatal(err)
	}
}

func (p *player) state() {
	states := []history.WebhookState{{}, {Name: "failing", Why: "503"}, {Name: "disabled", Why: "too long"}}
	s := states[p.random.IntN(len(states))]
	if s.Name != "" {
		s.Since = time.Now()
	}
	p.Queue(p.name()).SetState(s)
}

// rename gives a webhook a new name.
func (p *player) rename() {
	i := p.random.IntN(len(p.names))
	to := fmt.Sprintf("%s%d", p.names[i][:3], p.random.IntN(3))
	if slices.Contains(p.names, to) || p.random.IntN(6) > 0 {
		return
	}
	if _, err := p.Rename(context.Background(), p.names[i], to, 3); err != nil {
		p.Fatal(err)
	}
	p.names[i] = to
}

// bulk makes deliveries again that have failed.
func (p *player) bulk() {
	p.WaitWritten(context.Background())
	_, err := p.ResendBulk(context.Background(), query.Bulk{Webhooks: []string{p.name()}, Statuses: []history.Status{history.Failed, history.Exhausted}}, "cli")
	if err != nil {
		p.Fatal(err)
	}
}
