package outbox_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sidehook/relay/outbox"
)

// proxy stands before a database, and cuts connections.
type proxy struct {
	port int

	mu    sync.Mutex
	cut   func(message int) fate // of each message of a client, counted from 0; nil: none
	count int
	open  map[net.Conn]bool
}

// fate is what becomes of a message.
type fate int

const (
	passes     fate = iota
	lost            // the connection is cut before the message has arrived
	unanswered      // the connection is cut before the answer has arrived
	swallowed       // it does not arrive, and nothing says so
)

func newProxy(t *testing.T, to int) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{port: l.Addr().(*net.TCPAddr).Port, open: map[net.Conn]bool{}}
	var working sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		p.hangUp()
		working.Wait()
	})
	working.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", to))
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.open[client], p.open[server] = true, true
			p.mu.Unlock()
			working.Go(func() { p.forward(client, server) })
		}
	})
	return p
}

// hangUp cuts all connections.
func (p *proxy) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
		delete(p.open, c)
	}
}

func (p *proxy) fate() fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut == nil {
		return passes
	}
	p.count++
	return p.cut(p.count - 1)
}

func (p *proxy) forward(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	answers := make(chan bool)
	var deaf bool
	var mu sync.Mutex
	go func() {
		defer close(answers)
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			mu.Lock()
			hears := !deaf
			mu.Unlock()
			if !hears || err != nil {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		f := p.fate()
		if f == lost {
			return
		}
		if f == swallowed {
			continue
		}
		if f == unanswered {
			mu.Lock()
			deaf = true
			mu.Unlock()
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if f == unanswered {
			<-answers
			return
		}
	}
}

// TestAwayInEveryStep cuts the connection at each message of a reader, before it has
// arrived and before its answer has: every row is accepted, and under its id no more than
// once, in the order of all.
func TestAwayInEveryStep(t *testing.T) {
	d := newDatabase(t)
	for _, f := range []fate{lost, unanswered} {
		for step := range 8 { // connect, prepare, listen, take, finish, take, roll back, take
			t.Run(fmt.Sprint(step, map[fate]string{lost: " lost", unanswered: " unanswered"}[f]), func(t *testing.T) {
				d := *d
				d.t = t
				p := newProxy(t, d.port)
				cuts := 0
				p.cut = func(message int) fate {
					if message != step {
						return passes
					}
					cuts++
					return f
				}
				d.exec(`TRUNCATE sidehook.outbox, sidehook.outbox_refused;
					SELECT sidehook.send('a', id => '1'); INSERT INTO sidehook.outbox (type) VALUES (''); SELECT sidehook.send('a', id => '2')`)
				r := read(t, &sink{}, 0, d.through("postgres", p.port))
				eventually(t, "the connection is cut", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return cuts == 1 })
				eventually(t, "all rows are taken", d.empty)
				d.exec("SELECT sidehook.send('a', id => '3')")
				eventually(t, "it goes on", func() bool { return d.empty() && r.State().Up })
				if got := r.ids(); !slices.Equal(got, []string{"1", "2", "3"}) {
					t.Errorf("accepted %q", got)
				}
				if got := d.value("SELECT count(*) FROM sidehook.outbox_refused"); got != "1" {
					t.Errorf("%s rows were refused, want 1", got)
				}
			})
		}
	}
}

// TestAway: a database that is away is one line of the log, and one when it is back.
func TestAway(t *testing.T) {
	d := newDatabase(t)
	p := newProxy(t, d.port)
	r := read(t, &sink{}, 0, d.through("postgres", p.port))
	eventually(t, "it is up", func() bool { return r.State().Up })
	p.mu.Lock()
	p.cut = func(int) fate { return lost }
	p.mu.Unlock()
	p.hangUp()
	eventually(t, "it is down", func() bool { return !r.State().Up })
	if got := r.State().Troubles; len(got) != 1 || !strings.HasPrefix(got[0], "the outbox of db cannot be read, and its rows wait: ") {
		t.Errorf("the troubles are %q", got)
	}
	d.exec("SELECT sidehook.send('a', id => '1')")
	eventually(t, "it was tried", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.count > 3 })
	// The database says in another way that it is away.
	p.mu.Lock()
	p.cut = nil
	p.mu.Unlock()
	d.exec("ALTER DATABASE " + d.name + " CONNECTION LIMIT 0")
	time.Sleep(100 * time.Millisecond)
	d.exec("ALTER DATABASE " + d.name + " CONNECTION LIMIT -1")
	eventually(t, "it is back", func() bool {
		return d.empty() && r.log.count(`msg="the outbox is read again" database=db failures=`) == 1
	})
	if n := r.log.count(`level=ERROR msg="the outbox cannot be read; its rows wait" database=db error=`); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
	if got := r.State().Troubles; len(got) != 0 {
		t.Errorf("once it is back, the troubles are %q", got)
	}
}

// TestSilent: a database that does not answer any more is given up, and its rows are read
// over another connection.
func TestSilent(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	p := newProxy(t, d.port)
	p.cut = func(message int) fate {
		if message == 3 {
			return swallowed
		}
		return passes
	}
	d.exec("SELECT sidehook.send('a', id => '1')")
	r := read(t, &sink{}, 0, d.through("postgres", p.port))
	eventually(t, "the row is taken", d.empty)
	eventually(t, "it is up", func() bool { return r.State().Up })
	if n := r.log.count("the outbox cannot be read; its rows wait"); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
}

