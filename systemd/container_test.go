//go:build linux && !race

package systemd_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// image builds the root file system that the Containerfile describes, out of a folder
// that package.sh made, with certificate authorities. No engine need be here for that.
func image(t *testing.T, authorities []byte) (root string, user string) {
	t.Helper()
	context, root := packages(t, "1.0.0"), t.TempDir()
	if err := os.WriteFile(filepath.Join(context, "ca-certificates.crt"), authorities, 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("container/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(strings.ReplaceAll(line, "${TARGETARCH}", runtime.GOARCH))
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "FROM":
			if words[1] != "scratch" {
				t.Errorf("the image is made from %s, not from scratch", words[1])
			}
		case "COPY":
			to := filepath.Join(root, words[2])
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(context, words[1]), to); err != nil {
				t.Fatal(err)
			}
		case "USER":
			user = words[1]
		}
	}
	// t.TempDir is the test's own, and the container has another user.
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	return root, user
}

// TestImage runs the image as a container does: in a read-only root with nothing but
// its own files, as no user that anything else has. It delivers an event, and verifies
// the receiver by the authorities in the image.
func TestImage(t *testing.T) {
	needs(t, "git", "unshare", "chroot", "mount", "nsenter", "setpriv")
	arrived := make(chan string, 10)
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r.Header.Get("Sidehook-Event") }))
	t.Cleanup(receiver.Close)
	root, user := image(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: receiver.Certificate().Raw}))
	var files []string
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, root))
		}
		return nil
	})
	if want := []string{"/etc/ssl/certs/ca-certificates.crt", "/usr/bin/sidehook"}; !slices.Equal(files, want) {
		t.Errorf("the image has %v, want %v", files, want)
	}
	if !strings.HasPrefix(user, "65532:") {
		t.Errorf("the image's user is %q, want 65532", user)
	}

	volumes := t.TempDir()
	for _, name := range []string{"etc/sidehook", "run/sidehook", "var/lib/sidehook"} {
		for _, base := range []string{root, volumes} {
			if err := os.MkdirAll(filepath.Join(base, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range []string{"run/sidehook", "var/lib/sidehook"} {
		if err := os.Chown(filepath.Join(volumes, name), 65532, 65532); err != nil {
			t.Fatal(err)
		}
	}
	configuration := "listen: {http: off, socket: /run/sidehook/s}\nhistory: {dir: /var/lib/sidehook/history}\n" +
		"webhooks: [{name: orders, url: '" + receiver.URL + "', events: ['**'], allow: [any-host, 127.0.0.0/8]}]\n"
	if err := os.WriteFile(filepath.Join(volumes, "etc/sidehook/webhooks.yaml"), []byte(configuration), 0o644); err != nil {
		t.Fatal(err)
	}
	const script = `set -e
		for v in etc/sidehook run/sidehook var/lib/sidehook; do mount --bind "$2/$v" "$1/$v"; done
		mount --bind "$1" "$1.ro" && mount -o remount,bind,ro "$1.ro"
		for v in etc/sidehook run/sidehook var/lib/sidehook; do mount --bind "$2/$v" "$1.ro/$v"; done
		exec setpriv --no-new-privs chroot --userspec="$3" "$1.ro" /usr/bin/sidehook run --config /etc/sidehook/webhooks.yaml`
	if err := os.Mkdir(root+".ro", 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(root + ".ro") })
	var log output
	cmd := exec.Command("unshare", "--mount", "--", "sh", "-c", script, "sh", root, volumes, user)
	cmd.Stderr, cmd.Env = &log, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })

	client := http.Client{Timeout: patience, Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", filepath.Join(volumes, "run/sidehook/s"))
	}}}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		answer, err := client.Post("http://localhost/v1/events", "application/json", strings.NewReader(`{"type": "order.paid", "id": "o-1"}`))
		if err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode != http.StatusAccepted {
				t.Fatalf("the post is answered with %s\n%s", answer.Status, log.String())
			}
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, log.String())
		default:
		}
		if time.Since(begun) > patience {
			t.Fatalf("no answer: %v\n%s", err, log.String())
		}
	}
	select {
	case <-arrived:
	case <-time.After(patience):
		t.Errorf("the event did not arrive\n%s", log.String())
	}
	sidecar := manifests(t, "kubernetes.yaml")["StatefulSet"].Spec.Template.Spec.Init[0]
	for _, p := range []probe{sidecar.Startup, sidecar.Liveness, sidecar.Readiness} {
		line := append([]string{"--target", strconv.Itoa(cmd.Process.Pid), "--mount", "--root", "--wd=/", "--setuid=65532", "--setgid=65532", "--"}, p.Exec.Command...)
		if out, err := exec.Command("nsenter", line...).CombinedOutput(); err != nil {
			t.Errorf("the probe %q: %v\n%s", p.Exec.Command, err, out)
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Uid:\t65532\t65532\t65532\t65532\n", "CapEff:\t0000000000000000\n", "NoNewPrivs:\t1\n"} {
		if !bytes.Contains(status, []byte(want)) {
			t.Errorf("the process has no %q:\n%s", want, status)
		}
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/root/written", cmd.Process.Pid), nil, 0o600); !errors.Is(err, unix.EROFS) {
		t.Errorf("writing to the root: %v, want %v", err, unix.EROFS)
	}
	cmd.Process.Signal(unix.SIGTERM)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v\n%s", err, log.String())
		}
	case <-time.After(patience):
		t.Errorf("it did not end\n%s", log.String())
	}
}
