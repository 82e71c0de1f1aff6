package http1

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// receiver serves each connection, one after another, and counts them.
func receiver(t *testing.T, serve func(net.Conn, *bufio.Reader)) (address string, conns *atomic.Int32) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	conns = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer c.Close()
				serve(c, bufio.NewReader(c))
			}()
		}
	}()
	return l.Addr().String(), conns
}

// answers gives each request on a connection the same answer.
func answers(text string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		for {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			io.Copy(io.Discard, request.Body)
			io.WriteString(c, text)
		}
	}
}

// observed records what an Observer is told.
type observed struct {
	mu    sync.Mutex
	wrote error
	calls string
}

func (o *observed) WroteRequest(err error) {
	o.mu.Lock()
	o.wrote, o.calls = err, o.calls+"wrote "
	o.mu.Unlock()
}

func (o *observed) GotFirstByte() {
	o.mu.Lock()
	o.calls += "answered"
	o.mu.Unlock()
}

// post makes a request on the connection that was used last, or on a new one.
func post(ctx context.Context, t *testing.T, p *Pool, address string, size int) (*http.Response, *observed, error) {
	t.Helper()
	c := p.Get()
	if c == nil {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = p.Add(conn, conn.(*net.TCPConn)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+address+"/hook", bytes.NewReader(make([]byte, size)))
	if err != nil {
		t.Fatal(err)
	}
	o := &observed{}
	resp, err := c.RoundTrip(r, o)
	return resp, o, err
}

func newPool() *Pool { return &Pool{MaxIdle: 4, IdleTimeout: time.Minute, MaxHeaders: 4096} }

const empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// A connection carries one request after another, for as long as it is clear where the
// answer to the last one ends.
func TestReuse(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		size   int  // of the request
		unread bool // the answer's body is closed unread
		kept   bool
	}{
		"without a body":             {answer: empty, kept: true},
		"with a body":                {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", kept: true},
		"in chunks":                  {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", kept: true},
		"after interim answers":      {answer: "HTTP/1.1 103 Early Hints\r\n\r\n" + empty, kept: true},
		"to a large request":         {answer: empty, size: 1 << 20, kept: true},
		"a failure":                  {answer: "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", kept: true},
		"its body unread":            {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", unread: true},
		"closing":                    {answer: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
		"of HTTP/1.0":                {answer: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
		"followed by something":      {answer: empty + "HTTP"},
		"with a body where none may": {answer: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"},
		"switching protocols":        {answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			address, conns := receiver(t, answers(c.answer))
			p := newPool()
			defer p.CloseIdle()
			for range 3 {
				resp, o, err := post(t.Context(), t, p, address, c.size)
				if err != nil {
					t.Fatal(err)
				}
				if !c.unread {
					io.Copy(io.Discard, resp.Body)
				}
				resp.Body.Close()
				if c.size <= inline && (o.calls != "wrote answered" || o.wrote != nil) {
					t.Errorf("the observer was told %q, %v", o.calls, o.wrote)
				}
			}
			want := int32(3)
			if c.kept {
				want = 1
			}
			if got := conns.Load(); got != want {
				t.Errorf("got %d connections, want %d", got, want)
			}
		})
	}
}

// What the receiver has closed, or has said something on, is not used again, and is
// closed without another request.
func TestIdleEnds(t *testing.T) {
	for name, then := range map[string]string{"closed": "", "with an answer to nothing": "HTTP/1.1 408 Late\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, closed := make(chan bool, 9), make(chan bool, 9)
			address, conns := receiver(t, func(c net.Conn, r *bufio.Reader) {
				request, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				io.Copy(io.Discard, request.Body)
				io.WriteString(c, empty)
				if then == "" {
					c.(*net.TCPConn).CloseWrite()
				} else {
					io.WriteString(c, then)
				}
				said <- true
				io.Copy(io.Discard, r)
				closed <- true
			})
			p := newPool()
			for n := range int32(3) {
				if _, _, err := post(t.Context(), t, p, address, 10); err != nil || conns.Load() != n+1 {
					t.Fatalf("got %v on connection %d, want the answer on %d", err, conns.Load(), n+1)
				}
				<-said
			}
			for range 3 {
				<-closed // the last one by check
			}
		})
	}
}

// A pool keeps no more connections than it may, and none for longer.
func TestPoolLimits(t *testing.T) {
	address, conns := receiver(t, answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	p := &Pool{MaxIdle: 2, IdleTimeout: time.Millisecond, MaxHeaders: 4096}
	var bodies []io.ReadCloser
	for range 3 {
		resp, _, err := post(t.Context(), t, p, address, 10)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Read(make([]byte, 1)) // so much is left that it is not at its end
		bodies = append(bodies, resp.Body)
	}
	if conns.Load() != 3 {
		t.Errorf("got %d connections for 3 requests at once", conns.Load())
	}
	for _, b := range bodies {
		io.Copy(io.Discard, b)
		b.Close()
	}
	p.mu.Lock()
	idle := len(p.idle)
	p.mu.Unlock()
	if idle != 2 {
		t.Errorf("%d connections are kept, want 2", idle)
	}
	time.Sleep(2 * time.Millisecond)
	p.check()
	if p.Get() != nil {
		t.Error("a connection is kept for longer than IdleTimeout")
	}
}

// An answer that comes while a large request is being written counts, and ends the writing.
func TestAnswerToWhatIsNotRead(t *testing.T) {
	address, _ := receiver(t, func(c net.Conn, r *bufio.Reader) {
		r.Peek(1)
		io.WriteString(c, empty)
		<-t.Context().Done() // it reads no more
	})
	resp, o, err := post(t.Context(), t, newPool(), address, 64<<20)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %v, %v", resp, err)
	}
	if o.wrote == nil {
		t.Error("the request was written whole")
	}
}

// The end of the context ends a request, wherever it waits, with its cause.
func TestContextEnds(t *testing.T) {
	for name, c := range map[string]struct {
		size  int
		serve func(net.Conn, *bufio.Reader)
	}{
		"while it is written":  {64 << 20, func(net.Conn, *bufio.Reader) { <-t.Context().Done() }},
		"before the answer":    {10, func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }},
		"within the headers":   {10, func(c net.Conn, r *bufio.Reader) { io.WriteString(c, "HTTP/1.1 200 OK\r\n"); io.Copy(io.Discard, r) }},
		"of a request of none": {0, func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }},
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := receiver(t, c.serve)
			enough := errors.New("enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, enough)
			defer cancel()
			p := newPool()
			if _, _, err := post(ctx, t, p, address, c.size); err != enough {
				t.Errorf("got %v, want %v", err, enough)
			}
			if p.Get() != nil {
				t.Error("the connection is kept")
			}
		})
	}
}

