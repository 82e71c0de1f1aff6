package trace

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/console/figure"
	"sidehook/relay/console/payload"
)

// Delivery is the event, or one resend of it, at a webhook.
type Delivery struct {
	Seq      history.Seq
	Title    string // "" for the event itself
	Start    time.Time
	Schedule template.HTML
	Attempts []*Attempt // the newest first
	Earlier  int        // attempts that are not listed
	status   string     // of its last attempt, "" before the first
	waiting  bool
}

// deliveries returns the event and its resends at a webhook, the oldest first.
func (b *builder) deliveries(name string) (list []*Delivery) {
	if slices.Contains(b.view.To, name) || b.view.Test == name {
		list = append(list, &Delivery{Seq: b.view.Seq, Start: b.view.At, waiting: b.view.Test != name})
	}
	for _, r := range b.resends {
		if !slices.Contains(r.To, name) {
			continue
		}
		d := &Delivery{Seq: r.Seq, Start: r.At, Title: "Resent by " + r.By, waiting: true}
		if r.Was != "" {
			d.Title = "Renamed from " + r.Was
		}
		list = append(list, d)
	}
	for i := range b.attempts {
		a := &b.attempts[i]
		if a.Webhook != name {
			continue
		}
		at := slices.IndexFunc(list, func(d *Delivery) bool { return d.Seq == a.Seq })
		if at < 0 { // of a webhook that had another name
			list = append(list, &Delivery{Seq: a.Seq, Start: b.view.At})
			at = len(list) - 1
		}
		d := list[at]
		d.Attempts = append(d.Attempts, &Attempt{Attempt: a, Path: b.view.SeqPath()})
		d.status, d.waiting = a.Status, a.Status == string(history.Retrying)
	}
	if d := b.decision(name); d != nil && d.Wanted && !d.Now && len(list) > 0 && list[0].Seq == b.view.Seq &&
		d.Status != string(query.Pending) && d.Status != string(history.Retrying) {
		list[0].waiting = false // it goes on under another name
	}
	return list
}

// addSchedule draws a delivery on a line of time.
func (b *builder) addSchedule(d *Delivery, terms Terms) {
	s := figure.Schedule{Start: d.Start, Now: b.now}
	if s.Now.Before(d.Start) {
		s.Now = d.Start
	}
	for _, a := range d.Attempts {
		s.Made = append(s.Made, figure.Mark{At: a.At, Status: a.Status, Label: a.label()})
	}
	if d.waiting {
		s.Ahead = ahead(d, terms, s.Now)
		s.Expires = b.expiry(d, terms)
	}
	if len(s.Made)+len(s.Ahead) > 1 || d.waiting {
		d.Schedule = s.Draw()
	}
}

// ahead returns when attempts will be made, if each before fails.
func ahead(d *Delivery, terms Terms, now time.Time) (list []time.Time) {
	number, next := 1, now
	if n := len(d.Attempts); n > 0 {
		last := d.Attempts[n-1]
		number, next = last.Number+1, last.Next
		if last.Again || last.NoStep {
			number = last.Number
		}
	}
	if next.Before(now) {
		next = now // it is due
	}
	for ; number <= len(terms.Retry)+1; number++ {
		list = append(list, next)
		if number > len(terms.Retry) {
			break
		}
		next = next.Add(terms.Retry[number-1])
	}
	if len(list) == 0 {
		list = append(list, next) // the schedule was longer when it began
	}
	return list
}

// expiry returns when a delivery that still waits ends, zero if it is not known. The
// expirytime of the event does not count for a resend, which was asked for by someone who
// saw the event.
func (b *builder) expiry(d *Delivery, terms Terms) (at time.Time) {
	if terms.Age > 0 {
		at = d.Start.Add(terms.Age)
	}
	if own, ok := event.ExpiryTime(b.view.Event, b.view.Filled); ok && d.Seq == b.view.Seq && (at.IsZero() || own.Before(at)) {
		at = own
	}
	return at
}

// show decides which attempts of a delivery are listed, and which of them whole. It leaves
// them with the newest first.
func (b *builder) show(ctx context.Context, d *Delivery, request *requestBody) {
	for i, a := range d.Attempts[:max(0, len(d.Attempts)-1)] {
		d.Attempts[i+1].before = a
	}
	slices.Reverse(d.Attempts)
	var listed []*Attempt
	for _, a := range d.Attempts {
		a.Open = b.asked.Attempt == fmt.Sprint(a.N)
		switch {
		case a.Open, b.whole > 0:
			b.whole--
			b.fill(ctx, a, request)
		case b.lines > 0:
			b.lines--
		default:
			d.Earlier++
			continue
		}
		listed = append(listed, a)
	}
	d.Attempts = listed
}

// fill adds all that is known of an attempt.
func (b *builder) fill(ctx context.Context, a *Attempt, request *requestBody) {
	a.Whole = true
	a.Waterfall = figure.Waterfall(a.timing())
	a.When = a.next(b.now)
	if a.Request.URL != "" || len(a.Request.Headers) > 0 {
		a.RequestHead = head("POST "+a.Request.URL, a.Request.Headers)
		a.Curl = curlOf(a.Request, request.get(ctx))
	}
	if a.Response != nil {
		a.ResponseHead = head(a.statusLine(), a.Response.Headers)
		a.Body = payload.Render(a.Response.Bytes(), payload.Options{
			Type: a.Response.Headers.Get("Content-Type"), Cut: a.Response.Truncated, Elements: max(1, min(answerElements, b.elements)),
		})
		b.elements -= a.Body.Elements
	}
	if a.before != nil {
		a.Changed = payload.Changed(a.before.answer(), a.answer())
		a.Same = a.Changed == ""
		if n := strings.Count(string(a.Changed), "<ins>") + strings.Count(string(a.Changed), "<del>"); n <= b.elements {
			b.elements -= n
		} else {
			a.Changed = ""
		}
	}
}

// head returns the lines before the body of a request or an answer.
func head(first string, headers api.Headers) template.HTML {
	var b strings.Builder
	b.WriteString(first)
	for _, h := range headers {
		b.WriteString("\n" + h.Name + ": " + h.Value)
	}
	return payload.Render([]byte(strings.ToValidUTF8(b.String(), "\uFFFD")), payload.Options{Elements: 10}).HTML
}