// TestNotReadable: what an operator has to do is said once, and done without a restart.
func TestNotReadable(t *testing.T) {
	const grants = `GRANT USAGE ON SCHEMA sidehook TO %[1]s; GRANT SELECT, UPDATE, DELETE ON sidehook.outbox TO %[1]s;
		GRANT INSERT ON sidehook.outbox_refused TO %[1]s; GRANT SELECT, UPDATE ON sidehook.outbox_idle TO %[1]s;`
	for name, c := range map[string]struct{ before, want, after string }{
		"no outbox":     {`DROP SCHEMA sidehook CASCADE`, `it has no outbox; run sidehook outbox init --apply: schema \"sidehook\" does not exist`, `init`},
		"no table":      {grants + `DROP TABLE sidehook.outbox_refused`, `it has no outbox; run sidehook outbox init --apply: relation \"sidehook.outbox_refused\" does not exist`, `init`},
		"no rights":     {``, `permission denied for schema sidehook; grant the role what it needs to read the outbox: see sidehook help api`, grants},
		"some rights":   {grants + `REVOKE UPDATE, DELETE ON sidehook.outbox FROM %[1]s; REVOKE INSERT ON sidehook.outbox_refused FROM %[1]s`, `the role of the URL has not UPDATE on sidehook.outbox, nor DELETE on sidehook.outbox, nor INSERT on sidehook.outbox_refused; grant it that, or use the owner's role`, grants},
		"no log in":     {grants + `ALTER ROLE %[1]s NOLOGIN`, `is not permitted to log in`, `ALTER ROLE %[1]s LOGIN`},
		"read only":     {grants + `ALTER ROLE %[1]s SET default_transaction_read_only = on`, `in a read-only transaction`, `ALTER ROLE %[1]s RESET default_transaction_read_only`},
		"no such thing": {grants + `ALTER TABLE sidehook.outbox RENAME data TO was`, `column o.data does not exist`, `ALTER TABLE sidehook.outbox RENAME was TO data`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			role := d.role()
			do := func(sql string) {
				if strings.Contains(sql, "%") {
					sql = fmt.Sprintf(sql, `"`+strings.ReplaceAll(role, `"`, `""`)+`"`)
				}
				d.exec(sql)
			}
			do(c.before)
			r := read(t, &sink{}, 0, d.as(role))
			eventually(t, "it is said", func() bool { return r.log.count("the outbox cannot be read; its rows wait") > 0 })
			time.Sleep(300 * time.Millisecond)
			if n := r.log.count("the outbox cannot be read; its rows wait"); n != 1 || r.log.count(c.want) != 1 {
				t.Errorf("%d lines, want one with %s", n, c.want)
			}
			if r.State().Up {
				t.Error("it is up")
			}
			if c.after == "init" {
				d.init()
				c.after = grants
			}
			do(c.after)
			d.exec("SELECT sidehook.send('a', id => '1'); INSERT INTO sidehook.outbox (type) VALUES ('')")
			eventually(t, "it is read", func() bool { return d.empty() && r.State().Up })
		})
	}
}

// TestThroughPgBouncer: in transaction mode each transaction may meet another server.
func TestThroughPgBouncer(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	port := pgbouncer(t, d)
	pooled := d.through("postgres", port)
	if _, isPooled, err := outbox.Listen(t.Context(), pooled); err != nil || !isPooled {
		t.Fatalf("a pooler is not seen: %v, %v", isPooled, err)
	}
	s := &sink{}
	one, two := read(t, s, 0, pooled), read(t, s, 0, pooled)
	var want []string
	for i := range 20 {
		d.exec(fmt.Sprintf("SELECT sidehook.send('a', id => '%d.' || i) FROM generate_series(1, 5) i", i))
		for k := range 5 {
			want = append(want, fmt.Sprintf("%d.%d", i, k+1))
		}
	}
	d.exec("INSERT INTO sidehook.outbox (type) VALUES ('')")
	eventually(t, "all are taken", d.empty)
	if got := s.ids(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	eventually(t, "both are up", func() bool { return one.State().Up && two.State().Up })
	if got := d.value("SELECT last_value FROM sidehook.outbox_idle"); got != "0" {
		t.Error("senders wake one that does not listen")
	}
	if got := d.value("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND locktype = 'advisory'"); got != "0" && got != "1" {
		t.Errorf("%s locks are held", got)
	}
}

// pgbouncer runs one before a database, and returns its port.
func pgbouncer(t *testing.T, d *database) int {
	t.Helper()
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("pgbouncer is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	dir, err := os.MkdirTemp("/tmp", "sidehook-pgbouncer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "ini")
	text := fmt.Sprintf("[databases]\n%s = host=127.0.0.1 port=%d\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nauth_type = any\npool_mode = transaction\nmax_client_conn = 50\ndefault_pool_size = 3\nserver_round_robin = 1\nunix_socket_dir =\n", d.name, d.port, port)
	text = strings.Replace(text, "port="+strconv.Itoa(d.port)+"\n", "port="+strconv.Itoa(d.port)+" user=postgres\n", 1)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, file)
	cmd.Dir = dir
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Skip("pgbouncer does not run as root, and there is no user postgres")
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(dir, uid, gid)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	eventually(t, "pgbouncer listens", func() bool {
		c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			return false
		}
		defer c.Close()
		return true
	})
	return port
}
