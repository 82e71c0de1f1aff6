package relay_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestConsoleLinks asks for links where listen allows them, and where it does not.
func TestConsoleLinks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		listen, body string
		status       int
		want         string // of the host of the link, or of the detail
	}{
		{"http: '127.0.0.1:0'", ``, 200, "sidehook.localhost"},
		{"http: '127.0.0.1:0'", `{}`, 200, "sidehook.localhost"},
		{"http: '127.0.0.1:0'", `{"host": "127.0.0.1"}`, 200, "127.0.0.1"},
		{"http: '127.0.0.1:0'", `{"host": "localhost"}`, 200, "localhost"},
		{"http: '127.0.0.1:0'", `{"host": "127.0.0.2"}`, 422, "nothing listens on 127.0.0.2; use 127.0.0.1"},
		{"http: '127.0.0.1:0'", `{"host": "evil.example"}`, 422, `host must be sidehook.localhost, localhost or a loopback address such as 127.0.0.1, not "evil.example"`},
		{"http: '127.0.0.1:0'", `{"host": "192.0.2.1"}`, 422, "host must be "},
		{"http: '127.0.0.1:0'", `{"edit": true}`, 422, "write console: edit under listen in webhooks.yaml, and restart sidehook"},
		{"http: '127.0.0.1:0'", `{"edits": true}`, 400, `unknown key "edits"`},
		{"http: '127.0.0.1:0'", `{"edit": "yes"}`, 400, `key "edit" must be true or false`},
		{"http: '127.0.0.1:0', console: edit", `{"edit": true}`, 200, "sidehook.localhost"},
		{"http: '127.0.0.1:0', console: edit", `{}`, 200, "sidehook.localhost"},
		{"http: '127.0.0.1:0', console: off", `{}`, 422, "the console is off: write console: view under listen in webhooks.yaml, and restart sidehook"},
		{"http: '127.0.0.1:0', console: off", `{"edit": true}`, 422, "the console is off: write console: edit under listen"},
		{"http: '127.0.0.2:0'", `{}`, 200, "127.0.0.2"}, // browsers look for sidehook.localhost on 127.0.0.1
		{"http: '[::1]:0'", `{}`, 200, "sidehook.localhost"},
		{"http: '[::1]:0'", `{"host": "::1"}`, 200, "::1"},
		{"http: '[::1]:0'", `{"host": "127.0.0.1"}`, 422, "nothing listens on 127.0.0.1; use ::1"},
		{"http: '0.0.0.0:0', token: t0ken", `{}`, 422, "write http: 127.0.0.1:4665 under listen"},
		{"http: off", `{}`, 422, "write http: 127.0.0.1:4665 under listen"},
	} {
		t.Run(c.listen+" "+c.body, func(t *testing.T) {
			h := &host{t: t, dir: t.TempDir(), listen: c.listen}
			h.start("webhooks: []\n")
			defer h.end()
			var answer struct {
				URL     string
				Expires time.Time
				Detail  string
			}
			if got := h.call("POST", "/v1/console/links", c.body, &answer); got != c.status {
				t.Fatalf("got %d %+v, want %d", got, answer, c.status)
			}
			if c.status != 200 {
				if !strings.Contains(answer.Detail, c.want) {
					t.Errorf("got %s, want %s", answer.Detail, c.want)
				}
				return
			}
			_, port, _ := strings.Cut(strings.TrimPrefix(h.port, "[::1]"), ":")
			link, err := url.Parse(answer.URL)
			if err != nil || link.Scheme != "http" || link.Hostname() != c.want || link.Port() != port || link.Path != "/in" ||
				!regexp.MustCompile(`^code=[\w-]{43}$`).MatchString(link.RawQuery) {
				t.Errorf("got %s, %v", answer.URL, err)
			}
			if in := time.Until(answer.Expires); in > time.Minute || in < 50*time.Second {
				t.Errorf("it expires in %v", in)
			}
		})
	}
}
