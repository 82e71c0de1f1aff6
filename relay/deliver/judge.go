package deliver

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
)

// verdict is what an attempt says of its delivery, and of its webhook.
type verdict int

const (
	failed    verdict = iota // goes on along the schedule; counts against the webhook
	delivered                // ends; the webhook works
	throttled                // goes on when the receiver says, and says nothing of its health
	refused                  // ends as failed; counts against the webhook
	gone                     // as refused, and the receiver wants no more at all
	unfit                    // ends as failed, and says nothing of the receiver
	local                    // a fault of this machine: no attempt of the schedule's
	cut                      // sidehook stopped: no attempt of the schedule's
)

// blames reports whether it counts against the webhook.
func (v verdict) blames() bool { return v == failed || v == refused || v == gone }

// judge says what an answer means, given whether it asks to be left alone for a
// time. What the entry says itself goes before what a code usually means, but for
// 410, which speaks of the webhook and not of the delivery.
func (c *client) judge(code int, asks bool) (verdict, int, string) {
	if code/100 == 2 {
		return delivered, code, ""
	}
	text := statusText(code)
	switch {
	case code == http.StatusGone:
		return gone, code, text + ": the receiver wants no more"
	case slices.Contains(c.settings.GiveUpOn, code):
		return refused, code, text + ": an answer of give_up_on"
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && asks:
		return throttled, code, text
	case code == http.StatusProxyAuthRequired && c.settings.Proxy != nil:
		return failed, code, text + ": " + shownProxy(c.settings.Proxy) + " wants credentials, or others"
	case isRedirect(code):
		return failed, code, text + ": redirects are not followed; the url has to be the final one"
	}
	return failed, code, text
}

// timeoutError ends an attempt that took too long.
type timeoutError struct{ timeout time.Duration }

func (e *timeoutError) Error() string { return "no answer within timeout " + brief(e.timeout) }

// stopError ends the attempts that a stop did not want to wait for any longer.
type stopError struct{ grace time.Duration }

func (e *stopError) Error() string {
	return "cut off: sidehook stopped, and there was no answer within another " + brief(e.grace)
}

// brief is a duration without seconds that are zero.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}

// noAnswer says what it means that an attempt ended with err.
func (c *client) noAnswer(ctx context.Context, x *exchange, err error) (verdict, string) {
	cause := context.Cause(ctx)
	switch {
	case cause != nil && cause != c.late:
		return cut, cause.Error()
	case cause != nil:
		return failed, x.waitedFor() + " within timeout " + brief(c.settings.Timeout)
	case isLocal(err):
		return local, c.explain(err)
	case x.atProxy():
		return failed, c.explainProxy(err)
	}
	return failed, c.explain(err)
}

// isLocal reports whether err is for want of something on this machine, which no
// receiver is to blame for.
func isLocal(err error) bool {
	faults := [...]syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS}
	var lookup *net.DNSError
	isLookup := errors.As(err, &lookup)
	for _, fault := range faults {
		// A failed lookup keeps only the text of what it failed by.
		if errors.Is(err, fault) || isLookup && strings.HasSuffix(lookup.Err, fault.Error()) {
			return true
		}
	}
	return false
}
