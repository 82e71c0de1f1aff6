package apitest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// The types of what is posted.
const (
	JSON        = "application/json"
	CloudEvent  = "application/cloudevents+json"
	CloudEvents = "application/cloudevents-batch+json"
	JSONLines   = "application/x-ndjson"
)

// Reply is an answer with its body read.
type Reply struct {
	*http.Response
	Text string
}

// Do sends one request; headers are names and values in turn, and Host counts
// as one.
func Do(t testing.TB, c *http.Client, method, url, body string, headers ...string) Reply {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Reply{resp, string(b)}
}

// Post posts to /v1/events over the socket.
func (l *Listener) Post(t testing.TB, contentType, body string, headers ...string) Reply {
	t.Helper()
	if contentType != "" {
		headers = append(headers, "Content-Type", contentType)
	}
	return Do(t, l.ViaUnix, "POST", "http://localhost/v1/events", body, headers...)
}

// Dial opens a connection to the socket.
func (l *Listener) Dial(t *testing.T) *Client {
	t.Helper()
	conn, err := net.Dial("unix", l.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &Client{conn, bufio.NewReader(conn)}
}

// Check compares an answer with the wanted status and body.
func (r Reply) Check(t testing.TB, status int, body string) {
	t.Helper()
	if r.StatusCode != status || r.Text != body {
		t.Errorf("got %d %s\nwant %d %s", r.StatusCode, r.Text, status, body)
	}
	want := "application/json"
	if status >= 400 {
		want = "application/problem+json"
	}
	if got := r.Header.Get("Content-Type"); got != want {
		t.Errorf("Content-Type %q, want %q", got, want)
	}
	if r.ContentLength != int64(len(r.Text)) {
		t.Errorf("Content-Length %d of %d bytes", r.ContentLength, len(r.Text))
	}
}

// Problem returns the body of a refusal; index -1 means none.
func Problem(status int, index int, detail string) string {
	more := ""
	if index >= 0 {
		more = fmt.Sprintf(`,"index":%d`, index)
	}
	return fmt.Sprintf(`{"type":"about:blank","title":%q,"status":%d,"detail":%q%s}`+"\n", http.StatusText(status), status, detail, more)
}

// ErrBroken is an error without a meaning to the API.
var ErrBroken = errors.New("broken")

// CheckNamed is Check as a subtest.
func (r Reply) CheckNamed(t *testing.T, name string, status int, body string) {
	t.Run(name, func(t *testing.T) { r.Check(t, status, body) })
}
