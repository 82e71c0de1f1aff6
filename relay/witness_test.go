//go:build linux

package relay_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// witness is a receiver that keeps when each request came, of which sidecar, and how it
// was answered.
type witness struct {
	*httptest.Server

	mu   sync.Mutex
	all  []*arrival
	seen map[string]int // requests by webhook and event
	ends map[string]time.Time
}

// arrival is one request.
type arrival struct {
	webhook, id, from string
	sender            *sender
	at                time.Time
	status            int // 0 if the sidecar did not wait for the answer
}

// sender is who has a connection; it is found while that is in use.
type sender struct {
	found sync.WaitGroup
	name  string
}

// ended reports whether the answer ended the delivery.
func (a arrival) ended() bool { return a.status == 200 || a.status == 400 }

type senderKey struct{}

// newWitness listens on an address of this machine. It answers after serve.
func newWitness(t *testing.T, host string) *witness {
	t.Helper()
	w := &witness{seen: map[string]int{}, ends: map[string]time.Time{}}
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	w.Server = httptest.NewUnstartedServer(w)
	w.Listener.Close()
	w.Listener = l
	return w
}

// serve answers. who returns the sidecar that has a connection from a port to another, ""
// if it is not known.
func (w *witness) serve(t *testing.T, who func(from, to int) string) {
	w.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		s := &sender{}
		s.found.Go(func() { s.name = who(c.RemoteAddr().(*net.TCPAddr).Port, c.LocalAddr().(*net.TCPAddr).Port) })
		return context.WithValue(ctx, senderKey{}, s)
	}
	w.Start()
	t.Cleanup(w.Close)
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	a := &arrival{webhook: r.URL.Path[1:], id: r.Header.Get("Sidehook-Event"), at: time.Now()}
	a.sender, _ = r.Context().Value(senderKey{}).(*sender)
	key, status := a.webhook+" "+a.id, 200
	w.mu.Lock()
	w.seen[key]++
	if a.webhook == "flaky" {
		switch n, _ := strconv.Atoi(strings.SplitN(a.id, "-", 3)[1]); {
		case strings.HasSuffix(a.id, "-bad"):
			status = 400
		case n%3 == 0 && w.seen[key] == 1:
			status = 503
		}
	}
	w.all = append(w.all, a)
	w.mu.Unlock()
	time.Sleep(time.Duration(2+rand.IntN(15)) * time.Millisecond)
	rw.WriteHeader(status)
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Context().Err() == nil {
		a.status = status
	}
	w.ends[a.webhook] = time.Now()
}

// last returns when a request to a webhook was answered.
func (w *witness) last(webhook string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ends[webhook]
}

// arrivals are the requests so far, in the order of their arrival.
func (w *witness) arrivals() (list []arrival) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.all {
		a.sender.found.Wait()
		a.from = a.sender.name
		list = append(list, *a)
	}
	return list
}

// sender returns the sidecar that has a connection from a port to another, by what the
// kernel knows of its sockets.
func (f *fleet) sender(from, to int) string {
	local, remote := fmt.Sprintf(":%04X", from), fmt.Sprintf(":%04X", to)
	for _, s := range f.sidecars {
		pid := s.pid()
		if pid == 0 {
			continue
		}
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && strings.HasSuffix(fields[1], local) && strings.HasSuffix(fields[2], remote) && hasSocket(pid, fields[9]) {
				return s.name
			}
		}
	}
	return ""
}

func hasSocket(pid int, inode string) bool {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	list, _ := os.ReadDir(dir)
	for _, fd := range list {
		if to, _ := os.Readlink(dir + fd.Name()); to == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}
