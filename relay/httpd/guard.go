package httpd

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// guard decides who may call what at one listener:
//
//	G1. Public calls are open to all.
//	G2. Who has the token may call everything.
//	G3. A request of a web page from another origin is refused. A browser cannot
//	    hide that it is one.
//	G4. On the port, a Host is refused that is neither a loopback name nor the
//	    configured address: with DNS rebinding a web page has an origin of its
//	    own on this port, and only its name gives it away. On the socket, which
//	    may be forwarded to a port, this is so for browsers.
//	G5. Who can open the socket may call everything else.
//	G6. On the port, open calls (posting events, metrics) are open to anyone while
//	    no token is configured, and all other calls need the token.
type guard struct {
	port   bool               // a TCP port, not the socket
	host   string             // the configured one; "" for none
	token  *[sha256.Size]byte // nil without one
	advice string             // what to do instead, for those that are refused
}

// Access is what a call requires of its clients.
type Access int

// What calls require.
const (
	Guarded Access = iota // the socket, or the token
	Open                  // nothing, while no token is configured
	Public                // nothing
)

// newGuard makes the guard of a listener at addr.
func (s *Server) newGuard(addr net.Addr) (guard, error) {
	g := guard{token: s.token, advice: "configure a token (listen.token) and send it as Authorization: Bearer"}
	if s.token != nil {
		g.advice = "send the token (listen.token) as Authorization: Bearer"
	}
	g.host, _ = splitHost(s.opts.HTTP)
	if addr.Network() == "unix" {
		return g, nil
	}
	g.port, g.advice = true, s.socketAdvice()+g.advice
	tcp, ok := addr.(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() && s.token == nil {
		return g, fmt.Errorf("listen on address %q: other machines can reach it, so listen.token is required", addr)
	}
	return g, nil
}

func (s *Server) socketAdvice() string {
	for _, l := range s.opts.Listeners {
		if l.Addr().Network() == "unix" {
			return fmt.Sprintf("use the Unix socket (%s), or ", l.Addr())
		}
	}
	if s.opts.Socket != "" {
		return fmt.Sprintf("use the Unix socket (%s), or ", s.opts.Socket)
	}
	return "use the Unix socket (listen.socket), or "
}

// screen refuses requests that no call accepts. It reports whether the request has
// the token.
func (g *guard) screen(r *http.Request) (trusted bool, p *Problem) {
	switch {
	case g.hasToken(r):
		return true, nil // G2
	case crossSite(r):
		return false, Refuse(http.StatusForbidden, "a web page of another origin may not call sidehook; "+g.advice)
	case (g.port || fromBrowser(r)) && !g.isOurHost(r.Host):
		return false, Refuse(http.StatusForbidden, "the Host of the request is neither a loopback name such as localhost nor the configured address; "+g.advice)
	}
	return false, nil
}

// allow decides about a call, after screen.
func (g *guard) allow(a Access, r *http.Request, trusted bool) *Problem {
	switch {
	case trusted, !g.port, a == Public, a == Open && g.token == nil:
		return nil
	case g.token == nil:
		return Refuse(http.StatusForbidden, "this call requires a token over TCP, and none is configured; "+g.advice)
	}
	p := Refuse(http.StatusUnauthorized, "the token is missing; "+g.advice)
	if values := r.Header["Authorization"]; len(values) > 0 {
		p.Detail = "the token is wrong; " + g.advice
		if scheme, _, _ := strings.Cut(values[0], " "); !strings.EqualFold(scheme, "Bearer") {
			p.Detail = "unsupported Authorization scheme; use Bearer; " + g.advice
		}
	}
	p.challenge = true
	return p
}

// hasToken reports whether a request has the token. Hashes are of one length, so
// the time that their comparison takes tells nothing.
func (g *guard) hasToken(r *http.Request) bool {
	values := r.Header["Authorization"]
	if g.token == nil || len(values) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

// crossSite reports whether a browser marked the request as one of another origin,
// which another port of this machine is, too.
func crossSite(r *http.Request) bool {
	for _, site := range r.Header["Sec-Fetch-Site"] {
		if site != "same-origin" && site != "none" {
			return true
		}
	}
	for _, origin := range r.Header["Origin"] {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return true
		}
	}
	return false
}

// fromBrowser reports whether a request may come from a browser. With a page from
// plain HTTP it may have neither an Origin nor Sec-Fetch-Site.
func fromBrowser(r *http.Request) bool {
	for _, mark := range [...]string{"Origin", "Sec-Fetch-Site", "Cookie", "Referer"} {
		if len(r.Header[mark]) > 0 {
			return true
		}
	}
	return strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// isOurHost reports whether a Host header names this machine.
func (g *guard) isOurHost(hostport string) bool {
	host, bracketed := splitHost(hostport)
	if host == "" {
		return false
	}
	if strings.EqualFold(host, "localhost") || strings.EqualFold(host, g.host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() && ip.Is6() == bracketed
}

// splitHost removes the port, and the brackets of an IPv6 address.
func splitHost(hostport string) (host string, bracketed bool) {
	if rest, ok := strings.CutPrefix(hostport, "["); ok {
		host, _, _ = strings.Cut(rest, "]")
		return host, true
	}
	if i := strings.LastIndexByte(hostport, ':'); i >= 0 {
		return hostport[:i], false
	}
	return hostport, false
}
