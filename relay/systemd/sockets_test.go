package systemd_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/relay/systemd"
)

// takeOver makes the test binary print what Sockets finds.
const takeOver = "SIDEHOOK_TEST_TAKE_OVER"

func TestMain(m *testing.M) {
	if os.Getenv(takeOver) == "" {
		os.Exit(m.Run())
	}
	sockets, err := systemd.Sockets()
	for _, s := range sockets {
		fmt.Println(s.Addr().Network(), s.Addr())
		s.Close()
	}
	fmt.Println(len(sockets), err)
}

// TestSockets hands files over as systemd does: from descriptor 3 on, to the
// process of that number.
func TestSockets(t *testing.T) {
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	path := filepath.Join(t.TempDir(), "s")
	unix, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	packets, err := net.ListenUnix("unixpacket", &net.UnixAddr{Net: "unixpacket", Name: path + "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	file := func(of interface{ File() (*os.File, error) }) *os.File {
		f, err := of.File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	for name, c := range map[string]struct {
		files []*os.File
		pid   string
		want  string
	}{
		"none":              {nil, "$$", "0 <nil>"},
		"another's":         {[]*os.File{file(tcp)}, "1", "0 <nil>"},
		"both":              {[]*os.File{file(tcp), file(unix)}, "$$", fmt.Sprintf("tcp %s\nunix %s\n2 <nil>", tcp.Addr(), path)},
		"not a stream":      {[]*os.File{file(unix), file(packets)}, "$$", `0 use systemd's socket "LISTEN_FD_4": it is of network "unixpacket"; the unit needs ListenStream=`},
		"nobody listens":    {[]*os.File{file(udp)}, "$$", `0 use systemd's socket "LISTEN_FD_3": nothing listens on it; the unit needs ListenStream= and Accept=no`},
		"not even a socket": {[]*os.File{os.Stderr}, "$$", `0 use systemd's socket "LISTEN_FD_3": getsockopt: socket operation on non-socket`},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("sh", "-c", "export LISTEN_PID="+c.pid+`; exec "$0"`, os.Args[0])
			cmd.Env = append(os.Environ(), takeOver+"=1", fmt.Sprintf("LISTEN_FDS=%d", len(c.files)))
			cmd.ExtraFiles = c.files
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if got := strings.TrimSpace(string(out)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket's file has gone: %v", err)
	}
}
