package relay_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sidehook/config"
	"sidehook/history/postgres/postgrestest"
	"sidehook/relay"
	"sidehook/relay/command"
)

// relayOf makes the test binary a relay of the file that it names.
const relayOf = "SIDEHOOK_TEST_RELAY_OF"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(command.Main(os.Args[1:]))
	}
	path := os.Getenv(relayOf)
	if path == "" {
		flag.Parse()
		if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
			f.Value.Set("8") // parallel tests wait more than they compute
		}
		os.Exit(postgrestest.Main(m))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	file, err := config.Load(path, config.Run)
	if err == nil {
		var r *relay.Relay
		if r, err = relay.New(file, relay.Options{Log: slog.Default()}); err == nil {
			err = r.Run(ctx)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is a relay in a process of its own, called over its socket.
type process struct {
	t      *testing.T
	path   string // of its file
	client *http.Client
	log    logged
	line   []string     // the command line that becomes the program; nil: a relay alone
	enter  func() error // where it is to run; nil: here
}

func newProcess(t *testing.T, dir, rest string) *process {
	t.Helper()
	p := &process{t: t, path: filepath.Join(dir, "webhooks.yaml"), client: &http.Client{
		Timeout: patience,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "s"))
		}},
	}}
	p.write(rest)
	return p
}

// write writes its file.
func (p *process) write(rest string) {
	p.t.Helper()
	if err := os.WriteFile(p.path, []byte("listen: {http: off, socket: s}\n"+rest), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// launch starts it and returns once it is ready.
func (p *process) launch() *exec.Cmd {
	p.t.Helper()
	cmd, err := p.begin()
	if err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, "the relay is ready", func() bool {
		resp, err := p.client.Get("http://localhost/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == 200
	})
	return cmd
}

// launchHere starts a relay that the end of the test ends.
func (p *process) launchHere() *exec.Cmd {
	cmd := p.launch()
	p.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// begin starts it and does not wait.
func (p *process) begin() (*exec.Cmd, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), relayOf+"="+p.path)
	if p.line != nil {
		cmd = exec.Command(p.line[0], p.line[1:]...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
	}
	cmd.Stderr = &p.log
	if p.enter == nil {
		return cmd, cmd.Start()
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // for good, so that nothing else runs where the thread is
		err := p.enter()
		if err == nil {
			err = cmd.Start()
		}
		started <- err
	}()
	return cmd, <-started
}

// post posts one event and returns the status, 0 without an answer.
func (p *process) post(id string) int {
	resp, err := p.client.Post("http://localhost/v1/events", "application/json", strings.NewReader(`{"type":"a.b","id":"`+id+`"}`))
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body) // so that the connection is kept
	return resp.StatusCode
}

// counted says what an experiment has done, for program prove.
func counted(t *testing.T, times, acknowledged, repeated int) {
	t.Attr("times", strconv.Itoa(times))
	t.Attr("acknowledged", strconv.Itoa(acknowledged))
	t.Attr("repeated", strconv.Itoa(repeated))
}

// TestKills kills the process with -9 at random instants under load: every
// event that was acknowledged arrives at every webhook, no other does, and of
// repeats there are no more than requests were in flight at the kills.
func TestKills(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	filesOnly(t)
	t.Parallel()
	s := newReceiver(t)
	dir := t.TempDir()
	process := newProcess(t, dir, "webhooks:\n"+hook(s, "one", "")+hook(s, "two", ", concurrency: 2"))
	const kills = 12
	x := newTraffic()
	for round := range kills {
		cmd := process.launch()
		x.begin(process, 6)
		time.Sleep(time.Duration(5+rand.IntN(120)) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		x.stop()
		if round%3 == 2 {
			os.Remove(filepath.Join(dir, "history", "cursors.json"))
		}
	}
	process.launchHere()
	repeats := x.arrives(t, s, "/one", "/two")
	counted(t, kills, x.acknowledged(), repeats)
	// The answer to a request may have come, and its line not yet been written.
	if most := kills * 2 * (16 + 2); repeats > most {
		t.Errorf("%d repeats, want at most %d", repeats, most)
	}
	checkHistory(t, dir)
	if t.Failed() {
		t.Log(process.log.String())
	}
}
