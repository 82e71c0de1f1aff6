//go:build linux

package relay_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

// lease of the sidecars of a fleet: the shortest that there may be.
const lease = 5 * time.Second

// fleet is three sidecars, each a process, on one PostgreSQL, and those who post to them.
type fleet struct {
	t        *testing.T
	direct   string       // the address of the database for the test itself, as the owner
	address  string       // for the sidecars
	host     string       // of the receiver
	enter    func() error // where the last sidecar runs; nil: where the others do
	schema   string
	sync     string // of cluster
	tables   string // SQL that is run after the tables are made
	sidecars []*sidecar
	to       *witness
	owners   *ownership
	troubles troubles
	lacking  string // a webhook that is not in all the files

	posting sync.WaitGroup
	stop    context.CancelFunc
	mu      sync.Mutex
	acked   map[string]string // type by id
	refused atomic.Int64      // posts that were answered 503, or 507
}

// sidecar is one process of a fleet.
type sidecar struct {
	*process
	name string
	mu   sync.Mutex
	cmd  *exec.Cmd // nil: it does not run
}

// newFleet starts one on a database of two addresses, one of them for its sidecars, and
// waits until each webhook is owned.
func newFleet(t *testing.T, direct, address, sync string) *fleet {
	t.Helper()
	return startFleet(t, &fleet{direct: direct, address: address, sync: sync, host: "127.0.0.1"})
}

func startFleet(t *testing.T, f *fleet) *fleet {
	t.Helper()
	f.t, f.schema, f.to, f.acked = t, fmt.Sprintf("fleet_%x", rand.Uint64()), newWitness(t, f.host), map[string]string{}
	if err := database.Install(t.Context(), f.direct, f.schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	f.run(f.tables)
	for _, name := range []string{"a", "b", "c"} {
		f.sidecars = append(f.sidecars, &sidecar{process: newProcess(t, t.TempDir(), f.file(name)), name: name})
	}
	f.sidecars[2].enter = f.enter
	f.to.serve(t, f.sender)
	t.Cleanup(func() {
		for _, s := range f.sidecars {
			s.end(syscall.SIGKILL)
			if t.Failed() {
				t.Logf("%s logged:\n%s", s.name, s.log.String())
			}
		}
	})
	f.owners = watchOwners(t, f)
	for _, s := range f.sidecars {
		s.start()
	}
	f.settle()
	f.post()
	return f
}

// kinds are the webhooks of a fleet: what is special about each, and the types it gets.
var kinds = []struct{ name, types, more string }{
	{"plain1", "a.*", ", concurrency: 4"},
	{"plain2", "a.*", ", concurrency: 4"},
	{"plain3", "a.*", ", concurrency: 4"},
	{"keyed", "a.*", ", concurrency: 4, order: {by: data.key}"},
	{"ordered", "a.ordered", ", order: all"},
	{"rated", "a.rated", ", rate: 20/s, concurrency: 2"},
	{"flaky", "a.flaky", ", give_up_on: [400], concurrency: 4"},
}

// most is how many requests of a webhook of kinds there may be at a time.
const most = 4

func (f *fleet) file(name string) string {
	text := fmt.Sprintf("cluster: {postgres: '%s', schema: %s, name: %s, sync: %s, lease: %v}\nwebhooks:\n", f.address, f.schema, name, f.sync, lease)
	for _, k := range kinds {
		text += fmt.Sprintf("  - {name: %s, url: 'http://%s/%s', events: ['%s'], allow: [http, any-host, 127.0.0.0/8, 10.0.0.0/8], retry: [200ms, 300ms, 1s, 1s, 1s, 1s, 1s, 1h], timeout: 10s%s}\n",
			k.name, f.to.Listener.Addr(), k.name, k.types, k.more)
	}
	return text
}

// start starts it, without waiting.
func (s *sidecar) start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd, err := s.begin()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
}

// end sends it a signal and waits for its end.
func (s *sidecar) end(by syscall.Signal) error {
	s.mu.Lock()
	cmd := s.cmd
	s.cmd = nil
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	cmd.Process.Signal(by)
	return cmd.Wait()
}

func (s *sidecar) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd.Process.Signal(sig)
}

