package httpd_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/apitest"
)

// TestSlowClients has clients that stop sending, and asks when they are let go.
func TestSlowClients(t *testing.T) {
	for _, c := range []struct {
		name, sends string
		after       time.Duration
		status      int // 0: no answer
	}{
		{"nothing", "", 5 * time.Second, 0},
		{"part of the headers", "POST /v1/events HTTP/1.1\r\nHost: local", 5 * time.Second, 0},
		{"no body", apitest.RequestHead, 30 * time.Second, 408},
		{"part of the body", apitest.RequestHead + `{"type":"a`, 30 * time.Second, 408},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{})
				defer stop()
				client := p.Dial()
				start := time.Now()
				client.Send(t, c.sends)
				answer := client.Answer(t)
				if got := time.Since(start); got != c.after {
					t.Errorf("let go after %v, want %v", got, c.after)
				}
				switch {
				case answer == nil && c.status != 0:
					t.Errorf("no answer, want %d", c.status)
				case answer != nil && answer.StatusCode != c.status:
					t.Errorf("%d %s, want %d", answer.StatusCode, answer.Text, c.status)
				case answer != nil && !answer.Close:
					t.Errorf("the connection is kept")
				}
				client.Closed(t)
			})
		})
	}
}

// TestSlowHeadsToTheEnd has clients whose requests turn out late not to be plain. They
// have no more time than others.
func TestSlowHeadsToTheEnd(t *testing.T) {
	for name, before := range map[string]string{"first": "", "after another": apitest.Request} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{})
				defer stop()
				client := p.Dial()
				if before != "" {
					client.Send(t, before)
					client.Answer(t)
					time.Sleep(time.Minute)
				}
				start := time.Now()
				client.Send(t, "POST /v1/events HTTP/1.1\r\n")
				time.Sleep(4 * time.Second)
				client.Send(t, "X: y\r\n")
				client.Closed(t)
				if got := time.Since(start); got != 5*time.Second {
					t.Errorf("closed after %v, want 5s", got)
				}
			})
		})
	}
}

func TestIdleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{})
		defer stop()
		client := p.Dial()
		client.Send(t, apitest.Request)
		client.Answer(t).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
		time.Sleep(119 * time.Second)
		client.Send(t, apitest.Request)
		client.Answer(t).Check(t, 200, `{"id":"1","webhooks":["first"],"duplicate":true}`+"\n")
		start := time.Now()
		client.Closed(t)
		if got := time.Since(start); got != 2*time.Minute {
			t.Errorf("closed after %v, want 2m", got)
		}
	})
}

// TestSlowReader never reads its answer.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{MaxConns: 1})
		defer stop()
		start := time.Now()
		p.Dial().Send(t, apitest.Request)
		// The connection after it gets in once it is gone.
		p.Dial()
		if got := time.Since(start); got != 2*time.Minute {
			t.Errorf("held for %v, want 2m", got)
		}
	})
}

// TestNoMoreIsRead counts how much of a body is taken.
func TestNoMoreIsRead(t *testing.T) {
	const max = 1000
	for name, head := range map[string]string{
		"announced": "Content-Length: 100000000\r\n\r\n",
		"chunked":   "Transfer-Encoding: chunked\r\n\r\n5F5E100\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{MaxEventSize: max})
				defer stop()
				client := p.Dial()
				sent := make(chan int)
				go func() {
					n := 0
					fmt.Fprint(client, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+head)
					for chunk := []byte(strings.Repeat("x", 100)); ; n += len(chunk) {
						if _, err := client.Write(chunk); err != nil {
							break
						}
					}
					sent <- n
				}()
				answer := client.Answer(t)
				answer.Check(t, 413, apitest.Problem(413, -1, "the event is larger than max_event_size, 1000 bytes"))
				if !answer.Close {
					t.Error("the connection is kept")
				}
				client.Closed(t)
				client.Close()
				// net/http reads up to 256 KiB on, so that the client takes note of the answer.
				if got := <-sent; got > max+256<<10+8<<10 {
					t.Errorf("%d bytes were taken", got)
				}
			})
		})
	}
}

