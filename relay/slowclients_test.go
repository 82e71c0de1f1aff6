//go:build linux

package relay_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// slowClients keep a connection each for as long as they are let, and come again.
type slowClients struct {
	done    chan struct{}
	mu      sync.Mutex
	conns   map[net.Conn]bool
	running sync.WaitGroup
	let     atomic.Int64 // go, so far
}

// slowSends are what a slow client sends before it waits, in turn.
var slowSends = []string{
	"",
	"POST /v1/events HTTP/1.1\r\nHost: local",
	"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
	"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", // and never reads the answer
}

// begin starts some at an address.
func (c *slowClients) begin(network, address string, clients int) {
	for n := range clients {
		c.running.Go(func() {
			for c.visit(network, address, slowSends[n%len(slowSends)]) {
			}
		})
	}
}

// visit reports whether to come again.
func (c *slowClients) visit(network, address, sends string) bool {
	conn, err := net.Dial(network, address)
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		return !c.isDone()
	}
	c.keep(conn)
	defer c.close(conn)
	if c.isDone() {
		return false
	}
	io.WriteString(conn, sends)
	if strings.HasPrefix(sends, "GET") {
		<-c.done
		return false
	}
	io.Copy(io.Discard, conn)
	c.let.Add(1)
	return !c.isDone()
}

func (c *slowClients) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *slowClients) keep(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[conn] = true
}

func (c *slowClients) close(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn.Close()
	delete(c.conns, conn)
}

func (c *slowClients) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.conns)
}

// stop has all of them go.
func (c *slowClients) stop() {
	close(c.done)
	c.mu.Lock()
	for conn := range c.conns {
		conn.Close()
	}
	c.mu.Unlock()
	c.running.Wait()
}

// TestManySlowClients has ten thousand clients at the port and at the socket that send
// nothing, half a request, or never read the answer, for longer than the first are let:
// other clients are served, and the memory is bounded.
func TestManySlowClients(t *testing.T) {
	startsProcesses(t)
	measuresMemory(t)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	clients := min(10_000, int(limit.Cur)-1000) // this process has one descriptor of each, and so has the other
	if clients < 100 {
		t.Fatalf("%d descriptors are too few", limit.Cur)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	s := newReceiver(t)
	p := newProgram(t, t.TempDir(), "")
	if err := os.WriteFile(p.path, []byte("listen: {http: '"+address+"', socket: s}\nwebhooks:\n"+hook(s, "one", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := p.launchHere()
	slow := &slowClients{done: make(chan struct{}), conns: map[net.Conn]bool{}}
	stop := sync.OnceFunc(slow.stop)
	defer stop()
	slow.begin("tcp", address, clients*8/10)
	slow.begin("unix", filepath.Join(p.dir(), "s"), clients*2/10)
	eventually(t, "all are connected", func() bool { return slow.open() >= clients*9/10 })
	begun := time.Now()

	x := newTraffic()
	var slowest time.Duration
	overPort := &process{t: t, client: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}}}}
	for n := 0; n < 20 || slow.let.Load() < int64(clients)/8 || time.Since(begun) < 2*time.Second; n++ {
		for where, to := range map[string]*process{"port": overPort, "socket": p} {
			id, asked := fmt.Sprintf("%s-%d", where, n), time.Now()
			if code := x.post(to, id); code != http.StatusAccepted {
				t.Fatalf("answer %d at the %s beside %d slow clients\n%s", code, where, slow.open(), p.log.String())
			}
			slowest = max(slowest, time.Since(asked))
		}
		if time.Since(begun) > patience {
			t.Fatalf("%d slow clients were let go", slow.let.Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
	memory := residentMemory(t, cmd.Process.Pid)
	t.Logf("%d slow clients, %d let go; the slowest of %d answers took %v; %d KiB of memory, at most %d a client",
		slow.open(), slow.let.Load(), x.acknowledged(), slowest.Round(time.Millisecond), memory>>10, memory>>10/clients)
	if most := 64*mib + clients*perClient; memory > most {
		t.Errorf("%d bytes of memory, want at most %d", memory, most)
	}
	stop()
	repeats := x.arrives(t, s, "/one")
	counted(t, clients, x.acknowledged(), repeats)
	if repeats > 0 {
		t.Errorf("%d repeats", repeats)
	}
}

// perClient is the memory that a slow client may cost, in bytes: some 32 KiB were measured.
const perClient = 64 << 10

// residentMemory is that of a process, in bytes.
func residentMemory(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}
