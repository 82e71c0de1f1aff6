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
	who func(port int, to int) string // the sidecar that has a connection from a port; "" if unknown

	mu   sync.Mutex
	all  []arrival
	seen map[string]int // requests by webhook and event
	ends map[string]time.Time
}

// arrival is one request.
type arrival struct {
	webhook, id, from string
	at                time.Time
	status            int
}

// ended reports whether the answer ended the delivery.
func (a arrival) ended() bool { return a.status == 200 || a.status == 400 }

type senderKey struct{}

// newWitness listens on an address of this machine.
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
	w.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, senderKey{}, w.who(c.RemoteAddr().(*net.TCPAddr).Port, c.LocalAddr().(*net.TCPAddr).Port))
	}
	w.Start()
	t.Cleanup(w.Close)
	return w
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	from, _ := r.Context().Value(senderKey{}).(string)
	a := arrival{webhook: r.URL.Path[1:], id: r.Header.Get("Sidehook-Event"), from: from, at: time.Now(), status: 200}
	key := a.webhook + " " + a.id
	w.mu.Lock()
	w.seen[key]++
	if a.webhook == "flaky" {
		switch n, _ := strconv.Atoi(strings.SplitN(a.id, "-", 3)[1]); {
		case strings.HasSuffix(a.id, "-bad"):
			a.status = 400
		case n%3 == 0 && w.seen[key] == 1:
			a.status = 503
		}
	}
	w.all = append(w.all, a)
	w.mu.Unlock()
	time.Sleep(time.Duration(2+rand.IntN(15)) * time.Millisecond)
	rw.WriteHeader(a.status)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[a.webhook] = time.Now()
}

// last returns when a request to a webhook was answered.
func (w *witness) last(webhook string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ends[webhook]
}

// arrivals are the requests so far, in the order of their arrival.
func (w *witness) arrivals() []arrival {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]arrival(nil), w.all...)
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
