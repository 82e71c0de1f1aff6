package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sidehook/relay/console/session"
	"sidehook/relay/httpd"
)

// policy lets a page load what is of this origin, and nothing else, and have no HTML
// made of text but by the policy of our script.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types sidehook"

// secure sets the headers that every answer has. Only an asset replaces Cache-Control.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// cookieName is that of the cookie of a session. Cookies are not kept apart by ports, so
// their names are.
func cookieName(v httpd.Visitor) string { return "sidehook-" + cmp.Or(v.Port, "80") }

// identify notes the session of a request, if it has one. Of several cookies of the name,
// which other ports of this machine may have set, one of a session counts.
func (h *Handler) identify(r *request) {
	level := h.opts.Sessions.Use
	if r.URL.Path == livePath {
		level = h.opts.Sessions.Look // the page may be open with nobody before it
	}
	for _, cookie := range r.CookiesNamed(cookieName(r.visitor)) {
		if l, ok := level(cookie.Value); ok {
			r.cookie, r.mayEdit = cookie.Value, l == session.Edit
			return
		}
	}
}

// mayLook reports whether a request may be shown pages. It may be asked again while one
// is open.
func (h *Handler) mayLook(r *request) bool {
	if r.visitor.Trust != httpd.Stranger {
		return true
	}
	_, ok := h.opts.Sessions.Look(r.cookie)
	return ok
}

// mayChange returns why a request may change nothing, nil if it may. Whoever sends it has
// a cookie of a session for changes, as all ports of this machine may get it, and the key
// of that session, which the browser gives to pages of this origin alone.
func (h *Handler) mayChange(r *request) *httpd.Problem {
	switch keys := r.Header["Sidehook-Key"]; {
	case !sameOrigin(r.Request):
		return httpd.Refuse(http.StatusForbidden, "a change must come from a page of the console: with Sec-Fetch-Site: same-origin, or an Origin that is the Host")
	case !hasJSON(r.Request):
		return httpd.Unsupported("unsupported Content-Type; use application/json")
	case r.cookie == "":
		return httpd.Refuse(http.StatusUnauthorized, "a change requires a session; run sidehook console --edit")
	case !r.mayEdit:
		return httpd.Refuse(http.StatusForbidden, "this session may only look; run sidehook console --edit")
	case len(keys) != 1 || !h.opts.Sessions.HasKey(r.cookie, keys[0]):
		return httpd.Refuse(http.StatusForbidden, "this browser does not have the key of its session; run sidehook console --edit")
	}
	return nil
}

// sameOrigin reports whether a browser marked a request as one of a page of this origin.
// It must bear one of the two marks, and neither may be another.
func sameOrigin(r *http.Request) bool {
	sites, origins := r.Header["Sec-Fetch-Site"], r.Header["Origin"]
	for _, site := range sites {
		if site != "same-origin" {
			return false
		}
	}
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
	}
	return len(sites)+len(origins) > 0
}

func hasJSON(r *http.Request) bool {
	name, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(name), "application/json")
}

// navigates reports whether a browser is going to a page, as far as it says what it does.
func navigates(r *http.Request) bool {
	is := func(header, value string) bool {
		given := r.Header[header]
		return len(given) == 0 || slices.Equal(given, []string{value})
	}
	return r.Method == http.MethodGet && is("Sec-Fetch-Mode", "navigate") && is("Sec-Fetch-Dest", "document")
}

// prefetches reports whether a browser, or what checks links, asks before anybody wants
// to go there.
func prefetches(r *http.Request) bool {
	for _, header := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if len(r.Header[header]) > 0 {
			return true
		}
	}
	return false
}

// looks reports whether a request can change nothing.
func looks(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// wantsPage reports whether a request is one of a browser for a page.
func wantsPage(r *http.Request) bool {
	return looks(r) && strings.Contains(strings.ToLower(strings.Join(r.Header["Accept"], ",")), "text/html")
}

// bounce answers a request that comes from another origin. Somebody who follows a link
// gets a page without any data, which goes to the same path: then the request is one of
// our own origin, with its cookie, and the page that had the link learns nothing. All
// else is refused.
func (h *Handler) bounce(w http.ResponseWriter, r *request) {
	mode := r.Header["Sec-Fetch-Mode"]
	follows := looks(r.Request) && len(r.Header["Sec-Fetch-Site"]) > 0 && (len(mode) == 0 || mode[0] == "navigate")
	if !follows {
		httpd.Refuse(http.StatusForbidden, "a web page of another origin may not call sidehook").Write(w)
		return
	}
	// Two slashes would begin the name of a host.
	to := "/" + strings.TrimLeft(r.URL.EscapedPath(), "/")
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	h.writeBare(w, r, http.StatusOK, "elsewhere", to)
}
