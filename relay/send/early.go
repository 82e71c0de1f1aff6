package send

import "time"

// maxEarly is how long after the start of a connection an answer is kept for its request.
// Bytes that come later on an unused connection are not an answer. Usually they are a 408,
// with which the receiver closes the connection.
const maxEarly = 5 * time.Second

// early holds what a receiver sends before the first request on a connection has
// begun. Otherwise the transport would take it for an unsolicited answer, and
// close the connection.
//
// BUG: with TLS 1.2, an answer that arrives together with the end of the handshake
// is read with it, and so is not held. The request is then made again.
type early struct {
	begun chan struct{}
	until time.Time
}

func (e *early) hold() {
	select {
	case <-e.begun:
	case <-time.After(time.Until(e.until)):
	}
}

// awaitRequest makes Read hold what arrives until the next Write begins.
func (c *connection) awaitRequest() {
	c.early.Store(&early{make(chan struct{}), time.Now().Add(maxEarly)})
}

// begin ends what awaitRequest began.
func (c *connection) begin() {
	if c.early.Load() == nil {
		return // as for all but the first Write
	}
	if e := c.early.Swap(nil); e != nil {
		close(e.begun)
	}
}
