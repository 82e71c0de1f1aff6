package consoletest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"sidehook/relay/console/consoletest"
)

var browser consoletest.Browser

func TestMain(m *testing.M) {
	code := m.Run()
	browser.Close()
	os.Exit(code)
}

// serve serves one page under a content security policy.
func serve(t *testing.T, policy, body string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", policy)
			fmt.Fprintf(w, `<!doctype html><html lang=en><title>A page</title><main><h1>Hello</h1>%s</main>`, body)
		case "/app.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `document.querySelector("button").onclick = e => { e.target.innerText = "pressed" }`)
		case "/favicon.ico":
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/"
}

// TestComplaints: what must fail a test is noticed.
func TestComplaints(t *testing.T) {
	strict := "default-src 'none'; script-src 'self'; img-src 'self'; style-src 'self'; require-trusted-types-for 'script'; trusted-types mine"
	for name, c := range map[string]struct{ policy, body, want string }{
		"nothing":        {strict, "text", ""},
		"inline script":  {strict, "<script>1</script>", "script-src"},
		"handler":        {strict, `<img src=/gone.png alt="" onerror="1">`, "script-src"},
		"inline style":   {strict, `<p style="color: red">a</p>`, "style-src"},
		"another host":   {strict, `<img src="http://other.test/a.png" alt="">`, "img-src"},
		"missing script": {strict, `<script src=/gone.js></script>`, "status 404"},
		"exception":      {"", "<script>throw new Error('why')</script>", "why"},
		"console":        {"", "<script>console.error('what')</script>", "what"},
	} {
		t.Run(name, func(t *testing.T) {
			tab := browser.Tab(t)
			tab.Go(serve(t, c.policy, c.body))
			if c.want == "" {
				return // a complaint fails the test when the tab is closed
			}
			t.Cleanup(func() { tab.Complaints() }) // the same may be told twice
			var got string
			for deadline := time.Now().Add(time.Minute); !strings.Contains(got, c.want); time.Sleep(time.Millisecond) {
				got += strings.Join(tab.Complaints(), "\n")
				if time.Now().After(deadline) {
					t.Fatalf("complaints %q, want %q", got, c.want)
				}
			}
		})
	}
}

// TestActing: a tab clicks, types and presses keys, also under a strict policy.
func TestActing(t *testing.T) {
	tab := browser.Tab(t)
	tab.Go(serve(t, "default-src 'none'; script-src 'self'", `<button>press</button><label>name <input id=name></label><script src=/app.js></script>`))
	tab.ClickText("button", "press")
	tab.WaitText("button", "pressed")
	tab.Press("Tab", "a webhook")
	tab.Fill("#name", "another")
	if got, want := Eval(tab, "document.querySelector('#name').value"), "another"; got != want {
		t.Errorf("the field has %q, want %q", got, want)
	}
	if hosts := consoletest.Hosts(tab.Requests()); len(hosts) != 1 {
		t.Errorf("requests to %v, want one host", hosts)
	}
}

// Eval evaluates to a string.
func Eval(tab *consoletest.Tab, js string) string { return consoletest.Eval[string](tab, js) }

// TestLooks: colours, size and scripts are as asked for.
func TestLooks(t *testing.T) {
	url := serve(t, "default-src 'none'; script-src 'self'", `<button>press</button><noscript>without</noscript><script src=/app.js></script>`)
	look := `matchMedia("(prefers-color-scheme: dark)").matches + " " + innerWidth`
	if got, want := Eval(opened(t, url), look), "false 1280"; got != want {
		t.Errorf("by default: %s, want %s", got, want)
	}
	if got, want := Eval(opened(t, url, consoletest.Dark, consoletest.Narrow), look), "true 360"; got != want {
		t.Errorf("dark and narrow: %s, want %s", got, want)
	}
	if got := opened(t, url, consoletest.NoScript).Text("noscript"); got != "without" {
		t.Errorf("without scripts noscript shows %q", got)
	}
}

func opened(t *testing.T, url string, looks ...consoletest.Look) *consoletest.Tab {
	tab := browser.Tab(t, looks...)
	tab.Go(url)
	return tab
}

// TestAxe: it finds what is wrong, under the console's policy as well.
func TestAxe(t *testing.T) {
	axe := consoletest.LoadAxe(t)
	policy := "default-src 'none'; require-trusted-types-for 'script'; trusted-types mine"
	if got := axe.Findings(opened(t, serve(t, policy, "good"))); len(got) != 0 {
		t.Errorf("findings on a good page: %q", got)
	}
	got := axe.Findings(opened(t, serve(t, policy, `<input id=nameless>`)))
	if len(got) != 1 || !strings.HasPrefix(got[0], "label at #nameless") {
		t.Errorf("findings %q, want one of the label", got)
	}
}

// TestProfiles: tabs share cookies only within a profile.
func TestProfiles(t *testing.T) {
	url := serve(t, "", "")
	first := opened(t, url)
	Eval(first, `document.cookie = "a=b"`)
	for _, c := range []struct {
		tab  *consoletest.Tab
		want string
	}{{first.Another(), "a=b"}, {browser.Tab(t), ""}} {
		c.tab.Go(url)
		if got := Eval(c.tab, "document.cookie"); got != c.want {
			t.Errorf("cookie %q, want %q", got, c.want)
		}
	}
}
