package httpd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Call is a call of the API.
type Call struct {
	Method string
	Path   string // at most one segment is a {name}, whose value the handler gets
	Access Access
	Params []string // the query parameters it has
	Plain  bool     // its requests are many, and those that are plain bypass net/http
	Handle Handler
	// Refused is told of each refusal of this call, also of those before the
	// handler. It may be nil.
	Refused func(*Problem)
}

// Handler answers a call, or returns why not. It may go on while the server
// stops: ctx is done when a stop has taken too long.
type Handler func(ctx context.Context, w http.ResponseWriter, r *http.Request, arg string) *Problem

// String names the call as the documentation does.
func (c *Call) String() string { return c.Method + " " + c.Path }

// changesNothing reports whether the call only looks.
func (c *Call) changesNothing() bool { return c.Method == http.MethodGet }

func (c *Call) refused(p *Problem) {
	if c != nil && c.Refused != nil {
		c.Refused(p)
	}
}

// Calls returns the calls that are registered.
func (s *Server) Calls() []Call { return slices.Clone(s.calls) }

// find returns the call that a request makes and the segment that is its
// argument. Without a problem, a nil call is one of a path that no call has.
func (s *Server) find(r *http.Request) (*Call, string, *Problem) {
	path, method := r.URL.EscapedPath(), r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var others []*Call // with the path, and another method
	for i := range s.calls {
		c := &s.calls[i]
		arg, ok := match(c.Path, path)
		if !ok {
			continue
		}
		if c.Method != method {
			others = append(others, c)
			continue
		}
		plain, err := url.PathUnescape(arg)
		if err != nil {
			return nil, "", Refuse(http.StatusBadRequest, "the path is not properly percent-encoded")
		}
		return c, plain, nil
	}
	if others == nil {
		return nil, "", nil
	}
	return nil, "", methodNotAllowed(others)
}

// missing makes the problem of a path that no call has.
func (s *Server) missing(r *http.Request, g *guard) *Problem {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	p := Refuse(http.StatusNotFound, "there is no such call; the nearest is "+s.nearest(method, r.URL.EscapedPath()).String())
	if g.open && s.isVisit(r) {
		p.Detail += "; the console is only on a loopback address and on the socket: write one as listen.http for it"
	}
	return p
}

func methodNotAllowed(others []*Call) *Problem {
	var methods, calls []string
	for _, c := range others {
		methods, calls = append(methods, c.Method), append(calls, c.String())
	}
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	p := Refuse(http.StatusMethodNotAllowed, "method not allowed; use "+strings.Join(calls, " or "))
	p.allow = strings.Join(methods, ", ")
	return p
}

// match compares a path with that of a call.
func match(pattern, path string) (arg string, ok bool) {
	head, rest, ok := strings.Cut(pattern, "{")
	if !ok {
		return "", pattern == path
	}
	_, tail, _ := strings.Cut(rest, "}")
	arg, ok = strings.CutPrefix(path, head)
	if !ok {
		return "", false
	}
	arg, ok = strings.CutSuffix(arg, tail)
	return arg, ok && arg != "" && !strings.Contains(arg, "/")
}

// checkQuery refuses parameters that a call does not have.
func checkQuery(c *Call, r *http.Request) *Problem {
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Refuse(http.StatusBadRequest, "the query is not properly percent-encoded")
	}
	for name, values := range query {
		switch {
		case len(c.Params) == 0:
			return Refuse(http.StatusBadRequest, fmt.Sprintf("unknown query parameter %q; this call has none", name))
		case !slices.Contains(c.Params, name):
			return Refuse(http.StatusBadRequest, fmt.Sprintf("unknown query parameter %q; this call has %s", name, strings.Join(c.Params, ", ")))
		case len(values) > 1:
			return Refuse(http.StatusBadRequest, fmt.Sprintf("query parameter %q is given twice", name))
		}
	}
	return nil
}