// talkative is a layer over a connection, as TLS is, whose Close waits for the receiver.
type talkative struct {
	net.Conn
	ended  <-chan struct{}
	closed chan<- bool
}

func (c talkative) Close() error {
	<-c.ended
	c.closed <- true
	return c.Conn.Close()
}

// A request that is cut off does not wait for its receiver to be told so.
func TestCutOffAtOnce(t *testing.T) {
	for name, text := range map[string]string{"no answer": "", "half an answer": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			ended, closed := make(chan struct{}), make(chan bool, 1)
			address, _ := receiver(t, func(c net.Conn, _ *bufio.Reader) {
				io.WriteString(c, text)
				<-ended
			})
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			c, err := newPool().Add(talkative{conn, ended, closed}, conn.(*net.TCPConn))
			if err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(10*time.Second, func() { close(ended) })
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, "POST", "http://"+address, bytes.NewReader(make([]byte, 64<<20)))
			if err != nil {
				t.Fatal(err)
			}
			if resp, err := c.RoundTrip(r, &observed{}); err == nil {
				io.Copy(io.Discard, resp.Body)
			}
			if !late.Stop() {
				t.Fatal("it waited for the receiver")
			}
			close(ended)
			<-closed
		})
	}
}

// What is no answer is told apart from a connection that ends.
func TestNoAnswer(t *testing.T) {
	large := "X: " + strings.Repeat("x", 100) + "\r\n"
	for name, c := range map[string]struct {
		answer string
		want   func(error) bool
	}{
		"closed":                   {"", func(err error) bool { return err == io.EOF }},
		"closed in the headers":    {"HTTP/1.1 200 OK\r\nX: y\r\n", func(err error) bool { return err == io.ErrUnexpectedEOF }},
		"not HTTP":                 {"220 mail.example.com\r\n", isMalformed},
		"large headers":            {"HTTP/1.1 200 OK\r\n" + strings.Repeat(large, 50), func(err error) bool { return err == ErrLargeHeaders }},
		"interim answers, no last": {strings.Repeat("HTTP/1.1 102 Wait\r\n\r\n", 500), func(err error) bool { return err == ErrLargeHeaders }},
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := receiver(t, func(conn net.Conn, r *bufio.Reader) {
				request, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				io.Copy(io.Discard, request.Body)
				io.WriteString(conn, c.answer)
			})
			if _, _, err := post(t.Context(), t, newPool(), address, 10); !c.want(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func isMalformed(err error) bool {
	var malformed *MalformedError
	return errors.As(err, &malformed)
}

// What is written is what net/http would write, but for the order of the headers.
func TestWrite(t *testing.T) {
	for name, c := range map[string]struct {
		url, body string
		host      string
		header    http.Header
	}{
		"the least":             {url: "http://a.example"},
		"a path and a query":    {url: "https://a.example:8443/b/%C3%A4%2F?c=d%20e&f", body: "{}"},
		"a path to be escaped":  {url: "http://a.example/b c/é", body: "{}"},
		"another host":          {url: "http://a.example/", host: "b.example", body: "{}"},
		"an address":            {url: "http://[::1]:80/", body: "{}"},
		"an address and a zone": {url: "http://[fe80::1%25eth0]:80/", body: "{}"},
		"headers":               {url: "http://a.example/", body: strings.Repeat("x", 9000), header: http.Header{"Webhook-Id": {"1"}, "X": {"b", "a"}, "Content-Type": {"application/json"}, "Empty": {""}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t, c.url, c.body)
			r.Host = cmp.Or(c.host, r.Host)
			r.Header = http.Header{"User-Agent": {"x"}}
			maps.Copy(r.Header, c.header)
			var ours, theirs bytes.Buffer
			w := bufio.NewWriter(&ours)
			if err := cmp.Or(write(w, r, false), w.Flush()); err != nil {
				t.Fatal(err)
			}
			if c.body != "" {
				r.Body = io.NopCloser(strings.NewReader(c.body))
			}
			if err := r.Write(&theirs); err != nil {
				t.Fatal(err)
			}
			if got, want := sortedLines(ours.String()), sortedLines(theirs.String()); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if line, _, _ := strings.Cut(ours.String(), "\r\n"); !strings.HasPrefix(theirs.String(), line+"\r\n") {
				t.Errorf("got first %q", line)
			}
		})
	}
}

// A value with a line break, or a body of another length, is no request.
func TestWriteRefuses(t *testing.T) {
	w := bufio.NewWriter(io.Discard)
	r := request(t, "http://a.example", "{}")
	r.Header["X"] = []string{"a\r\nY: b"}
	if err := write(w, r, false); err != errHeader {
		t.Errorf("got %v", err)
	}
	r = request(t, "http://a.example", "{}")
	r.ContentLength++
	if err := write(w, r, false); err != io.ErrUnexpectedEOF {
		t.Errorf("got %v", err)
	}
}

func request(t *testing.T, url, body string) *http.Request {
	r, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sortedLines(text string) string {
	lines := strings.Split(text, "\r\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
