package postgrestest

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Standby has a synchronous standby, of the name "standby", receive and sync what the
// server writes: all that commits wait for, without a second server. stop ends it, after
// which commits wait.
func (s *Server) Standby(t testing.TB) (stop func()) {
	t.Helper()
	dir, err := os.MkdirTemp(s.Dir, "wal")
	if err != nil {
		t.Fatal(err)
	}
	if s.cred != nil {
		if err := os.Chown(dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := s.command("pg_receivewal", "--synchronous", "--no-loop", "-D", dir, "-d",
		"host="+s.Dir+" user=postgres application_name=standby port="+strconv.Itoa(s.Port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	stop = func() {
		if !ended {
			ended = true
			cmd.Process.Signal(syscall.SIGINT)
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if s.Value(t, `SELECT count(*) FROM pg_stat_replication WHERE application_name = 'standby' AND state = 'streaming'`) == "1" {
			return stop
		}
		if time.Now().After(deadline) {
			t.Fatalf("the standby does not stream:\n%s", s.Log())
		}
	}
}
