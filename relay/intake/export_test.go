package intake

import (
	"context"
	"net"
	"net/http"
)

// Handler is what serves the connections of a listener at addr.
func (s *Server) Handler(addr net.Addr) (http.Handler, error) {
	g, err := s.guardOf(addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(context.Background(), w, r, g)
	}), err
}
