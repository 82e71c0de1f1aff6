package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sidehook/relay/console/session"
	"sidehook/relay/httpd"
)

// inPath is where links lead to.
const inPath = "/in"

// signin is the data of the page to sign in.
type signin struct {
	Spent    bool // the link is used or expired
	Command  string
	HasToken bool
}

// entered is the data of the page that hands the key to the script and moves on.
type entered struct{ Key string }

// askToSignIn answers for a page that one must be signed in for, at its own address.
func (h *Handler) askToSignIn(w http.ResponseWriter, r *request) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="sidehook"`)
	if !looks(r.Request) || r.URL.Path == livePath {
		httpd.Refuse(http.StatusUnauthorized, "the console requires a session; run "+h.command()).Write(w)
		return
	}
	h.writeSignIn(w, r, signin{})
}

// command returns the command that makes a link.
func (h *Handler) command() string {
	if h.opts.Level == session.Edit {
		return "sidehook console --edit"
	}
	return "sidehook console"
}

func (h *Handler) writeSignIn(w http.ResponseWriter, r *request, s signin) {
	s.Command = h.command()
	s.HasToken = h.opts.Tokens != nil && h.opts.Tokens.HasToken()
	h.writeBare(w, r, http.StatusUnauthorized, "signin", s)
}

// in answers at inPath: it lets in who comes by a link, or with a token.
func (h *Handler) in(w http.ResponseWriter, r *request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.enter(w, r)
	case http.MethodPost:
		if p := h.signIn(w, r); p != nil {
			p.Write(w)
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		httpd.Refuse(http.StatusMethodNotAllowed, "method not allowed; use GET or POST").Write(w)
	}
}

// enter uses up a link. A link that is only looked at stays good: the browser comes again
// when somebody follows it.
func (h *Handler) enter(w http.ResponseWriter, r *request) {
	if !navigates(r.Request) || prefetches(r.Request) {
		httpd.Refuse(http.StatusForbidden, "a link into the console is only for following it").Write(w)
		return
	}
	code := r.URL.Query().Get("code")
	if code == "" {
		h.askToSignIn(w, r)
		return
	}
	e, ok := h.opts.Sessions.Enter(code)
	if !ok {
		h.writeSignIn(w, r, signin{Spent: true})
		return
	}
	h.begin(w, r, e)
	h.writeBare(w, r, http.StatusOK, "in", entered{e.Key})
}

// begin gives a browser the cookie of its new session.
func (h *Handler) begin(w http.ResponseWriter, r *request, e session.Entry) {
	h.opts.Log.Info("a browser signed in to the console", "edit", e.Level == session.Edit)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r.visitor), Value: e.Cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// signIn begins a session by a token: POST with {"token": "…"}.
func (h *Handler) signIn(w http.ResponseWriter, r *request) *httpd.Problem {
	const maxBody = 16 << 10
	if !hasJSON(r.Request) {
		return httpd.Unsupported("unsupported Content-Type; use application/json")
	}
	body, p := httpd.ReadBody(r.Request, nil, maxBody, nil)
	if p != nil {
		return p
	}
	var given struct{ Token string }
	if json.Unmarshal(body, &given) != nil || given.Token == "" {
		return httpd.Refuse(http.StatusBadRequest, `the body must be {"token": "…"}`)
	}
	if h.opts.Tokens == nil || !h.opts.Tokens.HasToken() {
		return httpd.Refuse(http.StatusUnprocessableEntity, "no token is configured (listen.token); run sidehook console")
	}
	level := session.View
	right, wait := h.opts.Sessions.TryToken(func() bool {
		trust := h.opts.Tokens.TrustOf(strings.TrimSpace(given.Token))
		if trust == httpd.Owner {
			level = max(level, h.opts.Level)
		}
		return trust != httpd.Stranger
	})
	if wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		p := httpd.Refuse(http.StatusTooManyRequests, "too many wrong tokens; try again in "+strconv.Itoa(seconds)+"s, or run sidehook console")
		p.RetryAfter = seconds
		return p
	}
	if !right {
		h.opts.Log.Warn("a wrong token was given to the console")
		return httpd.Refuse(http.StatusUnauthorized, "the token is wrong")
	}
	e := h.opts.Sessions.Begin(level)
	h.begin(w, r, e)
	return httpd.AnswerJSON(w, http.StatusOK, struct {
		Key string `json:"key"`
	}{e.Key})
}

// writeBare writes a page that has nothing of the others around it, and no data.
func (h *Handler) writeBare(w http.ResponseWriter, r *request, status int, view string, data any) {
	body, err := h.views.Render(view, view+".html", data)
	if err != nil {
		h.opts.Log.Error("internal error: a page of the console cannot be written", "path", r.URL.Path, "error", err)
		httpd.Refuse(http.StatusInternalServerError, "internal error; see the log of sidehook").Write(w)
		return
	}
	h.write(w, r.Request, status, "text/html; charset=utf-8", body)
}
