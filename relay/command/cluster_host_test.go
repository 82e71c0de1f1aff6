package command_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/history/postgres/postgrestest"
)

// TestCluster runs the commands on a database.
func TestCluster(t *testing.T) {
	s := postgrestest.Start(t, "fsync=off")
	dir := t.TempDir()
	write := func(sync string) {
		t.Helper()
		text := fmt.Sprintf("cluster: {postgres: '%s', sync: %s}\nwebhooks: []\n", s.OwnerURL(), sync)
		if err := os.WriteFile(filepath.Join(dir, "webhooks.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(want string, code int, args ...string) {
		t.Helper()
		cmd := exec.Command("sidehook", args...)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), want) || cmd.ProcessState.ExitCode() != code {
			t.Errorf("%v: exit code %d and\n%s\nwant %d and %s", args, cmd.ProcessState.ExitCode(), out, code, want)
		}
	}
	write("storage")
	run("schema \"sidehook\" has no tables of sidehook; run `sidehook cluster init --apply`", 1, "cluster", "status")
	s.Exec(t, `CREATE ROLE runner`)
	for range 2 {
		run("schema sidehook is ready", 0, "cluster", "init", "--apply", "--role", "runner")
	}
	run("members      none", 0, "cluster", "status")
	run("there are no files to check: the history is in the database of the cluster", 1, "history", "check")
	run("one took ", 0, "cluster", "status")
	s.Exec(t, `INSERT INTO sidehook.members (name, incarnation, beat, lease, address) VALUES ('host-a', 'i', sidehook.now_ns() - 90000000000, 10000000000, '10.0.0.1:9')`)
	run("ago, silent", 0, "cluster", "status")
	write("require")
	run("not safe: no synchronous standby is configured", 1, "cluster", "status")
	s.Exec(t, `ALTER SYSTEM SET synchronous_standby_names = 'nobody'`)
	s.Exec(t, `SELECT pg_reload_conf(), pg_sleep(0.3)`)
	run("one has no answer after 3s: a synchronous standby is down or slow", 1, "cluster", "status")
}
