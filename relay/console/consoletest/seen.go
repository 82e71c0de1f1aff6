package consoletest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// Request is a request that a tab made.
type Request struct {
	Method, URL string
	Status      int // 0: no answer yet
	Bytes       int // on the wire, with the head; 0 before its end
	Type        string

	id network.RequestID
}

// seen is what happened in a tab.
type seen struct {
	mu         sync.Mutex
	complaints []string
	requests   []*Request
}

// event notes an event of the protocol.
func (s *seen) event(event any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		s.complainLocked("exception: %s (%s:%d)", text, e.ExceptionDetails.URL, e.ExceptionDetails.LineNumber+1)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			var words []string
			for _, arg := range e.Args {
				words = append(words, string(arg.Value)+arg.Description)
			}
			s.complainLocked("console.%s: %s", e.Type, strings.Join(words, " "))
		}
	case *log.EventEntryAdded:
		// A status of an answer is in the requests, where it may be what is expected.
		if e.Entry.Source != log.EntrySourceNetwork && (e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning) {
			s.complainLocked("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		s.issueLocked(e.Issue)
	case *network.EventRequestWillBeSent:
		s.requests = append(s.requests, &Request{Method: e.Request.Method, URL: e.Request.URL, Type: string(e.Type), id: e.RequestID})
	case *network.EventResponseReceived:
		if r := s.requestLocked(e.RequestID); r != nil {
			r.Status = int(e.Response.Status)
			if r.Status >= 400 && (e.Type == network.ResourceTypeStylesheet || e.Type == network.ResourceTypeScript || e.Type == network.ResourceTypeImage || e.Type == network.ResourceTypeFont || e.Type == network.ResourceTypeOther) {
				s.complainLocked("%s: status %d of a %s", r.URL, r.Status, strings.ToLower(r.Type))
			}
		}
	case *network.EventLoadingFinished:
		if r := s.requestLocked(e.RequestID); r != nil {
			r.Bytes = int(e.EncodedDataLength)
		}
	}
}

func (s *seen) complainLocked(format string, args ...any) {
	s.complaints = append(s.complaints, fmt.Sprintf(format, args...))
}

func (s *seen) requestLocked(id network.RequestID) *Request {
	for _, r := range slices.Backward(s.requests) { // a redirect has the id of its origin
		if r.id == id {
			return r
		}
	}
	return nil
}

// issueLocked notes a violation of the content security policy. The other issues of the
// browser are advice.
func (s *seen) issueLocked(issue *audits.InspectorIssue) {
	if issue.Details == nil || issue.Details.ContentSecurityPolicyIssueDetails == nil {
		return
	}
	csp := issue.Details.ContentSecurityPolicyIssueDetails
	where := ""
	if at := csp.SourceCodeLocation; at != nil {
		where = fmt.Sprintf(" at %s:%d:%d", at.URL, at.LineNumber+1, at.ColumnNumber)
	}
	s.complainLocked("content security policy: %s %s %s%s", csp.ContentSecurityPolicyViolationType, csp.ViolatedDirective, csp.BlockedURL, where)
}

// Complaints returns what the browser complained about since the last call: errors and
// warnings of scripts, violations of the content security policy, assets that are
// missing. Those that it returned do not fail the test.
func (tab *Tab) Complaints() []string {
	tab.seen.mu.Lock()
	defer tab.seen.mu.Unlock()
	list := tab.seen.complaints
	tab.seen.complaints = nil
	return list
}

// Requests returns the requests since the last call.
func (tab *Tab) Requests() []Request {
	tab.seen.mu.Lock()
	defer tab.seen.mu.Unlock()
	list := make([]Request, 0, len(tab.seen.requests))
	for _, r := range tab.seen.requests {
		list = append(list, *r)
	}
	tab.seen.requests = nil
	return list
}

// Hosts returns the hosts of requests, each once.
func Hosts(requests []Request) (hosts []string) {
	for _, r := range requests {
		u, err := url.Parse(r.URL)
		if err != nil || u.Host == "" { // such as data:
			continue
		}
		if !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	return hosts
}
