package intake_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/intake"
)

// journal is a Journal in memory.
type journal struct {
	mu      sync.Mutex
	fails   error
	wait    func(context.Context) error // called outside the lock before anything is kept
	kept    []history.Entry
	content map[string]string // by source and id
}

func (j *journal) Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	if j.wait != nil {
		if err := j.wait(ctx); err != nil {
			return nil, err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fails != nil {
		return nil, j.fails
	}
	content := maps.Clone(j.content)
	if content == nil {
		content = map[string]string{}
	}
	kept := j.kept
	receipts := make([]history.Receipt, len(entries))
	for i, e := range entries {
		var given bytes.Buffer
		e.Event.WriteContent(&given)
		key := e.Event.Source + "\n" + e.Event.ID
		switch old, known := content[key]; {
		case !known:
			content[key] = given.String()
			kept = append(kept, e)
			receipts[i] = history.Receipt{Seq: uint64(len(kept)), To: e.To}
		case old == given.String():
			receipts[i] = history.Receipt{Seq: 1, To: []string{"first"}, Duplicate: true}
		default:
			return nil, fmt.Errorf("append: %w", &history.ConflictError{Index: i})
		}
	}
	j.content, j.kept = content, kept
	return receipts, nil
}

func (j *journal) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fails = err
}

func (j *journal) events() []history.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]history.Entry(nil), j.kept...)
}

var both = []string{"one", "two"}

// match is what the webhooks of the tests want.
func match(e *event.Event) (to []string, failures []history.Failure) {
	switch {
	case strings.HasPrefix(e.Type, "a."):
		return both[:1], nil
	case strings.HasPrefix(e.Type, "b."):
		return both, nil
	case strings.HasPrefix(e.Type, "failing."):
		return both, []history.Failure{{Webhook: "two", Reason: "why not"}}
	}
	return nil, nil
}

var settings = intake.Settings{Source: "test", Match: match, Generation: 7}

// listener is a Server that runs, with a client for each of its two ways in.
type listener struct {
	*intake.Server
	journal  *journal
	operator *operator
	addr     string // of the port
	path     string // of the socket
	viaPort  *http.Client
	viaUnix  *http.Client
	stop     func() error // and wait
}

// start runs a Server on a free port and on a socket.
func start(t testing.TB, initial intake.Settings, opts intake.Options) *listener {
	t.Helper()
	l := &listener{journal: &journal{}, operator: &operator{}, path: filepath.Join(shortDir(t), "s")}
	opened := make(chan []net.Addr, 1)
	opts.HTTP, opts.Socket = "127.0.0.1:0", l.path
	opts.Opened = func(addrs []net.Addr) { opened <- addrs }
	l.Server = intake.New(l.journal, l.operator, initial, opts)
	l.stop = run(t, l.Server)
	l.addr = (<-opened)[0].String()
	l.viaPort = &http.Client{Transport: &http.Transport{}}
	l.viaUnix = unixClient(l.path)
	t.Cleanup(l.viaPort.CloseIdleConnections)
	t.Cleanup(l.viaUnix.CloseIdleConnections)
	return l
}

func unixClient(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
}

// run runs a Server until the test ends or stop is called.
func run(t testing.TB, s *intake.Server) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { stop() })
	return stop
}

// shortDir is a folder whose path leaves room for that of a socket.
func shortDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "in")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// reply is an answer with its body read.
type reply struct {
	*http.Response
	body string
}

// do sends one request; headers are names and values in turn, and Host counts
// as one.
func do(t testing.TB, c *http.Client, method, url, body string, headers ...string) reply {
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
	return reply{resp, string(b)}
}

// post posts to /v1/events over the socket.
func (l *listener) post(t testing.TB, contentType, body string, headers ...string) reply {
	t.Helper()
	if contentType != "" {
		headers = append(headers, "Content-Type", contentType)
	}
	return do(t, l.viaUnix, "POST", "http://localhost/v1/events", body, headers...)
}

// dial opens a connection to the socket.
func (l *listener) dial(t *testing.T) *client {
	t.Helper()
	conn, err := net.Dial("unix", l.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{conn, bufio.NewReader(conn)}
}

// check compares an answer with the status and the body that are wanted.
func (r reply) check(t testing.TB, status int, body string) {
	t.Helper()
	if r.StatusCode != status || r.body != body {
		t.Errorf("got %d %s\nwant %d %s", r.StatusCode, r.body, status, body)
	}
	want := "application/json"
	if status >= 400 {
		want = "application/problem+json"
	}
	if got := r.Header.Get("Content-Type"); got != want {
		t.Errorf("Content-Type %q, want %q", got, want)
	}
	if r.ContentLength != int64(len(r.body)) {
		t.Errorf("Content-Length %d of %d bytes", r.ContentLength, len(r.body))
	}
}

// problem is the body of a refusal; index -1 stands for none.
func problem(status int, index int, detail string) string {
	more := ""
	if index >= 0 {
		more = fmt.Sprintf(`,"index":%d`, index)
	}
	return fmt.Sprintf(`{"type":"about:blank","title":%q,"status":%d,"detail":%q%s}`+"\n", http.StatusText(status), status, detail, more)
}

var errBroken = errors.New("broken")
