package console

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
	"sidehook/relay/measure"
)

// delivery is the event, or one resend of it, at a webhook.
type delivery struct {
	Seq      history.Seq
	Title    string // "" for the event itself
	Start    time.Time
	Schedule template.HTML
	Attempts []*tracedAttempt // the newest first
	Earlier  int              // attempts that are not listed
	status   string           // of its last attempt, "" before the first
	waiting  bool
}

// deliveries returns the event and its resends at a webhook, the oldest first.
func (b *sectionBuilder) deliveries(name string) (list []*delivery) {
	if slices.Contains(b.view.To, name) || b.view.Test == name {
		list = append(list, &delivery{Seq: b.view.Seq, Start: b.view.At, waiting: b.view.Test != name})
	}
	for _, r := range b.resends {
		if !slices.Contains(r.To, name) {
			continue
		}
		d := &delivery{Seq: r.Seq, Start: r.At, Title: "Resent by " + r.By, waiting: true}
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
		at := slices.IndexFunc(list, func(d *delivery) bool { return d.Seq == a.Seq })
		if at < 0 { // of a webhook that had another name
			list = append(list, &delivery{Seq: a.Seq, Start: b.view.At})
			at = len(list) - 1
		}
		d := list[at]
		d.Attempts = append(d.Attempts, &tracedAttempt{Attempt: a, Path: b.view.SeqPath()})
		d.status, d.waiting = a.Status, a.Status == string(history.Retrying)
	}
	if d := b.decision(name); d != nil && d.Wanted && !d.Now && len(list) > 0 && list[0].Seq == b.view.Seq &&
		d.Status != string(query.Pending) && d.Status != string(history.Retrying) {
		list[0].waiting = false // it goes on under another name
	}
	return list
}

// addSchedule draws a delivery on a line of time.
func (b *sectionBuilder) addSchedule(d *delivery, terms Terms) {
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
func ahead(d *delivery, terms Terms, now time.Time) (list []time.Time) {
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
func (b *sectionBuilder) expiry(d *delivery, terms Terms) (at time.Time) {
	if terms.Age > 0 {
		at = d.Start.Add(terms.Age)
	}
	if own, ok := event.ExpiryTime(b.view.Event, b.view.Filled); ok && d.Seq == b.view.Seq && (at.IsZero() || own.Before(at)) {
		at = own
	}
	return at
}

// show decides which attempts of a delivery are listed, and which of them whole. It leaves
// them with the newest first. The newest of the newest delivery is open.
func (b *sectionBuilder) show(ctx context.Context, d *delivery, newest bool, request *requestBody) {
	for i, a := range d.Attempts[:max(0, len(d.Attempts)-1)] {
		d.Attempts[i+1].before = a
	}
	slices.Reverse(d.Attempts)
	var listed []*tracedAttempt
	for i, a := range d.Attempts {
		chosen := b.asked == fmt.Sprint(a.N)
		switch {
		case chosen, b.whole > 0:
			b.whole--
			a.Open = chosen || i == 0 && newest && b.asked == ""
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
func (b *sectionBuilder) fill(ctx context.Context, a *tracedAttempt, request *requestBody) {
	a.Whole = true
	a.Waterfall = figure.Waterfall(a.timing(), 0)
	a.When = a.next(b.now)
	if a.Request.URL != "" || len(a.Request.Headers) > 0 {
		a.RequestHead = head("POST "+a.Request.URL, a.Request.Headers)
		a.Curl = curlOf(a.Request, request.get(ctx))
	}
	if a.Response != nil {
		a.ResponseHead = head(a.statusLine(), a.Response.Headers)
		a.Body = payload.Render(a.responseBody(), payload.Options{
			Type: a.header("Content-Type"), Cut: a.Response.Truncated, Elements: max(1, min(answerElements, b.elements)),
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

// next says when the next attempt comes, or was due, and why then; "" if none does.
func (a *tracedAttempt) next(now time.Time) string {
	if a.Status != string(history.Retrying) || a.Attempt.Next.IsZero() {
		return ""
	}
	text := momentOf(a.Attempt.Next).Local
	switch {
	case a.ThrottledUntil.Equal(a.Attempt.Next):
		return text + ": throttled, the receiver asked to wait until then"
	case a.Again:
		return fmt.Sprintf("%s: attempt %d is repeated", text, a.Number)
	case a.NoStep:
		return fmt.Sprintf("%s: attempt %d does not count in the retry schedule", text, a.Number)
	}
	return fmt.Sprintf("%s: retry schedule, wait %d (±10 %%)", text, a.Number)
}

// label is what a mark on the line of time says.
func (a *tracedAttempt) label() string {
	text := fmt.Sprintf("attempt %d: %s", a.Number, a.Status)
	if a.Number == 0 {
		text = a.Status
	}
	if a.Code != 0 {
		text += fmt.Sprintf(", %d", a.Code)
	}
	return text + ", " + momentOf(a.At).Local
}

// TookText is how long the attempt took, "" if it made no request.
func (a *tracedAttempt) TookText() string {
	if a.Took == 0 {
		return ""
	}
	return measure.Millis(a.Took)
}
