package deliver

import "net/http"

// Through replaces the connections, so that a test can run in a bubble.
func (d *Deliverer) Through(transport http.RoundTripper) { d.options.Send.Transport = transport }
