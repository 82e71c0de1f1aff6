package httpd_test

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sidehook/relay/apitest"
)

// runAt runs a Server on a socket until it ends by itself or the test does.
func runAt(t *testing.T, path string, mode fs.FileMode) (opened chan []net.Addr, ended chan error, cancel func()) {
	opened, ended = make(chan []net.Addr, 1), make(chan error, 1)
	s := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, apitest.Options{
		Socket: path, SocketMode: mode, Opened: func(a []net.Addr) { opened <- a },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { ended <- s.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return opened, ended, cancel
}

func TestSocketMode(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	for mode, want := range map[fs.FileMode]fs.FileMode{0: 0o660, 0o600: 0o600, 0o666: 0o666} {
		path := filepath.Join(apitest.ShortDir(t), "s")
		opened, ended, cancel := runAt(t, path, mode)
		if addrs := <-opened; addrs[0].String() != path {
			t.Errorf("address %s, want %s", addrs[0], path)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("mode %v %v, want %v", info.Mode(), err, want)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the socket is still there: %v", err)
		}
	}
}

// TestSocketInTheWay is about what may stand where the socket should.
func TestSocketInTheWay(t *testing.T) {
	for _, c := range []struct {
		name  string
		place func(t *testing.T, path string)
		want  string // of the error; "" for none
	}{
		{"a socket that a killed process left", func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			l.(*net.UnixListener).SetUnlinkOnClose(false)
			l.Close()
		}, ""},
		{"a live owner", func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
		}, "another process listens there; stop it or choose another path"},
		{"a file", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "a file that is not a socket is in the way; move it or choose another path"},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "a file that is not a socket is in the way; move it or choose another path"},
		{"a link", func(t *testing.T, path string) {
			if err := os.Symlink("elsewhere", path); err != nil {
				t.Fatal(err)
			}
		}, "a file that is not a socket is in the way; move it or choose another path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(apitest.ShortDir(t), "s")
			c.place(t, path)
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			opened, ended, _ := runAt(t, path, 0)
			if c.want == "" {
				select {
				case <-opened:
				case err := <-ended:
					t.Fatalf("did not start: %v", err)
				}
				return
			}
			want := `listen on socket "` + path + `": ` + c.want
			if err := <-ended; err == nil || err.Error() != want {
				t.Errorf("got %v\nwant %s", err, want)
			}
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
				t.Errorf("what stood there has gone: %v", err)
			}
		})
	}
}

func TestSocketErrors(t *testing.T) {
	for path, want := range map[string]string{
		"/" + strings.Repeat("x", 107):                  "the path has 108 bytes; at most 107 are allowed",
		filepath.Join(apitest.ShortDir(t), "none", "s"): "bind: no such file or directory; create its folder, or change listen.socket",
	} {
		_, ended, _ := runAt(t, path, 0)
		if err := <-ended; err == nil || err.Error() != `listen on socket "`+path+`": `+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestSocketOfAnother leaves a socket alone that another put in place of ours.
func TestSocketOfAnother(t *testing.T) {
	path := filepath.Join(apitest.ShortDir(t), "s")
	opened, ended, cancel := runAt(t, path, 0)
	<-opened
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the other's socket: %v", err)
	}
}

// TestAddressTaken opens all listeners or none.
func TestAddressTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	handed, err := net.Listen("unix", filepath.Join(apitest.ShortDir(t), "s"))
	if err != nil {
		t.Fatal(err)
	}
	s := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, apitest.Options{
		Listeners: []net.Listener{handed},
		HTTP:      taken.Addr().String(),
		Opened:    func([]net.Addr) { t.Error("opened") },
	})
	err = s.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
	if c, err := net.Dial("unix", handed.Addr().String()); err == nil {
		c.Close()
		t.Error("the other listener is still open")
	}
}

// TestHandedOver serves a socket that is not its own instead of its own, and
// leaves its file.
func TestHandedOver(t *testing.T) {
	path := filepath.Join(apitest.ShortDir(t), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan []net.Addr, 1)
	s := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, apitest.Options{Socket: path + ".own", Listeners: []net.Listener{l}, Opened: func(a []net.Addr) { opened <- a }})
	stop := apitest.Run(t, s)
	if addrs := <-opened; len(addrs) != 1 || addrs[0].String() != path {
		t.Errorf("it listens at %v, want %s alone", addrs, path)
	}
	c := apitest.UnixClient(path)
	defer c.CloseIdleConnections()
	apitest.Do(t, c, "GET", "http://x/v1/webhooks/a", "")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket's file has gone: %v", err)
	}
}
