package postgrestest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

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
