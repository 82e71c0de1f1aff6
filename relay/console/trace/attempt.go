package trace

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/console/figure"
	"sidehook/relay/console/payload"
	"sidehook/relay/measure"
)

// Attempt is an attempt on the page of its event.
type Attempt struct {
	*api.Attempt
	Path   string   // of the page of its event
	before *Attempt // of the same delivery

	Whole        bool // the rest is there
	Open         bool
	Waterfall    template.HTML
	When         string // the next one comes
	RequestHead  template.HTML
	ResponseHead template.HTML
	Body         payload.View  // of the response
	Changed      template.HTML // since the attempt before
	Same         bool          // nothing changed
	Curl         string
}

func (a *Attempt) timing() figure.Timing {
	return figure.Timing{DNS: a.Timing.DNS, Connect: a.Timing.Connect, TLS: a.Timing.TLS, FirstByte: a.Timing.FirstByte, Took: a.Took}
}

func (a *Attempt) statusLine() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Code, http.StatusText(a.Code)))
}

// answer returns what came of the attempt, to compare.
func (a *Attempt) answer() payload.Answer {
	answer := payload.Answer{Code: a.Code, Error: cmp.Or(a.Error, a.Status)}
	if a.Response != nil {
		answer.Headers, answer.Body = a.Response.Headers, a.Response.Bytes()
	}
	return answer
}

// next says when the next attempt comes, or was due, and why then; "" if none does.
func (a *Attempt) next(now time.Time) string {
	if a.Status != string(history.Retrying) || a.Attempt.Next.IsZero() {
		return ""
	}
	text := measure.Moment(a.Attempt.Next)
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
func (a *Attempt) label() string {
	text := fmt.Sprintf("attempt %d: %s", a.Number, a.Status)
	if a.Number == 0 {
		text = a.Status
	}
	if a.Code != 0 {
		text += fmt.Sprintf(", %d", a.Code)
	}
	return text + ", " + measure.Moment(a.At)
}

// TookText is how long the attempt took, "" if it made no request.
func (a *Attempt) TookText() string {
	if a.Took == 0 {
		return ""
	}
	return measure.Millis(a.Took)
}
