//go:build linux && !race

package systemd_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const file = "/etc/sidehook/webhooks.yaml"

// packages builds a version for this machine, and returns the folder that it is in.
func packages(t *testing.T, version string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command("./package.sh", dir, "linux/"+runtime.GOARCH)
	cmd.Env = append(os.Environ(), "VERSION="+version)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("package.sh: %v\n%s", err, out)
	}
	return dir
}

// TestDebianPackage lives through the life of an installation on a machine that
// systemd runs: each part goes on from where the one before left it.
func TestDebianPackage(t *testing.T) {
	needs(t, "mmdebstrap", "systemd-nspawn", "nsenter", "dpkg", "git")
	root := debian(t)
	for _, version := range []string{"1.0.0", "1.1.0"} {
		dir := packages(t, version)
		for pattern, name := range map[string]string{"*.deb": "sidehook-" + version + ".deb", "*.rpm": "sidehook-" + version + ".rpm"} {
			made, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil || len(made) != 1 {
				t.Fatalf("package.sh made %v, %v; want one %s", made, err, pattern)
			}
			if out, err := exec.Command("cp", made[0], filepath.Join(root, name)).CombinedOutput(); err != nil {
				t.Fatalf("cp: %v\n%s", err, out)
			}
		}
	}
	t.Run("rpm", func(t *testing.T) { redHat(t, root) })
	m := boot(t, root)
	s := &installed{machine: m}
	s.receiver = m.receive()
	for _, part := range []struct {
		name string
		run  func(*installed)
	}{
		{"install", (*installed).install},
		{"first webhook", (*installed).configure},
		{"socket activation", (*installed).activate},
		{"reload", (*installed).reload},
		{"reload refused", (*installed).reloadRefused},
		{"restart under posts", (*installed).restart},
		{"kill -9", (*installed).kill},
		{"watchdog", (*installed).watchdog},
		{"upgrade under posts", (*installed).upgrade},
		{"upgrade with errors in the file", (*installed).upgradeRefused},
		{"upgrade while stopped", (*installed).upgradeStopped},
		{"remove", (*installed).remove},
		{"install anew", (*installed).again},
		{"purge", (*installed).purge},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			m.t = t
			part.run(s)
		}) {
			break // what follows rests on it
		}
	}
	m.t = t
}

