package receiver

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Script is the answers that a receiver gives, one a request; the last one is
// given for ever. Its methods may run at once.
type Script struct {
	mu      sync.Mutex
	answers []answer
}

type answer struct {
	status     int           // 0 hangs up without an answer
	retryAfter int           // seconds; 0 for none
	hang       time.Duration // before anything else
	left       int           // how many requests it is for
}

// maxRepeats bounds what follows a *.
const maxRepeats = 1_000_000

// ParseScript reads answers that are separated by commas: 200 is a status, 429:5
// one with Retry-After in seconds, hang:30s no answer for so long and then a
// connection that is closed. Any of them with *3 after it is given three times.
func ParseScript(text string) (*Script, error) {
	s := new(Script)
	for item := range strings.SplitSeq(text, ",") {
		a, err := parseAnswer(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("answer %q: %w", item, err)
		}
		s.answers = append(s.answers, a)
	}
	return s, nil
}

func parseAnswer(item string) (answer, error) {
	a := answer{left: 1}
	item, times, repeated := strings.Cut(item, "*")
	if repeated {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 || n > maxRepeats {
			return a, fmt.Errorf("after * write how many times, 1 to %d", maxRepeats)
		}
		a.left = n
	}
	what, more, qualified := strings.Cut(item, ":")
	if what == "hang" {
		d, err := time.ParseDuration(more)
		if err != nil || d <= 0 {
			return a, errors.New("write for how long, as in hang:30s")
		}
		a.hang = d
		return a, nil
	}
	status, err := strconv.Atoi(what)
	if err != nil || status < 200 || status > 599 {
		return a, errors.New("write a status from 200 to 599, or hang:30s")
	}
	a.status = status
	if qualified {
		if a.retryAfter, err = strconv.Atoi(more); err != nil || a.retryAfter < 1 {
			return a, errors.New("after : write the seconds of Retry-After, as in 429:5")
		}
	}
	return a, nil
}

// next returns the answer to the next request.
func (s *Script) next() answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := &s.answers[0]
	a := *first
	if first.left--; first.left <= 0 && len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	return a
}

// String says the answer as it is printed.
func (a answer) String() string {
	switch {
	case a.status == 0:
		return "no answer for " + a.hang.String()
	case a.retryAfter > 0:
		return fmt.Sprintf("%d, Retry-After: %d", a.status, a.retryAfter)
	}
	return fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
}

// give answers a request. One without an answer has its connection closed, once
// the time is over or the sender has gone.
func (a answer) give(w http.ResponseWriter, r *http.Request) {
	if a.status == 0 {
		select {
		case <-time.After(a.hang):
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
	if a.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(a.retryAfter))
	}
	w.WriteHeader(a.status)
}
