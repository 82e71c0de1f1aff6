package httpd

import (
	"context"
	"net"
	"net/http"
)

// Handler serves the connections of a listener at addr.
func (s *Server) Handler(addr net.Addr) (http.Handler, error) {
	g, err := s.newGuard(addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(context.Background(), w, r, &g)
	}), err
}
