package relay

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/deliver"
)

// mostRecalled bounds how many bytes of lines are read for rates before the first
// delivery. A history that is busier than that in a minute has them begin as if
// they had been used up by then.
const mostRecalled = 16 << 20

// recallRates has the rates of webhooks count on where the process before ended:
// it reads their requests of the last second, or minute, in one pass over the
// newest lines.
func (r *Relay) recallRates() {
	past := map[string]*deliver.Past{}
	var longest time.Duration
	for name, w := range r.force.webhooks {
		if per := w.settings.Rate.Per; per > 0 {
			past[name] = &deliver.Past{}
			longest = max(longest, per)
		}
	}
	if len(past) == 0 {
		return
	}
	since, err := r.recallRequests(past, time.Now().Add(-longest))
	if err != nil {
		since = time.Now()
		r.log.Warn("cannot read the last requests: rates begin as if they were used up", "error", err)
	}
	for name, p := range past {
		p.Since = since
		if !r.journal.Stopped() {
			p.Untold = r.journal.Queue(name).Backlog().Events
		}
		r.deliver.Recall(name, *p)
	}
}

// recallRequests adds the requests that were made since a time, if they are not
// too many, and says since when it did.
func (r *Relay) recallRequests(past map[string]*deliver.Past, from time.Time) (since time.Time, err error) {
	reading, err := query.Open(r.dir)
	if err != nil {
		return time.Time{}, err
	}
	defer reading.Close()
	since, read := from, 0
	err = reading.Attempts(query.Query{}, func(o *history.DeliveryRecord) bool {
		if o.At.Before(from) {
			return false
		}
		if read += len(o.Raw); read > mostRecalled {
			since = o.At
			return false
		}
		if p := past[o.Webhook]; p != nil && o.Took != nil && !o.Test {
			p.Requests = append(p.Requests, deliver.Request{Begun: o.At.Add(-o.Lasted()), Ended: o.At})
		}
		return true
	})
	return since, err
}

// recallHour adds what attempts came to in the hour before the start to what is
// told of the last hour. It reads beside the deliveries, as it may take seconds.
func (r *Relay) recallHour(ctx context.Context) {
	reading, err := query.Open(r.dir)
	if err == nil {
		defer reading.Close()
		err = reading.Recent(r.start.Add(-time.Hour), r.start, func(m *query.Minute) bool {
			r.deliver.RecallMinute(m)
			return ctx.Err() == nil
		})
	}
	if err != nil {
		r.log.Warn("cannot read what became of the attempts of the last hour: less is shown of it", "error", err)
	}
}
