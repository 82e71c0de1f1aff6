package deliver

import "net/http"

// Through replaces the connections, so that a test can run in a bubble.
func (d *Deliverer) Through(transport http.RoundTripper) {
	d.transport = func(*Settings) http.RoundTripper { return transport }
}

// RetryAfter is how long an answer asks to be left alone.
var RetryAfter = retryAfter