// redHat installs, upgrades and removes the .rpm in a root that does not run. rpm is
// not at home in a Debian, but its scripts and files are the same.
func redHat(t *testing.T, root string) {
	needs(t, "rpm")
	rpm := func(args ...string) {
		t.Helper()
		cmd := exec.Command("rpm", append([]string{"--root", root, "--dbpath", "/var/lib/rpm-of-a-test", "--nodeps"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("rpm %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	exists := func(name string) bool {
		_, err := os.Lstat(filepath.Join(root, name))
		return err == nil
	}
	const enabled = "/etc/systemd/system/multi-user.target.wants/sidehook.service"
	edited := filepath.Join(root, file)

	rpm("-i", filepath.Join(root, "sidehook-1.0.0.rpm"))
	if !exists(enabled) {
		t.Error("the service is not enabled, as the presets of Debian say")
	}
	if err := os.WriteFile(edited, []byte("webhooks: [] # edited\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rpm("-U", filepath.Join(root, "sidehook-1.1.0.rpm"))
	if out, err := exec.Command("chroot", root, "sidehook", "version").Output(); err != nil || !strings.HasPrefix(string(out), "sidehook 1.1.0,") {
		t.Errorf("after the upgrade it is %q, %v", out, err)
	}
	if text, err := os.ReadFile(edited); err != nil || !strings.Contains(string(text), "# edited") {
		t.Errorf("the edited file is %q, %v", text, err)
	}
	if !exists(enabled) {
		t.Error("the service is not enabled after an upgrade")
	}
	rpm("-e", "sidehook")
	for name, want := range map[string]bool{"/usr/bin/sidehook": false, enabled: false, file: false, file + ".rpmsave": true} {
		if exists(name) != want {
			t.Errorf("after the removal %s is there: %v, want %v", name, !want, want)
		}
	}
	for _, left := range []string{"/etc/sidehook", "/var/lib/rpm-of-a-test"} {
		if err := os.RemoveAll(filepath.Join(root, left)); err != nil {
			t.Fatal(err)
		}
	}
}

// installed is a machine with the package.
type installed struct {
	*machine
	receiver *receiver
	posted   int
}

// webhooks writes the file with a webhook for each name, each with a path of its own.
func (s *installed) webhooks(names ...string) {
	s.t.Helper()
	text := "listen: {http: 127.0.0.1:4665, socket: /run/sidehook/sidehook.sock}\nhistory: {dir: /var/lib/sidehook/history}\nwebhooks:\n"
	for _, name := range names {
		text += fmt.Sprintf("  - name: %[1]s\n    url: http://%[2]s/%[1]s\n    events: ['order.*']\n    secret: ${cred:sidehook_orders}\n    allow: [http, any-host, 127.0.0.0/8]\n", name, s.receiver.address)
	}
	s.write(file, text, 0o644)
}

// post posts an event over the port or the socket, and returns its id and the answer.
func (s *installed) post(network, id string) (status int, err error) {
	client := s.dial
	if network == "unix" {
		socket := s.path("/run/sidehook/sidehook.sock")
		client.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("unix", socket)
		}}
	}
	answer, err := client.Post("http://127.0.0.1:4665/v1/events", "application/json", strings.NewReader(`{"type": "order.paid", "id": "`+id+`"}`))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// delivers posts an event, which must come to each of the paths.
func (s *installed) delivers(paths ...string) {
	s.t.Helper()
	s.posted++
	id := fmt.Sprint("o-", s.posted)
	if status, err := s.post("tcp", id); status != http.StatusAccepted || err != nil {
		s.t.Fatalf("post of %s: %d, %v\n%s", id, status, err, s.journal())
	}
	for _, path := range paths {
		s.until(id+" comes to "+path, func() bool { return s.receiver.has(path, id) })
	}
}

// underPosts calls f while others post over the port and the socket: no post may be
// refused or broken off, and all that was accepted must arrive.
func (s *installed) underPosts(f func()) {
	s.t.Helper()
	stop := make(chan struct{})
	var posting sync.WaitGroup
	var mu sync.Mutex
	var accepted []string
	for _, network := range []string{"tcp", "unix"} {
		posting.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("%s-%d-%d", network, time.Now().UnixNano(), n)
				status, err := s.post(network, id)
				if status != http.StatusAccepted || err != nil {
					s.t.Errorf("post over %s: %d, %v", network, status, err)
					return
				}
				mu.Lock()
				accepted = append(accepted, id)
				mu.Unlock()
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(accepted) }
	s.until("posts before", func() bool { return count() > 10 })
	f()
	before := count()
	s.until("posts after", func() bool { return count() > before+10 })
	close(stop)
	posting.Wait()
	s.until("all that was accepted arrives", func() bool {
		return !slices.ContainsFunc(accepted, func(id string) bool { return !s.receiver.has("/orders", id) })
	})
	s.t.Logf("%d posts, none lost", len(accepted))
}

// property is what systemd says of the service.
func (s *installed) property(name string) string {
	s.t.Helper()
	return s.run("systemctl", "show", "--value", "-p", name, "sidehook.service")
}

// state wants the units to be in a state.
func (s *installed) state(service, socket string) {
	s.t.Helper()
	for unit, want := range map[string]string{"sidehook.service": service, "sidehook.socket": socket} {
		if got, _ := s.try("systemctl", "is-active", unit); got != want {
			s.t.Errorf("%s is %s, want %s\n%s", unit, got, want, s.journal())
		}
	}
}

func (s *installed) install() {
	s.run("dpkg", "-i", "/sidehook-1.0.0.deb")
	s.state("active", "active")
	for _, unit := range []string{"sidehook.service", "sidehook.socket"} {
		if got := s.run("systemctl", "is-enabled", unit); got != "enabled" {
			s.t.Errorf("%s is %s, want enabled", unit, got)
		}
	}
	if got := s.run("sidehook", "version"); !strings.HasPrefix(got, "sidehook 1.0.0, commit ") {
		s.t.Errorf("version %q", got)
	}
	if got := s.run("stat", "-c", "%a %U", "/etc/sidehook/credentials"); got != "700 root" {
		s.t.Errorf("the credentials' folder is %s, want 700 root", got)
	}
	// Nothing is on the disk for all to read.
	if got := s.run("stat", "-L", "-c", "%a", "/var/lib/sidehook"); got != "700" {
		s.t.Errorf("the history's folder is %s, want 700", got)
	}
	if got := s.run("stat", "-c", "%a %U", "/run/sidehook/sidehook.sock"); got != "660 root" {
		s.t.Errorf("the socket is %s, want 660 root", got)
	}
}

func (s *installed) configure() {
	s.run("sh", "-c", "od -An -N24 -tx1 /dev/urandom | tr -d ' \\n' | install -m 0600 /dev/stdin /etc/sidehook/credentials/orders")
	s.webhooks("orders")
	s.run("systemctl", "restart", "sidehook")
	s.delivers("/orders")
	if got := s.run("sidehook", "history"); !strings.Contains(got, "o-1") {
		s.t.Errorf("the history does not have o-1:\n%s", got)
	}
	if got := s.run("sidehook", "webhook", "list"); !strings.Contains(got, "orders") {
		s.t.Errorf("the list does not have orders:\n%s", got)
	}
}

func (s *installed) activate() {
	s.run("systemctl", "stop", "sidehook.service")
	s.state("inactive", "active")
	s.delivers("/orders")
	s.state("active", "active")
}

func (s *installed) reload() {
	s.webhooks("orders", "more")
	s.run("systemctl", "reload", "sidehook")
	s.until("more is in force", func() bool {
		out, err := s.try("sidehook", "webhook", "list")
		return err == nil && strings.Contains(out, "more")
	})
	s.delivers("/orders", "/more")
}

func (s *installed) reloadRefused() {
	before := s.property("MainPID")
	s.write(file, "webhooks:\n  - name: orders\n    url: nowhere\n    events: ['order.*']\n", 0o644)
	if out, err := s.try("systemctl", "reload", "sidehook"); err == nil {
		s.t.Errorf("systemctl reload of a file with errors: done\n%s", out)
	}
	const problem = "webhooks.yaml:3:10: webhooks[0] (orders).url: "
	s.until("the journal says the first problem", func() bool { return strings.Contains(s.journal(), problem) })
	s.until("the status says the first problem", func() bool { return strings.Contains(s.property("StatusText"), problem) })
	// A refused edit is a warning or an error to the journal; that it is ready is not.
	s.until("the priority is a warning's", func() bool { return strings.Contains(s.journal("-p", "warning"), problem) })
	if warnings, all := s.journal("-p", "warning"), s.journal(); strings.Contains(warnings, "ready") || !strings.Contains(all, "ready") {
		s.t.Errorf("the journal's warnings are:\n%s\nof:\n%s", warnings, all)
	}
	s.state("active", "active")
	if after := s.property("MainPID"); after != before {
		s.t.Errorf("the process is %s, and was %s", after, before)
	}
	s.delivers("/orders", "/more")
	s.webhooks("orders")
	s.run("systemctl", "reload", "sidehook")
}

func (s *installed) restart() {
	s.underPosts(func() { s.run("systemctl", "restart", "sidehook") })
}

func (s *installed) kill() {
	before := s.property("MainPID")
	s.run("systemctl", "kill", "-s", "KILL", "sidehook.service")
	s.restarted(before)
	s.delivers("/orders")
}

// restarted waits for a process after the one before.
func (s *installed) restarted(before string) {
	s.t.Helper()
	s.until("it runs again", func() bool {
		return s.property("ActiveState") == "active" && s.property("MainPID") != before
	})
}

// watchdog stops the process as a hang would. The unit waits for 30 s, here for 1 s.
func (s *installed) watchdog() {
	drop := "/etc/systemd/system/sidehook.service.d"
	s.run("mkdir", "-p", drop)
	s.write(drop+"/watchdog.conf", "[Service]\nWatchdogSec=1\n", 0o644)
	s.run("systemctl", "daemon-reload")
	s.run("systemctl", "restart", "sidehook")
	before := s.property("MainPID")
	time.Sleep(1500 * time.Millisecond) // a process that is well is left alone
	if after := s.property("MainPID"); after != before {
		s.t.Errorf("the process is %s, and was %s", after, before)
	}
	s.run("systemctl", "kill", "-s", "STOP", "--kill-who=main", "sidehook.service")
	s.restarted(before)
	if out := s.run("journalctl", "--no-pager", "-o", "cat", "-u", "sidehook", "-p", "err"); !strings.Contains(strings.ToLower(out), "watchdog timeout") {
		s.t.Errorf("the journal does not say that it was the watchdog:\n%s", out)
	}
	s.delivers("/orders")
	s.run("rm", "-r", drop)
	s.run("systemctl", "daemon-reload")
}

func (s *installed) upgrade() {
	before := s.property("MainPID")
	s.underPosts(func() { s.run("dpkg", "-i", "/sidehook-1.1.0.deb") })
	s.running("1.1.0")
	if after := s.property("MainPID"); after == before {
		s.t.Error("the old process still runs")
	}
	if text := s.run("cat", file); !strings.Contains(text, s.receiver.address) {
		s.t.Errorf("the edited file is lost:\n%s", text)
	}
}

// running wants the process to be of a version.
func (s *installed) running(version string) {
	s.t.Helper()
	if got := s.run("sh", "-c", "/proc/$(systemctl show --value -p MainPID sidehook)/exe version"); !strings.HasPrefix(got, "sidehook "+version+",") {
		s.t.Errorf("what runs is %q, want %s", got, version)
	}
}

func (s *installed) upgradeRefused() {
	before := s.property("MainPID")
	s.write(file, "webhooks: nothing\n", 0o644)
	if out := s.run("dpkg", "-i", "/sidehook-1.0.0.deb"); !strings.Contains(out, "sidehook check") {
		s.t.Errorf("dpkg does not say that the file has errors:\n%s", out)
	}
	s.state("active", "active")
	if after := s.property("MainPID"); after != before {
		s.t.Errorf("the process is %s, and was %s", after, before)
	}
	s.webhooks("orders")
	s.run("systemctl", "restart", "sidehook")
	s.running("1.0.0")
	s.delivers("/orders")
}

func (s *installed) upgradeStopped() {
	s.run("systemctl", "stop", "sidehook.socket", "sidehook.service")
	s.run("dpkg", "-i", "/sidehook-1.1.0.deb")
	s.state("inactive", "inactive")
	s.run("systemctl", "start", "sidehook.socket", "sidehook.service")
	s.delivers("/orders")
}

func (s *installed) remove() {
	s.run("dpkg", "-r", "sidehook")
	s.state("inactive", "inactive")
	if _, err := s.post("tcp", "too-late"); err == nil {
		s.t.Error("a post is answered")
	}
	for _, name := range []string{file, "/etc/sidehook/credentials/orders", "/var/lib/private/sidehook/history/FORMAT"} {
		if !s.exists(name) {
			s.t.Errorf("%s is gone", name)
		}
	}
	for _, name := range []string{"/usr/bin/sidehook", "/usr/lib/systemd/system/sidehook.service"} {
		if s.exists(name) {
			s.t.Errorf("%s is there", name)
		}
	}
}

func (s *installed) again() {
	s.run("dpkg", "-i", "/sidehook-1.1.0.deb")
	// An installation from before may be one that was stopped: it is not started.
	s.run("systemctl", "start", "sidehook.socket", "sidehook.service")
	s.delivers("/orders")
	if got := s.run("sidehook", "show", "o-1"); !strings.Contains(got, "delivered") {
		s.t.Errorf("the history does not have o-1 any more:\n%s", got)
	}
}

func (s *installed) purge() {
	s.run("dpkg", "-P", "sidehook")
	s.state("inactive", "inactive")
	for _, name := range []string{"/etc/sidehook", "/var/lib/sidehook", "/var/lib/private/sidehook", "/etc/systemd/system/sockets.target.wants/sidehook.socket", "/etc/systemd/system/multi-user.target.wants/sidehook.service"} {
		if s.exists(name) {
			s.t.Errorf("%s is left", name)
		}
	}
	if out, _ := s.try("dpkg-query", "-W", "sidehook"); !strings.Contains(out, "no packages found") {
		s.t.Errorf("dpkg still knows it: %s", out)
	}
}
