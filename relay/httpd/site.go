package httpd

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// SiteHost is a host of this machine that no other program is called by: browsers
// resolve names below localhost to the loopback address, and keep the cookies of each
// apart, which they do not do for ports.
const SiteHost = "sidehook.localhost"

// Site answers the requests that no call has, except those below /v1. It must decide
// itself what it shows to whom: the guard has refused only a Host that G4 does not permit.
type Site interface {
	Serve(ctx context.Context, w http.ResponseWriter, r *http.Request, v Visitor)
}

// Visitor is what the guard knows of who makes a request.
type Visitor struct {
	Trust   Trust // by the token; who can open the socket is its Owner
	Foreign bool  // a browser marked it as one of another origin, which another port is, too
	Port    string
	// Missing makes the problem to answer a path with that the site does not have
	// either.
	Missing func() *Problem
}

// Mount puts a site where no call is, before Run.
func (s *Server) Mount(site Site) { s.site = site }

// isVisit reports whether a request that no call has is one for the site.
func (s *Server) isVisit(r *http.Request) bool {
	path := r.URL.Path
	return s.site != nil && strings.HasPrefix(path, "/") && path != "/v1" && !strings.HasPrefix(path, "/v1/")
}

// admitVisit refuses what may not reach the site.
func (g *guard) admitVisit(r *http.Request) *Problem {
	if g.identify(r) != Stranger {
		return nil // G2
	}
	return g.checkHost(r)
}

func (s *Server) visitor(r *http.Request, g *guard) Visitor {
	v := Visitor{Trust: g.identify(r), Foreign: crossSite(r), Port: g.number, Missing: func() *Problem { return s.missing(r, g) }}
	if !g.port {
		v.Trust = Owner // G5
		v.Port = (&url.URL{Host: r.Host}).Port()
	}
	return v
}

// TrustOf returns whose token it is.
func (s *Server) TrustOf(token string) Trust { return trustOf(token, s.token, s.readToken) }

// HasToken reports whether there is a token of any kind.
func (s *Server) HasToken() bool { return s.token != nil || s.readToken != nil }
