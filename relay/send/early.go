package send

import "time"

// maxEarly is how long after the connection an answer is held for its request.
// What comes later on a connection that waits in reserve is no answer, but says
// as a rule that the receiver closes it (408).
const maxEarly = 5 * time.Second

// early holds what a receiver sends before the first request on a connection has
// begun: the transport would take the answer for one to nothing, and give up the
// connection with it.
//
// BUG: by TLS 1.2, an answer that arrives together with the end of the handshake
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

// awaitRequest has Read hold what comes until the next Write begins.
func (c *connection) awaitRequest() {
	c.early.Store(&early{make(chan struct{}), time.Now().Add(maxEarly)})
}

// begin ends that.
func (c *connection) begin() {
	if c.early.Load() == nil {
		return // as for all but the first Write
	}
	if e := c.early.Swap(nil); e != nil {
		close(e.begun)
	}
}
