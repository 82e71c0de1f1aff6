package console

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"sidehook/relay/api"
	"sidehook/relay/console/figure"
	"sidehook/relay/console/payload"
)

// tracedAttempt is an attempt on the page of its event.
type tracedAttempt struct {
	*api.Attempt
	Path   string         // of the page of its event
	before *tracedAttempt // of the same delivery

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

func (a *tracedAttempt) timing() figure.Timing {
	return figure.Timing{DNS: a.Timing.DNS, Connect: a.Timing.Connect, TLS: a.Timing.TLS, FirstByte: a.Timing.FirstByte, Took: a.Took}
}

// responseBody returns what is kept of the body of the response.
func (a *tracedAttempt) responseBody() []byte {
	if a.Response == nil {
		return nil
	}
	if len(a.Response.BodyBase64) > 0 {
		return a.Response.BodyBase64
	}
	return []byte(a.Response.Body)
}

// header returns a header of the response.
func (a *tracedAttempt) header(name string) string {
	for _, h := range a.Response.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

func (a *tracedAttempt) statusLine() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Code, http.StatusText(a.Code)))
}

// answer returns what came of the attempt, to compare.
func (a *tracedAttempt) answer() payload.Answer {
	answer := payload.Answer{Code: a.Code, Error: cmp.Or(a.Error, a.Status), Body: a.responseBody()}
	if a.Response != nil {
		answer.Headers = a.Response.Headers
	}
	return answer
}
