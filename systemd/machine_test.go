//go:build linux && !race

package systemd_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must come, on a busy machine too.
const patience = time.Minute

// machine is a minimal Debian with systemd as its PID 1, in namespaces of its own:
// it has its own files, processes and loopback interface.
type machine struct {
	t    *testing.T
	root string
	init int // systemd, as this side numbers processes
	dial http.Client
}

// needs skips the test unless it runs as root, and the programs are here.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can start a machine")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
}

// debian makes the files of a minimal Debian, from packages. SIDEHOOK_DEBIAN may name
// a folder that has them from before; it is copied.
func debian(t *testing.T) (root string) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "root")
	begun := time.Now()
	make := exec.Command("mmdebstrap", "--quiet", "--mode=root", "--variant=essential",
		"--include=systemd,systemd-sysv,ca-certificates", "--dpkgopt=force-unsafe-io",
		"--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
		`--aptopt=Acquire::Languages "none"`, "bookworm", root)
	if before := os.Getenv("SIDEHOOK_DEBIAN"); before != "" {
		make = exec.Command("cp", "-a", before, root)
	}
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("a minimal Debian: %v\n%s", err, out)
	}
	t.Logf("a minimal Debian took %v", time.Since(begun).Round(time.Second))
	return root
}

// boot starts systemd on a root, and skips the test where it cannot be PID 1.
func boot(t *testing.T, root string) *machine {
	t.Helper()
	m := &machine{t: t, root: root}
	nspawn := []string{"systemd-nspawn", "--quiet", "--directory", root, "--private-network", "--register=no", "--console=pipe", "--boot"}
	var groups []string
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		// Nothing gives nspawn a cgroup here, so that it gets one of its own.
		nspawn = append(nspawn, "--keep-unit")
		for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"} {
			group := filepath.Join(dir, "sidehook-test-"+strconv.Itoa(os.Getpid()))
			if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err == nil && os.Mkdir(group, 0o755) == nil {
				groups = append(groups, group)
			}
		}
	}
	script := `for g in $GROUPS_OF_ITS_OWN; do echo $$ > $g/cgroup.procs; done; exec "$@"`
	cmd := exec.Command("sh", append([]string{"-c", script, "sh"}, nspawn...)...)
	cmd.Env = append(os.Environ(), "GROUPS_OF_ITS_OWN="+strings.Join(groups, " "), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	var console output
	cmd.Stdout, cmd.Stderr = &console, &console
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		// nspawn shuts the machine down; what would not go is killed.
		cmd.Process.Signal(unix.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			cmd.Process.Kill()
			<-ended
		}
		for _, group := range groups {
			removeGroup(group)
		}
	})
	children := fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid)
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Skipf("systemd cannot run as PID 1 here: %v: %s", err, console.String())
		default:
		}
		// The first child is one that only prepares, and then there are two.
		text, _ := os.ReadFile(children)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			m.init = pid
			out, _ := m.command("systemctl", "is-system-running").CombinedOutput()
			if state := strings.TrimSpace(string(out)); state == "running" || state == "degraded" {
				break
			}
		}
		if time.Since(begun) > patience {
			t.Fatalf("the machine did not start:\n%s", console.String())
		}
	}
	m.dial = http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(_ context.Context, network, address string) (c net.Conn, err error) {
			m.inside(func() { c, err = net.DialTimeout(network, address, patience) })
			return c, err
		},
	}}
	return m
}

// removeGroup removes a cgroup, when the kernel has let go of all that was in it.
func removeGroup(group string) {
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(20 * time.Millisecond) {
		var dirs []string
		filepath.WalkDir(group, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		for i := len(dirs) - 1; i >= 0; i-- {
			os.Remove(dirs[i])
		}
		if _, err := os.Stat(group); err != nil {
			return
		}
	}
}

// inside calls f on a thread that sees the machine's network and no other.
func (m *machine) inside(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocks it: the thread ends with the goroutine
		ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", m.init))
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
			ns.Close()
		}
		if err != nil {
			m.t.Errorf("the machine's network: %v", err)
			return
		}
		f()
	}()
	<-done
}

// command is a command line that runs on the machine.
func (m *machine) command(line ...string) *exec.Cmd {
	cmd := exec.Command("nsenter", append([]string{"--all", "--target", strconv.Itoa(m.init), "--"}, line...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"}
	return cmd
}

// try runs a command line on the machine, and says what it printed and whether it
// failed.
func (m *machine) try(line ...string) (string, error) {
	out, err := m.command(line...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run runs a command line that must not fail, and returns what it printed.
func (m *machine) run(line ...string) string {
	m.t.Helper()
	out, err := m.try(line...)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s\n%s", strings.Join(line, " "), err, out, m.journal())
	}
	return out
}

// journal is what the unit said.
func (m *machine) journal(flags ...string) string {
	out, _ := m.try(append([]string{"journalctl", "-u", "sidehook.service", "--no-pager", "-o", "cat"}, flags...)...)
	return out
}

// path is where a file of the machine stands on this side.
func (m *machine) path(name string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", m.init), name)
}

func (m *machine) write(name, text string, mode os.FileMode) {
	m.t.Helper()
	if err := os.WriteFile(m.path(name), []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) exists(name string) bool {
	_, err := os.Lstat(m.path(name))
	return err == nil
}

// until waits for something that the machine does by itself.
func (m *machine) until(what string, ok func() bool) {
	m.t.Helper()
	for begun := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patience {
			m.t.Fatalf("never: %s\n%s", what, m.journal())
		}
	}
}

// output may be read while a process still writes to it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// receiver takes webhooks on the machine's loopback interface.
type receiver struct {
	address string
	mu      sync.Mutex
	got     map[string]int // by path and event
}

func (m *machine) receive() *receiver {
	m.t.Helper()
	r := &receiver{got: map[string]int{}}
	var l net.Listener
	var err error
	m.inside(func() { l, err = net.Listen("tcp", "127.0.0.1:0") })
	if err != nil {
		m.t.Fatal(err)
	}
	r.address = l.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got[req.URL.Path+" "+req.Header.Get("Sidehook-Event")]++
	})}
	go server.Serve(l)
	m.t.Cleanup(func() { server.Close() })
	return r
}

// has reports whether an event has come to a path.
func (r *receiver) has(path, event string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got[path+" "+event] > 0
}
