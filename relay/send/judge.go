package send

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

// Verdict is what an attempt means for its delivery, and for its webhook.
type Verdict int

const (
	Failed        Verdict = iota // retry on schedule; counts against the webhook
	Delivered                    // the delivery ends; the webhook works
	Throttled                    // retry when the receiver says; says nothing of its health
	Refused                      // the delivery ends as failed; counts against the webhook
	Gone                         // as Refused, and the receiver asks for no more at all
	Unprocessable                // the delivery ends as failed, and nothing was sent
	LocalFault                   // a fault of this machine: the attempt does not count
	Interrupted                  // ctx ended: the attempt does not count
)

// CountsAgainst reports whether the attempt counts against the webhook.
func (v Verdict) CountsAgainst() bool { return v == Failed || v == Refused || v == Gone }

// judge returns what an answer means; hasRetryAfter reports whether it says how
// long to wait. The webhook's own settings go before the usual meaning of a
// status, except for 410, which is about the webhook and not the delivery.
func (c *Client) judge(status int, hasRetryAfter bool) (Verdict, int, string) {
	if status/100 == 2 {
		return Delivered, status, ""
	}
	text := statusText(status)
	switch {
	case status == http.StatusGone:
		return Gone, status, text + ": the receiver asked to stop"
	case slices.Contains(c.settings.GiveUpOn, status):
		return Refused, status, text + ": status listed in give_up_on"
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && hasRetryAfter:
		return Throttled, status, text
	case status == http.StatusProxyAuthRequired && c.settings.Proxy != nil:
		return Failed, status, text + ": " + shownProxy(c.settings.Proxy) + " wants credentials, or others"
	case isRedirect(status):
		return Failed, status, text + ": redirects are not followed; the url has to be the final one"
	}
	return Failed, status, text
}

// timeoutError ends an attempt that took too long.
type timeoutError struct{ timeout time.Duration }

func (e *timeoutError) Error() string { return "no answer within timeout " + brief(e.timeout) }

// brief writes a duration without trailing zero seconds.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}

// noAnswer returns what it means that an attempt ended with err.
func (c *Client) noAnswer(ctx context.Context, x *exchange, err error) (Verdict, string) {
	cause := context.Cause(ctx)
	switch {
	case cause != nil && cause != c.late:
		return Interrupted, cause.Error()
	case cause != nil:
		return Failed, x.waitedFor() + " within timeout " + brief(c.settings.Timeout)
	case isLocal(err):
		return LocalFault, c.explain(err, x.secrets)
	case x.atProxy():
		return Failed, c.explainProxy(err, x.secrets)
	}
	return Failed, c.explain(err, x.secrets)
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
