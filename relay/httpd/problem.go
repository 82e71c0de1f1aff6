package httpd

import (
	"errors"
	"net/http"
	"strconv"

	"sidehook/history"
	"sidehook/relay/api"
)

// Problem is a refusal, answered as problem+json.
type Problem struct {
	api.Problem
	RetryAfter int  // in seconds; 0: the client is not told when to try again
	Events     int  // how many the request had; 0: unknown
	Close      bool // the connection is closed; the rest of the request is not read
	Unread     bool // there may be more of its body than was read

	allow     string // the Allow header
	challenge bool   // WWW-Authenticate
}

// How long a client is told to wait, in seconds.
const (
	RetryBusy     = 1
	retryStopping = 5
	retryNoRoom   = 10
)

// Refuse makes a problem.
func Refuse(status int, detail string) *Problem {
	return &Problem{Problem: api.Problem{Status: status, Detail: detail}}
}

// RefuseAndClose makes a problem of a request of which no more is read.
func RefuseAndClose(status int, detail string) *Problem {
	p := Refuse(status, detail)
	p.Close = true
	return p
}

// Unavailable makes a problem that passes.
func Unavailable(detail string) *Problem {
	p := Refuse(http.StatusServiceUnavailable, detail)
	p.RetryAfter = retryStopping
	return p
}

// Unsupported makes a problem of a kind of body that is not read.
func Unsupported(detail string) *Problem {
	p := Refuse(http.StatusUnsupportedMediaType, detail)
	p.Unread = true
	return p
}

// JournalProblem returns what an error of the journal means to a client.
func JournalProblem(err error) *Problem {
	var conflict *history.ConflictError
	switch {
	case errors.As(err, &conflict):
		return Refuse(http.StatusConflict, err.Error())
	case errors.Is(err, history.ErrBusy):
		p := Refuse(http.StatusTooManyRequests, err.Error())
		p.RetryAfter = RetryBusy
		return p
	case errors.Is(err, history.ErrNoRoom):
		p := Refuse(http.StatusInsufficientStorage, err.Error())
		p.RetryAfter = retryNoRoom
		return p
	}
	return Unavailable(err.Error())
}

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	h := w.Header()
	if p.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(p.RetryAfter)}
	}
	if p.allow != "" {
		h["Allow"] = []string{p.allow}
	}
	if p.challenge {
		h["Www-Authenticate"] = challenge
	}
	if p.Close {
		h["Connection"] = connectionClose
	}
	Answer(w, p.Status, typeProblem, append(p.Append(make([]byte, 0, 256)), '\n'))
}
