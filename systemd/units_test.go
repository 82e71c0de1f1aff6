// Package systemd_test checks the units with systemd's own tools, and the
// packaged webhooks.yaml against them.
package systemd_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sidehook/config"
)

// unitsIn copies the units to a folder, with a program that exists instead of the
// one that a package installs. It skips the test without systemd-analyze.
func unitsIn(t *testing.T, dropIns ...string) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not on this machine")
	}
	dir = t.TempDir()
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip(err)
	}
	for _, name := range append([]string{"sidehook.service", "sidehook.socket"}, dropIns...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("/usr/bin/sidehook"), []byte(program))
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// verify fails the test if systemd has complaints about the units in a folder.
func verify(t *testing.T, dir string) {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "verify", filepath.Join(dir, "sidehook.service"), filepath.Join(dir, "sidehook.socket")).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func TestUnitsAreClean(t *testing.T) { verify(t, unitsIn(t)) }

func TestNotifyReloadIsClean(t *testing.T) {
	dir := unitsIn(t, "sidehook.service.d/notify-reload.conf")
	out, err := exec.Command("systemd-analyze", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := 0
	if _, err := fmt.Sscanf(string(out), "systemd %d", &version); err != nil || version < 253 {
		t.Skipf("Type=notify-reload needs systemd 253, and this is %d", version)
	}
	verify(t, dir)
}

// TestServiceIsConfined limits the exposure of the unit (the threshold is ten times
// systemd's number). The rest of the exposure is the network, which it needs.
func TestServiceIsConfined(t *testing.T) {
	unit := filepath.Join(unitsIn(t), "sidehook.service")
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=11", unit).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Log(lines[len(lines)-1])
}

// TestPackagedFile: the packaged file is valid without a credential, and its example
// is with one. Both agree with the units.
func TestPackagedFile(t *testing.T) {
	file := load(t, "webhooks.yaml")
	text, err := os.ReadFile("webhooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	shown := filepath.Join(t.TempDir(), "webhooks.yaml")
	before, example, _ := bytes.Cut(text, []byte("webhooks: []"))
	example = bytes.ReplaceAll(example, []byte("\n#"), []byte("\n"))
	if err := os.WriteFile(shown, slices.Concat(before, []byte("webhooks:"), example), 0o644); err != nil {
		t.Fatal(err)
	}
	const secret = "0123456789abcdef0123456789abcdef"
	credentials := t.TempDir()
	if err := os.WriteFile(filepath.Join(credentials, "sidehook_orders"), []byte(secret+"\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	if got := load(t, shown).Webhooks[0].Secrets[0].Reveal(); got != secret {
		t.Errorf("the secret is not the credential but %q", got)
	}
	socket, service := settings(t, "sidehook.socket"), settings(t, "sidehook.service")
	for _, address := range []string{file.Listen.Socket, file.Listen.HTTP} {
		if !socket["ListenStream="+address] {
			t.Errorf("sidehook.socket does not listen at %s", address)
		}
	}
	for _, want := range []string{"StateDirectory=sidehook", "LoadCredential=sidehook:/etc/sidehook/credentials"} {
		if !service[want] {
			t.Errorf("sidehook.service has no %s", want)
		}
	}
	if want := "/var/lib/sidehook/history"; file.History.Dir != want {
		t.Errorf("the history is in %s, want %s", file.History.Dir, want)
	}
	// The folder of the socket must outlive the service.
	if service["RuntimeDirectory=sidehook"] || !service["RuntimeDirectory=sidehook/relay"] {
		t.Error("a stop of sidehook.service removes the folder of sidehook.socket's socket")
	}
}

// load reads a file as run does. It must have no errors and no warnings.
func load(t *testing.T, path string) *config.File {
	t.Helper()
	file, err := config.Load(path, config.Run)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Warnings) > 0 {
		t.Errorf("warnings: %v", file.Warnings)
	}
	return file
}

// TestServiceIsKeptRunning checks what systemd does when the service ends, is
// reloaded or logs.
func TestServiceIsKeptRunning(t *testing.T) {
	const check = "/usr/bin/sidehook check --config /etc/sidehook/webhooks.yaml"
	for _, c := range []struct {
		unit, key string
		want      []string
	}{
		// on-failure treats SIGPIPE, for example, as a clean exit.
		{"sidehook.service", "Restart", []string{"always"}},
		// The log is text with priorities, as the journal reads it.
		{"sidehook.service", "ExecStart", []string{"/usr/bin/sidehook run --config /etc/sidehook/webhooks.yaml"}},
		// A file with errors ends the reload before the signal.
		{"sidehook.service", "ExecReload", []string{check, `/bin/sh -c "kill -HUP $MAINPID"`}},
		{"sidehook.service.d/notify-reload.conf", "ExecReload", []string{"", check}},
	} {
		if got := values(t, c.unit, c.key); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s= is %q, want %q", c.unit, c.key, got, c.want)
		}
	}
}

// values returns the values of a key of a unit, in order.
func values(t *testing.T, unit, key string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			list = append(list, value)
		}
	}
	return list
}

// settings returns the lines of a unit.
func settings(t *testing.T, name string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		lines[strings.TrimSpace(line)] = true
	}
	return lines
}
