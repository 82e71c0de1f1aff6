package relay

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/history/stats"
	"sidehook/relay/deliver/pace"
)

// maxRestored limits how many bytes of records are read for rates before the first
// delivery. If the last minute has more, the rates begin as if used up at that point.
const maxRestored = 16 << 20

// restoreRates has the rates of webhooks continue where the last process ended: it
// reads the requests of the last second, or minute, in one pass over the newest
// records. In a cluster that is done for each webhook when it is held.
func (r *Relay) restoreRates() {
	if r.atStart.Cluster.Given() {
		return
	}
	past := map[string]*pace.History{}
	var longest time.Duration
	for name, w := range r.active.Webhooks {
		if per := w.Settings.Rate.Per; per > 0 {
			past[name] = &pace.History{}
			longest = max(longest, per)
		}
	}
	if len(past) == 0 {
		return
	}
	since, err := r.restoreRequests(past, query.Query{}, time.Now().Add(-longest))
	if err != nil {
		since = time.Now()
		r.log.Warn("cannot read the last requests; rates begin as if used up", "error", err)
	}
	for name, p := range past {
		p.Since = since
		if !r.journal.Stopped() {
			p.Unrecorded = r.journal.Queue(name).Backlog().Events
		}
		r.deliver.RestoreRate(name, *p)
	}
}

// restoreRequests adds the requests made since from, of those that q asks for, and returns
// since when it knows all of them: later, if there are too many.
func (r *Relay) restoreRequests(past map[string]*pace.History, q query.Query, from time.Time) (since time.Time, err error) {
	reader, err := r.journal.Read()
	if err != nil {
		return time.Time{}, err
	}
	defer reader.Close()
	since, read := from, 0
	err = reader.Attempts(q, func(d *history.DeliveryRecord) bool {
		if d.At.Before(from) {
			return false
		}
		if read += len(d.Raw); read > maxRestored {
			since = d.At
			return false
		}
		if p := past[d.Webhook]; p != nil && d.Took != nil && !d.Test {
			p.Requests = append(p.Requests, pace.Request{Begun: d.At.Add(-d.Lasted()), Ended: d.At})
		}
		return true
	})
	return since, err
}

// restoreLastHour adds the attempts of the hour before the start to the statistics of
// the last hour. It may take seconds, so deliveries do not wait for it. In a cluster that
// is done for webhooks as they are held, until ctx is done.
func (r *Relay) restoreLastHour(ctx context.Context) {
	if r.atStart.Cluster.Given() {
		r.restoreHeld(ctx)
		return
	}
	reader, err := r.journal.Read()
	if err == nil {
		defer reader.Close()
		err = reader.Recent(r.start.Add(-time.Hour), r.start, func(m *stats.Minute) bool {
			r.deliver.RestoreMinute(m)
			r.givenUp.Add(m.Webhook, m.At, m.GivenUp)
			return ctx.Err() == nil
		})
	}
	if err != nil {
		r.warnLastHour(err)
	}
}

func (r *Relay) warnLastHour(err error) {
	r.log.Warn("cannot read the attempts of the last hour; its statistics are incomplete", "error", err)
}
