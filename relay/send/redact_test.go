package send_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sidehook/history"
	"sidehook/relay/send"
)

// A receiver that repeats all it was sent, in every place there is, brings no
// secret into the history.
func TestSecretsStayOut(t *testing.T) {
	const bearer, configured, query, path = "tok-12345678", "cfg/87654321+x", "que ry=9876", "hidden-path-1"
	var address string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := w.Header()
		h.Set("X-Echo", r.Header.Get("X-Plain"))
		h.Set("X-Api-Key", "theirs-1")
		h.Add("Set-Cookie", "theirs-2")
		h.Add("X-Two", "a")
		h.Add("X-Two", "b")
		h.Set("Location", strings.Replace(address, "//", "//user:theirs-3@", 1)+r.RequestURI)
		w.WriteHeader(201)
		fmt.Fprintf(w, "%s %v %s %s", r.RequestURI, r.Header, r.URL.Query(), body)
		io.WriteString(w, strings.Repeat("x", 4000-len(configured)/2))
		io.WriteString(w, configured)
	}))
	t.Cleanup(s.Close)
	address = s.URL
	set := settings(t, address+"/"+path+"?token=que+ry%3D9876")
	set.Shown = address + "/***"
	set.Headers = []send.Header{
		{Name: "Authorization", Value: "Bearer " + bearer},
		{Name: "X-Plain", Value: configured, Secret: true},
		{Name: "X-Team", Value: "data"},
	}
	// The last bytes that are kept end within a secret.
	q := begin(t, set, send.Options{})
	for keep := 0; keep < 6000; keep += 29 {
		q.record.KeepBody = keep
		q.add("1")
		n := keep / 29
		q.wait(t, n+1)
		text := fmt.Sprintf("%+v %s %v", q.all()[n], q.all()[n].Response.Body, set.Config(1))
		for _, secret := range []string{bearer, configured, query, "que+ry", path, "theirs"} {
			for end := len(secret); end >= min(len(secret), 6); end-- {
				if at := strings.Index(text, secret[:end]); at >= 0 {
					t.Fatalf("keep %d: found %q in …%s…", keep, secret[:end], text[max(0, at-60):min(len(text), at+60)])
				}
			}
		}
	}
	r := q.all()[1].Response
	want := []history.Header{{Name: "X-Api-Key", Value: "***"}, {Name: "X-Echo", Value: "***"}, {Name: "X-Two", Value: "a, b"}}
	for _, h := range want {
		if !strings.Contains(fmt.Sprintf("%+v", r.Headers), fmt.Sprintf("%+v", h)) {
			t.Errorf("no %+v in %+v", h, r.Headers)
		}
	}
}

// Of a body so much is kept as is asked for, of a text in whole characters, and it
// is said whether there was more.
func TestKeptBody(t *testing.T) {
	for _, c := range []struct {
		body      string
		keep      int
		want      string
		truncated bool
	}{
		{"", 10, "", false},
		{"", 0, "", false},
		{"0123456789", 10, "0123456789", false},
		{"0123456789", 9, "012345678", true},
		{"0123456789", 0, "", true},
		{"\x1b[31m\xff", 10, "\x1b[31m\xff", false},
		{"日本", 6, "日本", false},
		{"日本", 5, "日", true},
		{"日本", 2, "", true},
		{"é\xff日", 5, "é\xff日"[:5], true}, // no text anyway
		{"日\xe6", 10, "日\xe6", false},
		{strings.Repeat("x", 64<<10), 64 << 10, strings.Repeat("x", 64<<10), false},
		{strings.Repeat("x", 70<<10), 64 << 10, strings.Repeat("x", 64<<10), true},
	} {
		for _, chunked := range []bool{false, true} {
			s := server(t, func(w http.ResponseWriter, r *http.Request) {
				if chunked {
					w.(http.Flusher).Flush()
				}
				io.WriteString(w, c.body)
			})
			q := begin(t, settings(t, s.URL), send.Options{})
			q.record.KeepBody = c.keep
			q.add("1")
			got := q.wait(t, 1)[0].Response
			if string(got.Body) != c.want || got.Truncated != c.truncated {
				t.Errorf("%d bytes, keep %d, chunked %v: got %d, truncated %v", len(c.body), c.keep, chunked, len(got.Body), got.Truncated)
			}
		}
	}
}
