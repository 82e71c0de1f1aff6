package httpd

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// guard decides who may call what at one listener:
//
//	G1. Public calls are open to all.
//	G2. A caller with the token may call everything. One with the read token may call
//	    what changes nothing, and on the port nothing else, not even what is open.
//	G3. A request of a web page from another origin is refused. A browser cannot
//	    hide that it is one.
//	G4. On the port, a Host is refused that is neither a loopback name nor the
//	    configured address: with DNS rebinding a web page has an origin of its
//	    own on this port, and only its name gives it away. On the socket, which
//	    may be forwarded to a port, this is so for browsers.
//	G5. A caller that can open the socket may call everything else.
//	G6. On the port, open calls (posting events, metrics) are open to anyone while
//	    no token is configured, and all other calls need the token.
//	G7. The site answers all requests whose Host G4 permits, and decides itself what to
//	    show. Links on other sites lead to it, so the site learns what G3 says, and the
//	    guard does not refuse. It is not there on a port that other machines can reach.
type guard struct {
	port   bool               // a TCP port, not the socket
	open   bool               // a port that other machines can reach
	number string             // of the port; "" for the socket
	host   string             // the configured one; "" for none
	token  *[sha256.Size]byte // nil without one
	read   *[sha256.Size]byte // the read token; nil without one
	advice string             // what to do instead, for those that are refused
}

// Access is what a call requires of its clients.
type Access int

// The access that calls require.
const (
	Guarded Access = iota // the socket, or the token
	Open                  // nothing, while no token is configured
	Public                // nothing
)

// Trust is who makes a request, by the token that it has.
type Trust int

// Whom a request can come from.
const (
	Stranger Trust = iota // no token, or a wrong one
	Reader                // the read token
	Owner                 // the token
)

// may reports whether the token alone lets its bearer make a call. A nil call is one
// that does not exist.
func (who Trust) may(c *Call) bool {
	return who == Owner || who == Reader && (c == nil || c.changesNothing())
}

// newGuard makes the guard of a listener at addr.
func (s *Server) newGuard(addr net.Addr) (guard, error) {
	g := guard{token: s.token, read: s.readToken, advice: "configure a token (listen.token) and send it as Authorization: Bearer"}
	if s.token != nil {
		g.advice = "send the token (listen.token) as Authorization: Bearer"
	}
	g.host, _ = splitHost(s.opts.HTTP)
	if addr.Network() == "unix" {
		return g, nil
	}
	g.port, g.advice = true, s.socketAdvice()+g.advice
	tcp, ok := addr.(*net.TCPAddr)
	if ok {
		g.open, g.number = !tcp.IP.IsLoopback(), strconv.Itoa(tcp.Port)
	}
	if g.open && s.token == nil {
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

// screen refuses requests that no call accepts.
func (g *guard) screen(c *Call, r *http.Request, who Trust) *Problem {
	switch {
	case who.may(c):
		return nil // G2
	case crossSite(r):
		return Refuse(http.StatusForbidden, "a web page of another origin may not call sidehook; "+g.advice)
	}
	return g.checkHost(r)
}

// checkHost refuses a Host that is not ours (G4).
func (g *guard) checkHost(r *http.Request) *Problem {
	if (g.port || fromBrowser(r)) && !g.isOurHost(r.Host) {
		return Refuse(http.StatusForbidden, "the Host of the request is neither a loopback name such as localhost nor the configured address; "+g.advice)
	}
	return nil
}

// allow decides about a call, after screen.
func (g *guard) allow(c *Call, r *http.Request, who Trust) *Problem {
	advice := g.advice
	if g.read != nil && c.changesNothing() {
		advice = strings.Replace(advice, "(listen.token)", "(listen.token or listen.read_token)", 1)
	}
	switch {
	case who.may(c), !g.port, c.Access == Public:
		return nil
	case who == Reader:
		return Refuse(http.StatusForbidden, "the read token (listen.read_token) is only for calls that change nothing; "+advice)
	case c.Access == Open && g.token == nil:
		return nil
	case g.token == nil && (g.read == nil || !c.changesNothing()):
		return Refuse(http.StatusForbidden, "this call requires a token over TCP, and none is configured; "+advice)
	}
	p := Refuse(http.StatusUnauthorized, "the token is missing; "+advice)
	if values := r.Header["Authorization"]; len(values) > 0 {
		p.Detail = "the token is wrong; " + advice
		if scheme, _, _ := strings.Cut(values[0], " "); !strings.EqualFold(scheme, "Bearer") {
			p.Detail = "unsupported Authorization scheme; use Bearer; " + advice
		}
	}
	p.challenge = true
	return p
}

// identify returns who makes a request.
func (g *guard) identify(r *http.Request) Trust {
	values := r.Header["Authorization"]
	if g.token == nil && g.read == nil || len(values) != 1 {
		return Stranger
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Stranger
	}
	return trustOf(strings.TrimSpace(token), g.token, g.read)
}

// trustOf returns whose token it is, given the hashes of the token and of the read
// token. Hashes are of one length, so the time that their comparison takes tells
// nothing.
func trustOf(token string, owners, readers *[sha256.Size]byte) Trust {
	sum := sha256.Sum256([]byte(token))
	isToken := func(of *[sha256.Size]byte) bool { return of != nil && subtle.ConstantTimeCompare(sum[:], of[:]) == 1 }
	switch {
	case isToken(owners):
		return Owner
	case isToken(readers):
		return Reader
	}
	return Stranger
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
	if strings.EqualFold(host, "localhost") || strings.EqualFold(host, SiteHost) || strings.EqualFold(host, g.host) {
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
