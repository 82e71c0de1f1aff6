package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// round starts a system, sends events through it, and waits for the last delivery.
func (b *bench) round(r row) (result, error) {
	s, err := newSink(max(r.fanOut, 1))
	if err != nil {
		return result{}, err
	}
	defer s.close()
	relay, err := b.start(r, s.addr())
	if err != nil {
		return result{}, err
	}
	defer relay.stop()
	l := r.load
	l.target, l.hooks = relay.url, r.hooks
	before := relay.cpu()
	sent, err := l.run(b.time)
	if err != nil {
		return result{}, err
	}
	if sent.refused > 0 {
		return result{}, fmt.Errorf("%d requests were refused, the last with %d", sent.refused, sent.status)
	}
	if err := s.await(sent.accepted * int64(max(r.fanOut, 1))); err != nil {
		return result{}, err
	}
	got := s.result()
	got.accepted = float64(sent.accepted) / sent.took.Seconds()
	got.cpu = (relay.cpu() - before).Seconds() * 1e6 / float64(s.unique)
	got.memory = relay.peak()
	return got, nil
}

// relay is a system under test, in a process of its own.
type relay struct {
	cmd *exec.Cmd
	url string // where events are posted
}

// start starts a system that forwards to an address.
func (b *bench) start(r row, to string) (*relay, error) {
	dir, err := os.MkdirTemp(b.dir, r.system+"-")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if r.system != "sidehook" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		started := &relay{cmd: exec.Command(self, "serve", r.system, addr+","+to), url: "http://" + addr + "/"}
		return started, started.begin(dir, addr)
	}
	return b.startSidehook(dir, addr, webhooks(r, addr, to))
}

// startSidehook starts sidehook in a folder, with a file that has it listen on an
// address.
func (b *bench) startSidehook(dir, addr, file string) (*relay, error) {
	if err := os.WriteFile(filepath.Join(dir, "webhooks.yaml"), []byte(file), 0o600); err != nil {
		return nil, err
	}
	started := &relay{cmd: exec.Command(b.binary, "run"), url: "http://" + addr + "/v1/events"}
	return started, started.begin(dir, addr)
}

// webhooks returns the file of a sidehook that listens on one address and delivers to
// another.
func webhooks(r row, addr, to string) string {
	var file strings.Builder
	fmt.Fprintf(&file, "listen: {http: '%s', socket: off}\nwebhooks:\n", addr)
	add := func(name, path, types string) {
		fmt.Fprintf(&file, "  - {name: %s, url: 'http://%s/%s', events: ['%s'], secret: 0123456789abcdef0123456789abcdef, concurrency: 64, allow: [http, any-host, 127.0.0.0/8]}\n", name, to, path, types)
	}
	switch {
	case r.hooks > 0:
		for i := range r.hooks {
			add(fmt.Sprint("w", i), "0", typeOf(i))
		}
	default:
		for i := range max(r.fanOut, 1) {
			add(fmt.Sprint("w", i), fmt.Sprint(i), "**")
		}
	}
	return file.String()
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// begin starts the process in a folder, and returns once it listens.
func (r *relay) begin(dir, addr string) error {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = dir, log, log
	if err := r.cmd.Start(); err != nil {
		return err
	}
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			return conn.Close()
		}
	}
	r.stop()
	text, _ := os.ReadFile(log.Name())
	return fmt.Errorf("%s does not listen: %s", r.cmd.Path, text)
}

// stop ends the process, and removes what it wrote.
func (r *relay) stop() {
	r.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(30*time.Second, func() { r.cmd.Process.Kill() })
	r.cmd.Wait()
	kill.Stop()
	os.RemoveAll(r.cmd.Dir)
}

// cpu returns the time that the process has used, in user and kernel. The unit of
// /proc/PID/stat is a hundredth of a second (proc_pid_stat(5), USER_HZ).
func (r *relay) cpu() time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(text), ") ") // after the name
	var ticks int64
	for _, field := range strings.Fields(rest)[11:13] {
		n, _ := strconv.ParseInt(field, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// peak returns the most memory that the process has had, in MiB (VmHWM of
// proc_pid_status(5)).
func (r *relay) peak() float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024
		}
	}
	return 0
}
