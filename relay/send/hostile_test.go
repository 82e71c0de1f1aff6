package send_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"sidehook/history"
	"sidehook/relay/send"
)

// hostile is a receiver at its worst, and what has to become of an attempt.
type hostile struct {
	name    string // begins with the number of its row: R1 to R23
	address string
	status  history.Status
	code    int
	err     string // in the error, or " | " between several of which one is; "" for no error at all

	timeout time.Duration // of an attempt that ends by it; 0: it has to end long before
	set     func(*send.Settings, *send.Options)
	check   func(*testing.T, line) // of what else the record has to say
}

const (
	ok     = history.Delivered
	not    = history.Retrying
	failed = history.Failed

	// short is the time-out of those that wait for it, in which a busy machine
	// has still to connect, and long of the others.
	short = time.Second
	long  = 30 * time.Second
)

// An attempt ends in time, with an outcome and a reason that says what happened, and leaves
// nothing behind, whatever the receiver does. Rows R13 and R15 are in the tests of
// throttling, R22 in those of one webhook beside others.
func TestHostileReceivers(t *testing.T) {
	nothingLeft := remains(t)
	t.Run("rows", func(t *testing.T) {
		ca := newAuthority(t)
		for _, c := range slices.Concat(
			unreachable(t), lateOrEndless(t), redirecting(t), insecure(t, ca), overHTTP2(t, ca), breaking(t),
			oddAnswers(t), misnamed(t), rebinding(t), forbidden(), oddURLs(t), ownAddress(t), showing(t),
		) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, ca.pool)
			})
		}
	})
	nothingLeft()
}

func (c hostile) run(t *testing.T, roots *x509.CertPool) {
	s, o := settings(t, c.address), send.Options{Roots: roots}
	if s.Timeout = long; c.timeout > 0 {
		s.Timeout = c.timeout
	}
	if c.set != nil {
		c.set(s, &o)
	}
	begun := time.Now()
	q := begin(t, s, o)
	q.add("1")
	lines := q.settle()
	got := lines[len(lines)-1]
	took := time.Since(begun)
	if got.Status != c.status || got.Code != c.code {
		t.Fatalf("got %s, want %s with %d", show(q.all()), c.status, c.code)
	}
	expected := func(want string) bool { return strings.Contains(got.Error, want) }
	if (got.Error == "") != (c.err == "") || !slices.ContainsFunc(strings.Split(c.err, " | "), expected) {
		t.Errorf("got error %q, want %q", got.Error, c.err)
	}
	if strings.ContainsFunc(got.Error, unicode.IsControl) || len(got.Error) > 600 || strings.Contains(got.Error, "12345678") {
		t.Errorf("got error %q", got.Error)
	}
	if took > c.timeout+long/2 {
		t.Errorf("it took %v", took)
	}
	if r := got.Response; r != nil && (len(r.Body) > 4<<10 || strings.Contains(fmt.Sprint(r.Headers), "12345678")) {
		t.Errorf("kept %d bytes of body, headers %v", len(r.Body), r.Headers)
	}
	if c.check != nil {
		c.check(t, got)
	}
}

// remains looks at what the process holds now, and returns what fails the test
// if it comes to hold more: goroutines, descriptors or memory.
func remains(t *testing.T) (check func()) {
	count := func() (goroutines, descriptors int, heap uint64) {
		runtime.GC()
		runtime.GC() // what a pool held is free after the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return runtime.NumGoroutine(), len(open), m.HeapAlloc
	}
	goroutines, descriptors, heap := count()
	// The poller of the network has descriptors of its own from the first use on.
	const poller, slack = 2, 2 << 20
	return func() {
		var g, d int
		var h uint64
		if soon(func() bool {
			g, d, h = count()
			return g <= goroutines && d <= descriptors+poller && h <= heap+slack
		}) {
			return
		}
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		t.Errorf("%d goroutines, were %d; %d descriptors, were %d; %d bytes of heap, were %d\n%s", g, goroutines, d, descriptors, h, heap, stacks)
	}
}