func TestExactlyTheLimit(t *testing.T) {
	event := `{"type":"a.b","id":"1"}`
	l := apitest.Start(t, apitest.Settings, apitest.Options{MaxEventSize: len(event)})
	l.Post(t, apitest.JSON, event).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
	if got := l.Post(t, apitest.JSON, event+" ").StatusCode; got != 413 {
		t.Errorf("one byte more: %d, want 413", got)
	}
}

func TestExactlyTheLimitOfMany(t *testing.T) {
	const max = 100
	l := apitest.Start(t, apitest.Settings, apitest.Options{MaxEventSize: max})
	event := `{"type":"a.b","id":"1"}`
	all := event + strings.Repeat("\n", 16*max-len(event))
	l.Post(t, apitest.JSONLines, all).Check(t, 202, `{"events":[{"id":"1","webhooks":["one"]}]}`+"\n")
	if got := l.Post(t, apitest.JSONLines, all+"\n").StatusCode; got != 413 {
		t.Errorf("one byte more: %d, want 413", got)
	}
}

func TestHeaderLimit(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	for size, want := range map[int]int{63 << 10: 202, 69 << 10: 431} {
		if got := l.Post(t, apitest.JSON, `{"type":"a.b"}`, "X-Long", strings.Repeat("x", size)).StatusCode; got != want {
			t.Errorf("%d bytes of headers: %d, want %d", size, got, want)
		}
	}
}

// TestBrokenBody announces more than it sends.
func TestBrokenBody(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	conn := l.Dial(t)
	conn.Send(t, strings.Replace(apitest.RequestHead, "23", "99", 1)+`{"type":"a.b"}`)
	conn.Conn.(*net.UnixConn).CloseWrite()
	conn.Answer(t).Check(t, 400, apitest.Problem(400, -1, "the body ended early"))
	if n := len(l.Journal.Events()); n != 0 {
		t.Errorf("%d events were kept", n)
	}
}

// A head that ends early is refused, also after other requests.
func TestBrokenHead(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	for name, before := range map[string]string{"first": "", "after another": apitest.Request} {
		t.Run(name, func(t *testing.T) {
			conn := l.Dial(t)
			if before != "" {
				conn.Send(t, before)
				conn.Answer(t)
			}
			conn.Send(t, "POST /v1/events HTTP/1.1\r\nHost: local")
			conn.Conn.(*net.UnixConn).CloseWrite()
			if answer := conn.Answer(t); answer == nil || answer.StatusCode != 400 || !answer.Close {
				t.Errorf("got %+v, want 400", answer)
			}
			conn.Closed(t)
		})
	}
}

// A client that is refused while it still sends has a moment to read why, also
// one that has the connection closed, and only then: what was read whole is not
// waited for.
func TestRefusedWhileSending(t *testing.T) {
	const head = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
	for _, c := range []struct {
		name, sends string
		status      int
		after       time.Duration
	}{
		{"too large", head + "Content-Type: application/json\r\nContent-Length: 9999999\r\n", 413, 500 * time.Millisecond},
		{"media type", head + "Content-Type: text/plain\r\nContent-Length: 999999\r\n", 415, 500 * time.Millisecond},
		{"query", strings.Replace(head, " HTTP", "?x=1 HTTP", 1) + "Content-Length: 999999\r\n", 400, 500 * time.Millisecond},
		{"no such call", "POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n", 404, 500 * time.Millisecond},
		{"no body", head + "Content-Type: text/plain\r\nContent-Length: 0\r\n", 415, 0},
		{"no event", head + "Content-Type: application/json\r\nContent-Length: 2\r\n", 400, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{})
				defer stop()
				client := p.Dial()
				client.Send(t, c.sends+"Connection: close\r\n\r\n{}")
				if answer := client.Answer(t); answer == nil || answer.StatusCode != c.status || !answer.Close {
					t.Errorf("got %+v, want %d", answer, c.status)
				}
				start := time.Now()
				client.Closed(t)
				if got := time.Since(start); got != c.after {
					t.Errorf("closed after %v, want %v", got, c.after)
				}
			})
		})
	}
}
