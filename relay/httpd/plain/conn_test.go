package plain_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/httpd/plain"
)

// client is the other end of a connection that a Conn serves.
type client struct {
	net.Conn
	answers *bufio.Reader
	served  *plain.Conn
	ended   chan string // what Serve returned
}

// dial serves a connection with a handler that echoes the body, but what its type says
// otherwise.
func dial() *client {
	near, far := net.Pipe()
	x := &client{near, bufio.NewReader(near), nil, make(chan string, 1)}
	x.served = plain.New(&plain.Server{
		Method: "POST", Path: "/v1/events",
		Times: plain.Times{Header: 5 * time.Second, Body: 30 * time.Second, Write: 2 * time.Minute, Idle: 2 * time.Minute},
		Handle: func(w http.ResponseWriter, r *http.Request) {
			kind := r.Header.Get("Content-Type")
			if kind == "slow" {
				time.Sleep(time.Second)
			}
			if kind == "close" {
				w.Header()["Connection"] = []string{"close"}
			}
			if kind == "unread" || kind == "close" {
				w.WriteHeader(http.StatusUnsupportedMediaType)
				return
			}
			body, err := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, string(body))
			if err != nil {
				fmt.Fprint(w, err)
			}
		},
	}, far)
	go func() {
		unread, more := x.served.Serve()
		x.ended <- fmt.Sprintf("%q %v", unread, more)
		if !more {
			far.Close()
		}
	}()
	return x
}

// send writes in pieces, without waiting for answers.
func (x *client) send(text string, piece int) {
	go func() {
		for text != "" {
			n := min(piece, len(text))
			if _, err := io.WriteString(x, text[:n]); err != nil {
				return
			}
			text = text[n:]
		}
	}()
}

// answer reads an answer, "" if there is none.
func (x *client) answer(t *testing.T) string {
	t.Helper()
	resp, err := http.ReadResponse(x.answers, nil)
	if err != nil {
		return ""
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.ParseTime(resp.Header.Get("Date")); err != nil {
		t.Error(err)
	}
	if resp.Close {
		body = append(body, " (closed)"...)
	}
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

func post(kind, body string) string {
	return fmt.Sprintf(line+"Host: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
}

// However requests are cut into pieces, each has its answer, and one that is not plain is
// returned from its beginning on.
func TestServe(t *testing.T) {
	large := strings.Repeat("0123456789", 20_000)
	for name, c := range map[string]struct {
		text  string
		want  []string
		ended string
	}{
		"several":           {post("x", "one") + post("x", "") + post("x", large), []string{"202 one", "202 ", "202 " + large}, ""},
		"an empty line":     {post("x", "one") + "\r\n" + post("x", "two"), []string{"202 one", "202 two"}, ""},
		"nothing was read":  {post("unread", "one") + post("unread", large) + post("x", "two"), []string{"415 ", "415 ", "202 two"}, ""},
		"the last answer":   {post("close", "one") + post("x", "two"), []string{"415  (closed)", ""}, `"" false`},
		"not plain":         {post("x", "one") + "GET / HTTP/1.1\r\n", []string{"202 one"}, `"G`},
		"never plain":       {"\r\n" + post("x", "one"), nil, `"\r`},
		"a head beyond all": {post(strings.Repeat("x", 5000), "one"), nil, `"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Type: xxx`},
	} {
		for _, piece := range []int{1, 7, 1000, 1 << 20} {
			t.Run(fmt.Sprint(name, "/", piece), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x := dial()
					defer x.Close()
					x.send(c.text, piece)
					for _, want := range c.want {
						if got := x.answer(t); got != want {
							t.Fatalf("got %.80q, want %.80q", got, want)
						}
					}
					if c.ended == "" {
						x.Close()
						c.ended = `"" false`
					}
					if got := <-x.ended; !strings.HasPrefix(got, c.ended) || strings.HasSuffix(got, "true") != (c.ended != `"" false`) {
						t.Errorf("ended with %.80s, want %s", got, c.ended)
					}
				})
			})
		}
	}
}

