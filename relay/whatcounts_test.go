package relay_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestWhatCounts has a row for each answer of a receiver, and for none: what
// becomes of the delivery, and of its webhook.
func TestWhatCounts(t *testing.T) {
	says := func(code int, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
		}
	}
	// raw writes text in place of an answer, and ends the connection.
	raw := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(c, text)
			c.Close()
		}
	}
	const (
		healthy   = "active {1 0}"
		unharmed  = "throttled {0 0}"
		oneFailed = "active {0 1}"
	)
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		url    string // where nobody answers, in place of the receiver's
		want   string // of the attempt: status, code and error
		state  string // of the webhook, and its last hour
		next   time.Duration
	}{
		{"2xx", says(200), "", "delivered 200", healthy, 0},
		{"2xx/204", says(204), "", "delivered 204", healthy, 0},
		{"2xx/body cut", raw("HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n12"), "", "delivered 201", healthy, 0},
		{"2xx/body late", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(202)
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, "", "delivered 202", healthy, 0},
		{"410", says(410), "", "failed 410 410 Gone: the receiver asked to stop", "disabled {0 1}", 0},
		{"give_up_on", says(418), "", "failed 418 418 I'm a teapot: status listed in give_up_on", oneFailed, 0},
		{"429", says(429), "", "retrying 429 429 Too Many Requests", unharmed, time.Hour},
		{"429/with Retry-After", says(429, "Retry-After", "7200"), "", "retrying 429 429 Too Many Requests", unharmed, 2 * time.Hour},
		{"429/with a date", says(429, "Retry-After", time.Now().Add(3*time.Hour).UTC().Format(http.TimeFormat)), "", "retrying 429 429 Too Many Requests", unharmed, 3 * time.Hour},
		{"429/for more than a day", says(429, "Retry-After", "864000"), "", "retrying 429 429 Too Many Requests", unharmed, 24 * time.Hour},
		{"503 with Retry-After", says(503, "Retry-After", "7200"), "", "retrying 503 503 Service Unavailable", unharmed, 2 * time.Hour},
		{"any other answer", says(500), "", "retrying 500 500 Internal Server Error", oneFailed, time.Hour},
		{"any other answer/503 without Retry-After", says(503), "", "retrying 503 503 Service Unavailable", oneFailed, time.Hour},
		{"any other answer/500 with Retry-After", says(500, "Retry-After", "7200"), "", "retrying 500 500 Internal Server Error", oneFailed, time.Hour},
		{"any other answer/3xx", says(307, "Location", "/followed"), "", "retrying 307 307 Temporary Redirect: redirects are not followed; the url has to be the final one", oneFailed, time.Hour},
		{"no answer/refused", nil, "http://127.0.0.1:1", "retrying 0 dial tcp 127.0.0.1:1: connection refused", oneFailed, time.Hour},
		{"no answer/closed", raw(""), "", "retrying 0 the receiver closed the connection without an answer", oneFailed, time.Hour},
		{"no answer/TLS error", says(200), "https", "retrying 0 the receiver does not speak TLS at this port", oneFailed, time.Hour},
		{"no answer/DNS error", nil, "http://no.such.name.invalid", "retrying 0 ", // and what this machine's resolver says
			oneFailed, time.Hour},
		{"no answer/time-out", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "", "retrying 0 no answer within timeout 1s", oneFailed, time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newReceiver(t)
			s.answer(row.answer)
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			webhook := patient(s, "one", ", timeout: 1s, give_up_on: [418]")
			if row.url == "https" {
				row.url = strings.Replace(s.URL, "http:", "https:", 1)
			}
			if row.url != "" {
				webhook = strings.Replace(webhook, s.URL, row.url, 1)
			}
			h := newHost(t, "webhooks:\n"+webhook)
			h.post("e1")
			if got := h.attempts("e1", 1); !strings.HasPrefix(got, row.want) {
				t.Errorf("got %s, want %s", got, row.want)
			}
			h.settled()
			w := h.standing("one")
			if got := fmt.Sprint(w.State, " ", w.LastHour); got != row.state {
				t.Errorf("it is %s, want %s", got, row.state)
			}
			wait := time.Until(w.Next)
			if row.next == 0 && !w.Next.IsZero() || row.next > 0 && (wait < row.next*89/100 || wait > row.next*111/100) {
				t.Errorf("the next is after %v, want %v", wait, row.next)
			}
			if n := len(s.taken("/followed")); n > 0 {
				t.Error("a redirect was followed")
			}
		})
	}
	t.Run("429/over a restart", throttledOverARestart)
}

// A receiver that asks to be left alone is, over a restart, too, and a person
// sees it, until they have it tried.
func throttledOverARestart(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	})
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	h.post("e1")
	eventually(t, "one attempt", func() bool { return s.count("/one", "e1") == 1 })
	h.settled()
	stands := func(why string) {
		t.Helper()
		var w struct {
			State, Why string
			Next       time.Time
		}
		h.call("GET", "/v1/webhooks/one", "", &w)
		if wait := time.Until(w.Next); w.State != "throttled" || !strings.HasPrefix(w.Why, why) || wait < 59*time.Minute || wait > time.Hour {
			t.Errorf("it is %+v", w)
		}
	}
	stands("the receiver answered 429 Too Many Requests; nothing is sent until ")
	h.end()
	s.answer(nil)
	h.start("webhooks:\n" + hook(s, "one", ""))
	h.post("e2")
	stands("the receiver asked to be left alone until ")
	if n := s.count("/one", "e2"); n != 0 {
		t.Errorf("%d requests while it throttles", n)
	}
	h.call("POST", "/v1/webhooks/one/retry", "", nil)
	eventually(t, "both arrive", func() bool { return s.count("/one", "e1") == 2 && s.count("/one", "e2") == 1 })
}