// pid is 0 if it does not run.
func (s *sidecar) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// settle waits until each webhook has an owner that lives, and each sidecar is ready.
func (f *fleet) settle() {
	f.t.Helper()
	for _, s := range f.sidecars {
		eventually(f.t, s.name+" is ready", func() bool { return s.pid() == 0 || s.get("/readyz") == 200 })
	}
	f.soon("each webhook is owned", func() bool {
		return f.value(`SELECT count(*) FROM {schema}.cursors c JOIN {schema}.members m ON m.name = c.owner AND m.incarnation = c.incarnation
			WHERE m.beat + m.lease > {schema}.now_ns()`) == fmt.Sprint(len(kinds))
	})
}

// owns returns how many webhooks a sidecar owns, -1 while the database does not answer.
func (f *fleet) owns(name string) int {
	n, err := strconv.Atoi(f.value(fmt.Sprintf(`SELECT count(*) FROM {schema}.cursors WHERE owner = '%s'`, name)))
	if err != nil {
		return -1
	}
	return n
}

// owner returns who owns a webhook.
func (f *fleet) owner(webhook string) string {
	return f.value(fmt.Sprintf(`SELECT owner FROM {schema}.cursors WHERE webhook = '%s'`, webhook))
}

// posters post one event after the other, each with keys of its own. An id is posted
// until it is acknowledged, to one sidecar after the other.
const posters = 3

// posted are the types of the events of a poster, in turn.
var posted = []string{"a.plain", "a.ordered", "a.rated", "a.plain", "a.flaky"}

// post starts the posters.
func (f *fleet) post() {
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	f.t.Cleanup(stop)
	for p := range posters {
		f.posting.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				kind, id := posted[i%len(posted)], fmt.Sprintf("%d-%d", p, i)
				if i%40 == 39 {
					id += "-bad" // ends as failed
				}
				body := fmt.Sprintf(`{"type":%q,"id":%q,"data":{"key":%q}}`, kind, id, keyOf(fmt.Sprint(p), i))
				for try := p; ctx.Err() == nil; try++ {
					code := f.sidecars[try%len(f.sidecars)].send(ctx, body)
					if code == http.StatusServiceUnavailable || code == http.StatusInsufficientStorage {
						f.refused.Add(1)
					}
					if code == http.StatusAccepted || code == http.StatusOK {
						f.mu.Lock()
						f.acked[id] = kind
						f.mu.Unlock()
						break
					}
					pause(ctx, 50*time.Millisecond)
				}
				pause(ctx, 100*time.Millisecond)
			}
		})
	}
}

// keyOf is the key of a poster's event.
func keyOf(poster string, n int) string { return fmt.Sprintf("k%s-%d", poster, n/2%3) }

func timeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// send posts an event and returns the status, 0 without an answer.
func (s *sidecar) send(ctx context.Context, body string) int {
	ctx, cancel := context.WithTimeout(ctx, 12*time.Second)
	defer cancel()
	if s.pid() == 0 {
		return 0
	}
	req, _ := http.NewRequestWithContext(ctx, "POST", "http://localhost/v1/events", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// get returns the status of a path, 0 without an answer.
func (s *sidecar) get(path string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://localhost"+path, nil)
	resp, err := s.client.Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// ackedSoFar is how many events were acknowledged.
func (f *fleet) ackedSoFar() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.acked)
}

// flows waits until events are accepted, and delivered of each webhook, from now on.
func (f *fleet) flows() {
	f.t.Helper()
	acked, begun := f.ackedSoFar(), time.Now()
	f.soon("events are accepted", func() bool { return f.ackedSoFar() >= acked+posters*2 })
	for _, k := range kinds {
		f.soon("events are delivered to "+k.name, func() bool { return f.to.last(k.name).After(begun) })
	}
}

// soon waits for what must be in less than a lease and the time to take over.
func (f *fleet) soon(what string, ok func() bool) {
	f.t.Helper()
	begun := time.Now()
	eventually(f.t, what, func() bool {
		if ok() {
			return true
		}
		time.Sleep(20 * time.Millisecond)
		return false
	})
	if took := time.Since(begun); took > 2*time.Second {
		f.t.Logf("%v until %s", took.Round(100*time.Millisecond), what)
	}
}
