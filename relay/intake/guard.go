package intake

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
//	G1. The health calls are open to all.
//	G2. Whoever has the token may call everything.
//	G3. A request that a web page makes from another origin is refused. A
//	    browser cannot hide that it is one.
//	G4. On the port, so is a Host that is neither a loopback name nor the
//	    configured address: with DNS rebinding a web page has an origin of its
//	    own on this port, and only its name gives it away. On the socket, which
//	    may be forwarded to a port, this holds for browsers.
//	G5. Whoever may open the socket may call everything else.
//	G6. On the port, events are taken from anyone and metrics shown to anyone
//	    while no token is configured, and all else needs the token.
type guard struct {
	port  bool               // a TCP port, not the socket
	own   string             // the configured host; "" for none
	token *[sha256.Size]byte // nil without one
	ways  string             // what would do instead, for those that are refused
}

// access is what a call asks of those who make it.
type access int

const (
	guarded access = iota // the socket, or the token
	free                  // open while no token is configured
	health                // open to all
)

// guardOf makes the guard of a listener at addr.
func (s *Server) guardOf(addr net.Addr) (guard, error) {
	g := guard{token: s.token, ways: "configure a token (listen.token) and send it as Authorization: Bearer"}
	if s.token != nil {
		g.ways = "send the token (listen.token) as Authorization: Bearer"
	}
	g.own, _ = splitHost(s.opts.HTTP)
	if addr.Network() == "unix" {
		return g, nil
	}
	g.port, g.ways = true, s.socketWay()+g.ways
	tcp, ok := addr.(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() && s.token == nil {
		return g, fmt.Errorf("listen on address %q: others than this machine can reach it, which needs a token (listen.token)", addr)
	}
	return g, nil
}

func (s *Server) socketWay() string {
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

// screen refuses requests that no call takes. It says whether the request
// brought the token.
func (g *guard) screen(r *http.Request) (trusted bool, p *problem) {
	switch {
	case g.knows(r):
		return true, nil // G2
	case crossSite(r):
		return false, refuse(http.StatusForbidden, "a web page of another origin may not call sidehook; "+g.ways)
	case (g.port || fromBrowser(r)) && !g.hostIsOurs(r.Host):
		return false, refuse(http.StatusForbidden, "the Host of the request is neither a loopback name such as localhost nor the configured address; "+g.ways)
	}
	return false, nil
}

// allow decides about a call with what screen found.
func (g *guard) allow(a access, r *http.Request, trusted bool) *problem {
	switch {
	case trusted, !g.port, a == health, a == free && g.token == nil:
		return nil
	case g.token == nil:
		return refuse(http.StatusForbidden, "over TCP this call needs a token, and none is configured; "+g.ways)
	}
	p := refuse(http.StatusUnauthorized, "the token is missing; "+g.ways)
	if values := r.Header["Authorization"]; len(values) > 0 {
		p.detail = "the token is wrong; " + g.ways
		if scheme, _, _ := strings.Cut(values[0], " "); !strings.EqualFold(scheme, "Bearer") {
			p.detail = "the Authorization is of another scheme: send it as Bearer; " + g.ways
		}
	}
	p.challenge = true
	return p
}

// knows says whether a request brought the token. What is compared is of one
// length, so that the time taken tells nothing.
func (g *guard) knows(r *http.Request) bool {
	values := r.Header["Authorization"]
	if g.token == nil || len(values) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

// crossSite says whether a browser marked the request as another origin's. A
// page of another port of this machine is another origin, too.
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

// fromBrowser reports whether a request may be a browser's. Of a page that came
// over plain HTTP it may have neither an Origin nor Sec-Fetch-Site.
func fromBrowser(r *http.Request) bool {
	for _, mark := range [...]string{"Origin", "Sec-Fetch-Site", "Cookie", "Referer"} {
		if len(r.Header[mark]) > 0 {
			return true
		}
	}
	return strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// hostIsOurs says whether a Host header names this machine.
func (g *guard) hostIsOurs(hostport string) bool {
	host, bracketed := splitHost(hostport)
	if host == "" {
		return false
	}
	if strings.EqualFold(host, "localhost") || strings.EqualFold(host, g.own) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() && ip.Is6() == bracketed
}

// splitHost takes the port off, and the brackets of an IPv6 address.
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
