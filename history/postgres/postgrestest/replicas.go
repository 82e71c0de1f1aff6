package postgrestest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Replicated is a server with two standbys: its commits wait for either of them.
type Replicated struct {
	Primary  *Server
	Standbys []*Server
}

// StartReplicated returns servers of the test's own. The settings are those of all.
func StartReplicated(t testing.TB, settings ...string) *Replicated {
	t.Helper()
	return StartReplicatedAt(t, Place{Host: loopback}, settings...)
}

// StartReplicatedAt is StartReplicated with the primary at a place.
func StartReplicatedAt(t testing.TB, at Place, settings ...string) *Replicated {
	t.Helper()
	p, skip, err := initialize(at, append([]string{"synchronous_standby_names=ANY 1 (s2,s3)", "wal_keep_size=256MB", "hot_standby=on", "max_wal_senders=10"}, settings...)...)
	if err != nil {
		t.Fatal(err)
	}
	if skip != "" {
		t.Skip(skip)
	}
	r := &Replicated{Primary: p}
	for _, name := range []string{"s2", "s3"} {
		// The data of a server that does not run is as good as a backup.
		s, _, err := prepare(Place{Host: loopback})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-a", p.data(), s.data()).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v\n%s", err, out)
		}
		if err := os.WriteFile(filepath.Join(s.data(), "standby.signal"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.configure("primary_conninfo=" + p.conninfo(name)); err != nil {
			t.Fatal(err)
		}
		r.Standbys = append(r.Standbys, s)
	}
	for _, s := range append([]*Server{p}, r.Standbys...) {
		if err := s.run(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.remove)
	}
	r.await(t)
	return r
}

// URL returns the addresses of all the servers, of which the one that takes writes is
// meant, as Role; OwnerURL as the role that is to own schemas.
func (r *Replicated) URL() string      { return r.url(Role) }
func (r *Replicated) OwnerURL() string { return r.url(owner) }

func (r *Replicated) url(role string) string {
	list := []string{r.Primary.Address()}
	for _, s := range r.Standbys {
		list = append(list, s.Address())
	}
	return url(role, strings.Join(list, ",")) + "&target_session_attrs=read-write"
}

// Promote makes the standby that has received the most the primary, and the other one its
// standby. The former primary must have ended, or must be out of reach.
func (r *Replicated) Promote(t testing.TB) {
	t.Helper()
	next, other := r.Standbys[0], r.Standbys[1]
	name := "s3" // of the other one
	received := func(s *Server) string {
		return s.Value(t, `SELECT lpad((pg_last_wal_receive_lsn() - '0/0')::text, 20, '0')`)
	}
	if received(other) > received(next) {
		next, other, name = other, next, "s2"
	}
	if got := next.Value(t, `SELECT pg_promote()`); got != "t" {
		t.Fatalf("pg_promote: %s\n%s", got, next.Log())
	}
	other.Exec(t, fmt.Sprintf("ALTER SYSTEM SET primary_conninfo = '%s'", next.conninfo(name)))
	other.Exec(t, `SELECT pg_reload_conf()`)
	r.Primary, r.Standbys = next, []*Server{other}
	r.await(t)
}

// await waits until the standbys stream.
func (r *Replicated) await(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if r.Primary.Value(t, `SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name IN ('s2', 's3')`) == fmt.Sprint(len(r.Standbys)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the standbys do not stream:\n%s", r.Primary.Log())
		}
	}
}

// conninfo is how a standby of a name finds the server.
func (s *Server) conninfo(name string) string {
	return fmt.Sprintf("host=%s port=%d user=postgres application_name=%s", s.at.Host, s.Port, name)
}
