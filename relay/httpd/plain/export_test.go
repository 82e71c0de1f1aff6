package plain

import "net/http"

// Parse returns the size of the head that text begins with, or 0, or -1, and the request
// of that head.
func Parse(text []byte) (size int, r *http.Request) {
	c := New(&Server{Method: "POST", Path: "/v1/events"}, nil)
	return c.parse(text), &c.request
}

// Kept returns how much memory for answers c has.
func (c *Conn) Kept() int { return cap(c.answer.body) + cap(c.answer.out) }
