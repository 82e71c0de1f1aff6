package console_test

import (
	"strings"
	"testing"

	"sidehook/relay/console/session"
	"sidehook/relay/httpd"
)

// TestStolenCookieChangesNothing: all ports of a name get its cookies. With the cookie
// alone one may look.
func TestStolenCookieChangesNothing(t *testing.T) {
	v := newVisit(t)
	in, key := v.signedIn(session.Edit)
	_, other := v.signedIn(session.Edit)
	sent := []string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin", "Origin", "http://" + host}
	for name, keys := range map[string][]string{
		"none": nil, "empty": {"Sidehook-Key", ""}, "another session's": other, "two": join(key, other),
		"the cookie": {"Sidehook-Key", strings.TrimPrefix(in[1], cookie+"=")},
	} {
		if w := v.do(httpd.Visitor{Trust: httpd.Owner}, "POST /do/test", "{}", join(in, sent, keys)...); w.Code != 403 || v.changed > 0 {
			t.Errorf("key %s: %d %s", name, w.Code, w.Body)
		}
	}
	// Nor does any page tell the key.
	for _, path := range append(v.Pages(), "/in", "/live?page=/&after=0") {
		if w := v.get(path, join(in, browser)...); strings.Contains(w.Body.String(), key[1]) || strings.Contains(w.Body.String(), "data-key") {
			t.Errorf("%s tells the key: %s", path, w.Body)
		}
	}
	if w := v.do(httpd.Visitor{}, "POST /do/test", "{}", join(in, sent, key)...); w.Code != 200 || v.changed != 1 {
		t.Errorf("with the key: %d %s", w.Code, w.Body)
	}
}

// TestChanges goes through what a change needs, for those who have the token, too.
func TestChanges(t *testing.T) {
	v := newVisit(t)
	edit, editKey := v.signedIn(session.Edit)
	view, viewKey := v.signedIn(session.View)
	json := []string{"Content-Type", "application/json"}
	origin := []string{"Origin", "http://" + host}
	site := []string{"Sec-Fetch-Site", "same-origin"}
	for _, c := range []struct {
		name, line string
		headers    []string
		want       int
		says       string
	}{
		{"all", "POST /do/test", join(edit, editKey, json, origin, site), 200, "done"},
		{"Origin alone", "POST /do/test", join(edit, editKey, json, origin), 200, "done"},
		{"Sec-Fetch-Site alone", "POST /do/test", join(edit, editKey, json, site), 200, "done"},
		{"a charset", "POST /do/test", join(edit, editKey, origin, []string{"Content-Type", "application/json; charset=utf-8"}), 200, "done"},
		{"no mark of a browser", "POST /do/test", join(edit, editKey, json), 403, "must come from a page of the console"},
		{"an address that was typed", "POST /do/test", join(edit, editKey, json, []string{"Sec-Fetch-Site", "none"}), 403, "must come from a page of the console"},
		{"another port", "POST /do/test", join(edit, editKey, json, site, []string{"Origin", "http://sidehook.localhost:3000"}), 403, "must come from a page of the console"},
		{"another name", "POST /do/test", join(edit, editKey, json, []string{"Origin", "http://localhost:4665"}), 403, "must come from a page of the console"},
		{"no origin", "POST /do/test", join(edit, editKey, json, []string{"Origin", "null"}), 403, "must come from a page of the console"},
		{"another site", "POST /do/test", join(edit, editKey, json, origin, []string{"Sec-Fetch-Site", "cross-site"}), 403, "must come from a page of the console"},
		{"a form", "POST /do/test", join(edit, editKey, origin, []string{"Content-Type", "application/x-www-form-urlencoded"}), 415, "use application/json"},
		{"text", "POST /do/test", join(edit, editKey, origin, []string{"Content-Type", "text/plain"}), 415, "use application/json"},
		{"no type", "POST /do/test", join(edit, editKey, origin), 415, "use application/json"},
		{"no cookie", "POST /do/test", join(editKey, json, origin), 401, "run sidehook console --edit"},
		{"a session to look", "POST /do/test", join(view, viewKey, json, origin), 403, "this session may only look"},
		{"the key of another", "POST /do/test", join(view, editKey, json, origin), 403, "this session may only look"},
		{"GET", "GET /do/test", join(edit, editKey, json, origin), 405, "use POST"},
		{"HEAD", "HEAD /do/test", join(edit, editKey, json, origin), 405, ""},
		{"PUT", "PUT /do/test", join(edit, editKey, json, origin), 405, "use POST"},
		{"an unknown one", "POST /do/nothing", join(edit, editKey, json, origin), 404, "there is no such change"},
		{"a page", "POST /", join(edit, editKey, json, origin), 405, "use GET"},
		{"too much", "POST /do/test", join(edit, editKey, json, origin), 413, "larger than"},
	} {
		for _, trust := range []httpd.Trust{httpd.Stranger, httpd.Reader, httpd.Owner} {
			v.changed = 0
			body := "{}"
			if c.want == 413 {
				body = strings.Repeat(" ", 1<<20+1)
			}
			w := v.do(httpd.Visitor{Trust: trust}, c.line, body, c.headers...)
			if w.Code != c.want || !strings.Contains(w.Body.String(), c.says) || (v.changed == 1) != (c.want == 200) {
				t.Errorf("%s, trust %d: got %d %s, changed %d times; want %d %s", c.name, trust, w.Code, w.Body, v.changed, c.want, c.says)
			}
		}
	}
}
