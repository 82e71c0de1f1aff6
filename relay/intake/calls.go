package intake

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"sidehook/relay/api"
)

// call is one that the listener answers.
type call struct {
	method string
	path   string // at most one segment is a {name}, which is handed on
	access access
	params []string // the query parameters it has
	serve  handler
}

// name is how the API's table names it.
func (c *call) name() string { return c.method + " " + c.path }

// handler answers a call, or says why not.
type handler func(ctx context.Context, w http.ResponseWriter, r *http.Request, arg string) *problem

// allCalls are the calls; the one that is made most stands first.
func (s *Server) allCalls() []call {
	calls := []call{
		{"POST", api.EventsPath, free, nil, s.takeEvents},
		{"GET", api.EventPath, guarded, []string{"source"}, s.showEvent},
		{"POST", api.ResendPath, guarded, []string{"source"}, s.resend},
		{"GET", api.WebhooksPath, guarded, nil, s.listWebhooks},
		{"GET", api.WebhookPath, guarded, nil, s.showWebhook},
		{"POST", api.EnablePath, guarded, nil, s.acting(s.operator.Enable)},
		{"POST", api.RetryPath, guarded, nil, s.acting(s.operator.Retry)},
		{"POST", api.TestPath, guarded, nil, s.testWebhook},
		{"POST", api.BulkPath, guarded, nil, s.resendBulk},
		{"POST", api.CancelPath, guarded, nil, s.cancel},
		{"GET", api.DeliveriesPath, guarded, deliveryParams(), s.deliveries},
		{"POST", api.AcceptPath, guarded, nil, s.acceptDamage},
		{"GET", api.ConfigPath, guarded, nil, s.showConfig},
		{"GET", api.HealthPath, health, nil, s.healthz},
		{"GET", api.ReadyPath, health, nil, s.readyz},
	}
	if s.opts.Metrics != nil {
		calls = append(calls, call{"GET", api.MetricsPath, free, nil, s.metrics})
	}
	return calls
}

// serve finds the call and answers it.
func (s *Server) serve(ctx context.Context, w http.ResponseWriter, r *http.Request, g guard) {
	c, arg, missing := s.find(r)
	defer s.caught(c, w)
	p := s.admit(c, r, g)
	if p == nil {
		p = missing
	}
	if s.stopping.Load() || framedInTwoWays(r) {
		w.Header()["Connection"] = closeHeader
	}
	if p == nil {
		p = c.serve(ctx, w, r, arg)
	} else {
		p.unread = true
	}
	if p != nil {
		s.countRefused(c, p)
		if p.unread && r.Close && r.ContentLength != 0 {
			linger(w)
		}
		p.write(w)
	}
}

// countRefused tells of events that were refused. How many there were in a
// request that was not read to its end nobody knows; it counts as one.
func (s *Server) countRefused(c *call, p *problem) {
	if c != nil && c.path == api.EventsPath {
		s.opts.Answered(strconv.Itoa(p.status), max(1, p.events))
	}
}

// admit refuses what the guard, a stop or the query forbids. A nil call is one
// that does not exist; which ones do is no secret.
func (s *Server) admit(c *call, r *http.Request, g guard) *problem {
	if c != nil && c.access == health {
		return checkQuery(c, r)
	}
	trusted, p := g.screen(r)
	if p != nil || c == nil {
		return p
	}
	if p := g.allow(c.access, r, trusted); p != nil {
		return p
	}
	if s.stopping.Load() {
		return unavailable("sidehook is stopping")
	}
	return checkQuery(c, r)
}

// caught answers for a handler that panicked. The panic is of one request
// alone: what is shared, the journal, has a goroutine of its own.
func (s *Server) caught(c *call, w http.ResponseWriter) {
	v := recover()
	if v == nil {
		return
	}
	s.log.Error("a request failed in sidehook itself", "panic", v, "stack", string(debug.Stack()))
	p := refuse(http.StatusInternalServerError, "sidehook failed on this request; its log says how")
	p.hangUp = true
	s.countRefused(c, p)
	p.write(w)
}

// find returns the call that a request makes and the segment that is its
// argument.
func (s *Server) find(r *http.Request) (*call, string, *problem) {
	path, method := r.URL.EscapedPath(), r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var others, here []string
	for i := range s.calls {
		c := &s.calls[i]
		arg, ok := match(c.path, path)
		if !ok {
			continue
		}
		if c.method != method {
			others, here = append(others, c.method), append(here, c.name())
			continue
		}
		plain, err := url.PathUnescape(arg)
		if err != nil {
			return nil, "", refuse(http.StatusBadRequest, "the path is not properly percent-encoded")
		}
		return c, plain, nil
	}
	if others == nil {
		return nil, "", refuse(http.StatusNotFound, "there is no such call; the nearest is "+s.nearest(method, path).name())
	}
	if slices.Contains(others, http.MethodGet) {
		others = append(others, http.MethodHead)
	}
	p := refuse(http.StatusMethodNotAllowed, fmt.Sprintf("%s is not among this path's methods; there is %s", r.Method, strings.Join(here, ", ")))
	p.allow = strings.Join(others, ", ")
	return nil, "", p
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
func checkQuery(c *call, r *http.Request) *problem {
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(http.StatusBadRequest, "the query is not properly percent-encoded")
	}
	for name, values := range query {
		switch {
		case len(c.params) == 0:
			return refuse(http.StatusBadRequest, fmt.Sprintf("unknown query parameter %q; this call has none", name))
		case !slices.Contains(c.params, name):
			return refuse(http.StatusBadRequest, fmt.Sprintf("unknown query parameter %q; this call has %s", name, strings.Join(c.params, ", ")))
		case len(values) > 1:
			return refuse(http.StatusBadRequest, fmt.Sprintf("query parameter %q is given twice", name))
		}
	}
	return nil
}