// A client is let go when it has not done something in time, however long its connection
// was used before.
func TestTimes(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string
		took time.Duration
	}{
		"idle":           {"", "", 2 * time.Minute},
		"an empty line":  {"\r\n", "", 2 * time.Minute},
		"in the headers": {line, "", 5 * time.Second},
		"in the body":    {post("x", "12345")[:len(post("x", "12345"))-1], "202 1234" + "read pipe: i/o timeout", 30 * time.Second},
	} {
		for _, before := range []time.Duration{0, 3 * time.Second, 20 * time.Second, 3 * time.Minute} {
			t.Run(fmt.Sprint(name, "/", before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x := dial()
					defer x.Close()
					for sent := time.Duration(0); sent <= before; sent += time.Second {
						time.Sleep(time.Second)
						x.send(post("x", "one"), 1<<20)
						if got := x.answer(t); got != "202 one" {
							t.Fatalf("got %q", got)
						}
					}
					start := time.Now()
					x.send(c.text, 1<<20)
					if got := x.answer(t); !strings.HasPrefix(got, c.want) {
						t.Errorf("got %q, want %q", got, c.want)
					}
					if c.want == "" {
						<-x.ended
					}
					if took := time.Since(start); took != c.took {
						t.Errorf("took %v, want %v", took, c.took)
					}
				})
			})
		}
	}
}

// After the last answer, a client may go on sending for a moment, and no longer.
func TestLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := dial()
		defer x.Close()
		whole := post("close", "12345")
		x.send(whole[:len(whole)-1], 1<<20)
		if got := x.answer(t); got != "415  (closed)" {
			t.Fatalf("got %q", got)
		}
		start := time.Now()
		<-x.ended
		if took := time.Since(start); took != 500*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// An idle connection has no memory for large answers.
func TestIdleMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := dial()
		defer x.Close()
		for _, size := range []int{10, 200_000} {
			x.send(post("x", strings.Repeat("x", size)), 1<<20)
			x.answer(t)
			synctest.Wait()
			if kept := x.served.Kept(); kept > 16<<10 {
				t.Errorf("%d bytes are kept after an answer of %d", kept, size)
			}
		}
	})
}

// An answer that nobody reads holds its connection for so long from its request on.
func TestUnreadAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := dial()
		defer x.Close()
		x.send(post("x", "one"), 1<<20)
		x.answer(t)
		time.Sleep(time.Minute)
		start := time.Now()
		x.send(post("slow", "two"), 1<<20)
		<-x.ended
		if took := time.Since(start); took != 2*time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unused, inHead, inOther, answering := dial(), dial(), dial(), dial()
		inHead.send(line, 1<<20)
		inOther.send(line, 1<<20)
		answering.send(post("slow", "one")+post("x", "two"), 1<<20)
		synctest.Wait()
		for name, c := range map[string]struct {
			x    *client
			want bool
		}{"unused": {unused, true}, "in the head": {inHead, true}, "in another": {inOther, true}, "answering": {answering, false}} {
			for range 2 {
				if got := c.x.served.Stop(); got != c.want {
					t.Errorf("%s: Stop() = %v, want %v", name, got, c.want)
				}
			}
		}
		inHead.send("Host: a\r\nContent-Length: 0\r\n\r\n", 1<<20)
		inOther.send("Expect: 100-continue\r\n\r\n", 1<<20)
		if got := answering.answer(t); got != "202 one (closed)" {
			t.Errorf("got %q", got)
		}
		for _, x := range []*client{inHead, inOther, answering} {
			if got := x.answer(t); got != "" {
				t.Errorf("got %q after the stop", got)
			}
			if got := <-x.ended; !strings.HasSuffix(got, " false") {
				t.Errorf("ended with %s", got)
			}
		}
		unused.Close()
		<-unused.ended
	})
}
