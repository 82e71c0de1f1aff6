package consoletest_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// TestBigPayload: of an event of nearly 1 MiB and of an answer of 64 KiB a page shows the
// beginning, with few elements; the rest comes on demand, and a download has every byte.
func TestBigPayload(t *testing.T) {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	var dense strings.Builder // each number is a word of its own
	for dense.Len() < 900<<10 {
		fmt.Fprintf(&dense, `{"n":%d,"s":"é<b>","t":[true,null]},`, dense.Len())
	}
	data := "[" + dense.String() + "0]"
	s.receiver.Answer("/one", consoletest.Answer(500, "application/json", data[:60<<10]))
	s.Relay = consoletest.Start(t, consoletest.Setup{File: "history: {response_body: 64KiB}\nwebhooks:\n" + s.entry("one", "'a.*'", ", retry: [1h]")})
	s.Post(`{"type":"a.b","id":"big","data":` + data + `}`)
	consoletest.Eventually(t, "an attempt", func() bool { return len(s.receiver.Taken("/one")) == 1 })
	s.Settled()
	tab := s.signedIn(t)
	s.open(t, tab, "/events/big")
	if n := tab.Count("*"); n > mostElements {
		t.Errorf("%d elements, want at most %d", n, mostElements)
	}
	if n := len(tab.HTML()); n > 1<<20 {
		t.Errorf("a page of %d KiB, want at most 1 MiB", n>>10)
	}
	tab.Screenshot("event-big")
	status, body, header := s.Get("/events/big/data")
	if status != http.StatusOK || sha256.Sum256([]byte(body)) != sha256.Sum256([]byte(data)) {
		t.Errorf("data: status %d, %d bytes that differ from the %d sent", status, len(body), len(data))
	}
	if !strings.HasPrefix(header.Get("Content-Disposition"), "attachment") {
		t.Errorf("data comes as %q, want a download", header.Get("Content-Disposition"))
	}
	tab.ClickText("a", "Show more")
	tab.Wait("the rest is there", "location.pathname.endsWith('/rest') && document.readyState == 'complete' || document.body.innerText.includes('131,072')")
}

// TestDownloads: bytes of others come as files, never as a page of the console's origin.
func TestDownloads(t *testing.T) {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	s.receiver.Answer("/one", consoletest.Answer(200, "text/html", attack))
	s.Relay = consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + s.entry("one", "'**'", ", retry: []")})
	for id, content := range map[string]string{"html": "text/html", "svg": "image/svg+xml", "xml": "application/xml", "script": "text/javascript"} {
		s.Post(fmt.Sprintf(`{"specversion":"1.0","type":"a.b","id":%q,"source":"/x","datacontenttype":%q,"data":"<svg xmlns='http://www.w3.org/2000/svg' onload='attacked=1'/>"}`, id, content))
	}
	attempt := func(id string) string { // its number in the history
		var list struct{ Deliveries []struct{ N int } }
		s.Call("GET", "/v1/deliveries?event="+id, "", &list)
		if len(list.Deliveries) == 0 {
			return ""
		}
		return fmt.Sprint(list.Deliveries[0].N)
	}
	for _, id := range []string{"html", "svg", "xml", "script"} {
		consoletest.Eventually(t, "an attempt of "+id, func() bool { return attempt(id) != "" })
	}
	for _, id := range []string{"html", "svg", "xml", "script"} {
		for _, path := range []string{"/data", "/raw", "/body?webhook=one", "/response?attempt=" + attempt(id)} {
			status, _, header := s.Get("/events/" + id + path)
			if status != http.StatusOK {
				t.Errorf("%s%s: status %d", id, path, status)
			}
			if d := header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") {
				t.Errorf("%s%s comes as %q, want a download", id, path, d)
			}
			// The policy lets scripts of this origin run, and so it must have none of others.
			if header.Get("Content-Type") != "application/octet-stream" || header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none';") {
				t.Errorf("%s%s: headers %v", id, path, header)
			}
		}
	}
}

// TestHeaders: every answer has the headers that keep it where it belongs.
func TestHeaders(t *testing.T) {
	s := quiet(t)
	s.post("e1")
	session := s.session("view")
	for _, path := range []string{"/", "/new", "/webhooks/one", "/events/e1", "/deliveries", "/config", "/no-such-page", "/in?code=wrong", "/live?page=/&after=0", "/do/test", "/assets/none.js"} {
		for name, header := range map[string]http.Header{"signed in": session, "stranger": {"Accept": {"text/html"}}, "from another site": {"Accept": {"text/html"}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Cookie": session["Cookie"]}} {
			req, err := http.NewRequest("GET", "http://127.0.0.1:"+s.Port+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = header
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			for key, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types sidehook",
				"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Location": "", "Access-Control-Allow-Origin": "",
			} {
				if got := resp.Header.Get(key); got != want {
					t.Errorf("%s, %s (status %d): %s is %q, want %q", path, name, resp.StatusCode, key, got, want)
				}
			}
		}
	}
}
