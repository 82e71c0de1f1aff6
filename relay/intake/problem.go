package intake

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
)

// problem is a refusal, answered as problem+json (RFC 9457).
type problem struct {
	status    int
	detail    string
	index     int    // of the event in its batch; -1: none
	events    int    // how many there were in the request; 0: it is not known
	retry     int    // Retry-After, in seconds; 0: none
	allow     string // the Allow header
	challenge bool   // WWW-Authenticate
	hangUp    bool   // what is left of the request is not read
	unread    bool   // there may be more to come of its body than was read
}

// How long a client is told to wait, in seconds.
const (
	retryBusy     = 1
	retryStopping = 5
	retryNoRoom   = 10
)

func refuse(status int, detail string) *problem {
	return &problem{status: status, detail: detail, index: -1}
}

func unavailable(detail string) *problem {
	p := refuse(http.StatusServiceUnavailable, detail)
	p.retry = retryStopping
	return p
}

// badEvent is what the decoder said of an event.
func badEvent(err error) *problem {
	p := refuse(http.StatusBadRequest, err.Error())
	var e *event.Error
	if errors.As(err, &e) {
		p.index = e.Index
		if e.TooLarge {
			p.status = http.StatusRequestEntityTooLarge
		}
	}
	return p
}

// refusal is what an error of the journal or the operator means for a client.
func refusal(err error) *problem {
	var (
		conflict *history.ConflictError
		missing  *NotFoundError
		cannot   *UnprocessableError
	)
	switch {
	case errors.As(err, &conflict):
		return refuse(http.StatusConflict, err.Error())
	case errors.As(err, &missing):
		return refuse(http.StatusNotFound, err.Error())
	case errors.As(err, &cannot):
		return refuse(http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, history.ErrBusy):
		p := refuse(http.StatusTooManyRequests, err.Error())
		p.retry = retryBusy
		return p
	case errors.Is(err, history.ErrNoRoom):
		p := refuse(http.StatusInsufficientStorage, err.Error())
		p.retry = retryNoRoom
		return p
	}
	return unavailable(err.Error())
}

var (
	typeJSON    = []string{"application/json"}
	typeProblem = []string{"application/problem+json"}
	typeLines   = []string{"application/x-ndjson"}
	typeMetrics = []string{"text/plain; version=0.0.4; charset=utf-8"}
	closeHeader = []string{"close"}
	challenge   = []string{`Bearer realm="sidehook"`}
)

func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	if p.retry > 0 {
		h["Retry-After"] = []string{strconv.Itoa(p.retry)}
	}
	if p.allow != "" {
		h["Allow"] = []string{p.allow}
	}
	if p.challenge {
		h["Www-Authenticate"] = challenge
	}
	if p.hangUp {
		h["Connection"] = closeHeader
	}
	body := make([]byte, 0, 256)
	wire := api.Problem{Status: p.status, Detail: p.detail}
	if p.index >= 0 {
		wire.Index = &p.index
	}
	answer(w, p.status, typeProblem, append(wire.Append(body), '\n'))
}

// linger has the connection closed a moment behind the answer, in which a client
// that is still sending may read it: it would else see its request fail, and
// never learn why. For one that asks to close, net/http does so only behind a
// reader that ran into its limit.
func linger(w http.ResponseWriter) {
	past := io.NopCloser(strings.NewReader("x"))
	_, _ = http.MaxBytesReader(w, past, 0).Read(make([]byte, 1))
}

// answer writes an answer whole. net/http adds the length of a short one
// itself, without allocating.
func answer(w http.ResponseWriter, status int, contentType []string, body []byte) {
	const short = 2048
	h := w.Header()
	h["Content-Type"] = contentType
	if len(body) >= short {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	w.Write(body)
}
