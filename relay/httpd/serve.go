package httpd

import (
	"context"
	"net/http"
	"runtime/debug"
)

// serve answers a request: it finds the call, asks the guard, and hands over to the
// call, or to the site.
func (s *Server) serve(ctx context.Context, w http.ResponseWriter, r *http.Request, g *guard) {
	c, arg, missing := s.find(r)
	defer s.recoverPanic(c, w)
	visit := c == nil && missing == nil && s.isVisit(r) && !g.open
	if c == nil && missing == nil && !visit {
		missing = s.missing(r, g)
	}
	var p *Problem
	if visit {
		p = g.admitVisit(r)
	} else if p = s.admit(c, r, g); p == nil {
		p = missing
	}
	if s.isStopping() || framedAmbiguously(r) {
		w.Header()["Connection"] = connectionClose
	}
	switch {
	case p != nil:
		p.Unread = true
	case visit:
		s.site.Serve(ctx, w, r, s.visitor(r, g))
	default:
		p = c.Handle(ctx, w, r, arg)
	}
	if p != nil {
		c.refused(p)
		if p.Unread && r.Close && r.ContentLength != 0 {
			closeGracefully(w)
		}
		p.Write(w)
	}
}

// admit refuses what the guard or the query forbids. A nil call is one that does not
// exist; which calls exist is no secret. A request that comes while the server stops,
// on a connection that was accepted before, is served as any other: what it asks stops
// later than the server.
func (s *Server) admit(c *Call, r *http.Request, g *guard) *Problem {
	if c != nil && c.Access == Public {
		return checkQuery(c, r)
	}
	who := g.identify(r)
	if p := g.screen(c, r, who); p != nil || c == nil {
		return p
	}
	if p := g.allow(c, r, who); p != nil {
		return p
	}
	return checkQuery(c, r)
}

// recoverPanic answers for a handler that panicked. Only its own request fails:
// what is shared, the journal, has a goroutine of its own.
func (s *Server) recoverPanic(c *Call, w http.ResponseWriter) {
	v := recover()
	if v == nil {
		return
	}
	s.log.Error("internal error: a request panicked", "panic", v, "stack", string(debug.Stack()))
	p := RefuseAndClose(http.StatusInternalServerError, "internal error; see the log of sidehook")
	c.refused(p)
	p.Write(w)
}
