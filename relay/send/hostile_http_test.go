package send_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sidehook/relay/send"
)

// R1: there is nobody, or nobody who takes the connection.
func unreachable(t *testing.T) []hostile {
	broadcast := func(s *send.Settings, _ *send.Options) {
		s.Allow = append(s.Allow, netip.MustParsePrefix("255.255.255.255/32"))
	}
	return []hostile{
		{name: "R1 refused", address: "http://127.0.0.1:1", status: not, err: "dial tcp 127.0.0.1:1: connection refused"},
		{name: "R1 closed at once", address: raw(t, func(*net.TCPConn, *bufio.Reader) {}), status: not, err: closed},
		{name: "R1 reset at once", address: raw(t, func(c *net.TCPConn, _ *bufio.Reader) { reset(c) }), status: not, err: "connection reset by peer"},
		{name: "R1 blackhole", address: blackhole(t), status: not, timeout: short, err: "no connection to 127.0.0.1:"},
		// No route leads to the broadcast address for TCP, on any machine.
		{name: "R1 network unreachable", address: "http://255.255.255.255:80", status: not, set: broadcast, err: "dial tcp 255.255.255.255:80: network is unreachable"},
	}
}

// blackhole is a receiver that answers no SYN: its backlog is full, and nobody
// accepts.
func blackhole(t *testing.T) (address string) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "backlog")
	t.Cleanup(func() { f.Close() })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	host := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 8 {
		c, err := net.DialTimeout("tcp", host, 50*time.Millisecond)
		if err != nil {
			return "http://" + host
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("the backlog does not fill")
	return ""
}

// R2 to R7: it is late, or has no end. R5: what is packed stays so.
func lateOrEndless(t *testing.T) []hostile {
	const kilobyte = 1 << 10
	zipped := bomb()
	packed := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zipped), zipped)
	return []hostile{
		{name: "R2 accepts, then silent", address: says(t, ""), status: not, timeout: short, err: "no answer within timeout 1s"},
		{name: "R2 silent in the TLS handshake", address: secured(says(t, "")), status: not, timeout: short, err: "no end of the TLS handshake within timeout 1s"},
		{name: "R3 slow headers", address: slowly(t, "HTTP/1.1 200 OK\r\nX: ", "x"), status: not, timeout: short, err: "no answer within timeout 1s"},
		{name: "R3 slow body", address: slowly(t, "HTTP/1.1 200 OK\r\n\r\n", "x"), status: ok, code: 200, timeout: short},
		{name: "R3 slow body of a failure", address: slowly(t, "HTTP/1.1 500 No\r\n\r\n", "x"), status: not, code: 500, timeout: short, err: "500 Internal Server Error"},
		{name: "R4 infinite body", address: forever(t, "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", kilobyte)), status: ok, code: 200, check: truncated},
		{name: "R4 infinite body of a failure", address: forever(t, "HTTP/1.1 503 No\r\n\r\n", strings.Repeat("x", kilobyte)), status: not, code: 503, err: "503 Service Unavailable", check: truncated},
		{name: "R4 chunk flood", address: forever(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), status: ok, code: 200, check: truncated},
		{name: "R4 endless chunk extension", address: forever(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", strings.Repeat("x", kilobyte)), status: ok, code: 200, check: truncated},
		{name: "R4 endless trailer", address: forever(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", "X: "+strings.Repeat("y", kilobyte)+"\r\n"), status: ok, code: 200, check: truncated},
		{name: "R5 gzip bomb", address: says(t, packed), status: ok, code: 200, check: func(t *testing.T, l line) {
			if !strings.HasPrefix(zipped, string(l.Response.Body)) || !l.Response.Truncated {
				t.Errorf("it was unpacked: kept %d bytes, truncated %v", len(l.Response.Body), l.Response.Truncated)
			}
		}},
		{name: "R6 many headers", address: forever(t, "HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("y", kilobyte)+"\r\n"), status: not, err: "the answer's headers are larger than 64 KiB"},
		{name: "R6 tiny headers without end", address: forever(t, "HTTP/1.1 200 OK\r\n", "X: y\r\n"), status: not, err: "the answer's headers are larger than 64 KiB"},
		{name: "R6 one giant header", address: forever(t, "HTTP/1.1 200 OK\r\nX: ", strings.Repeat("y", kilobyte)), status: not, err: "the answer's headers are larger than 64 KiB"},
		{name: "R7 1xx flood", address: forever(t, "", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), status: not, err: "the answer's headers are larger than 64 KiB"},
		{name: "R7 slow 1xx", address: slowly(t, "", "HTTP/1.1 102 Processing\r\n\r\n"), status: not, timeout: short, err: "no answer within timeout 1s"},
	}
}

func truncated(t *testing.T, l line) {
	if !l.Response.Truncated {
		t.Error("the body is said to be whole")
	}
}

// secured is the address of a receiver that does not speak TLS, with it.
func secured(address string) string { return strings.Replace(address, "http:", "https:", 1) }

// R8 and R9: a redirect is not followed, wherever it leads.
func redirecting(t *testing.T) []hostile {
	const hint = "redirects are not followed; the url has to be the final one"
	var followed atomic.Int32
	next := raw(t, func(*net.TCPConn, *bufio.Reader) { followed.Add(1) })
	to := func(code int, location string) string {
		return says(t, fmt.Sprintf("HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", code, location))
	}
	stays := func(t *testing.T, _ line) {
		if followed.Load() > 0 {
			t.Error("it was followed")
		}
	}
	return []hostile{
		{name: "R8 301", address: to(301, next), status: not, code: 301, err: "301 Moved Permanently: " + hint, check: stays},
		{name: "R8 302", address: to(302, next), status: not, code: 302, err: "302 Found: " + hint, check: stays},
		{name: "R8 307", address: to(307, next), status: not, code: 307, err: "307 Temporary Redirect: " + hint, check: stays},
		{name: "R8 308", address: to(308, next), status: not, code: 308, err: "308 Permanent Redirect: " + hint, check: stays},
		{name: "R8 to nonsense", address: to(307, "::%zz"), status: not, code: 307, err: hint},
		{name: "R8 to nowhere", address: says(t, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), status: not, code: 302, err: hint},
		{name: "R9 to a private address", address: to(302, "http://169.254.169.254/?token=12345678"), status: not, code: 302, err: hint},
	}
}

// R12: the connection breaks just before, within or just after the answer.
func breaking(t *testing.T) []hostile {
	return []hostile{
		{name: "R12 closed before the answer", address: ends(t, ""), status: not, err: "the receiver closed the connection without an answer"},
		{name: "R12 reset before the answer", address: breaks(t, ""), status: not, err: "connection reset by peer"},
		{name: "R12 closed within the status line", address: ends(t, "HTTP/1.1 20"), status: not, err: `malformed HTTP status code "20"`},
		{name: "R12 closed within the headers", address: ends(t, "HTTP/1.1 200 OK\r\nX: y\r\n"), status: not, err: midst},
		{name: "R12 reset within the headers", address: breaks(t, "HTTP/1.1 200 OK\r\nX: y\r\n"), status: not, err: midst},
		{name: "R12 closed right after the answer", address: ends(t, answer200), status: ok, code: 200},
		{name: "R12 reset right after the answer", address: breaks(t, answer200), status: ok, code: 200},
		{name: "R12 200, then closed within the body", address: ends(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12"), status: ok, code: 200, check: truncated},
		{name: "R12 200, then reset", address: breaks(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12"), status: ok, code: 200, check: truncated},
		{name: "R12 200, then nonsense for a body", address: says(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), status: ok, code: 200, check: truncated},
	}
}

// R14 and R16: answers that are rare, or none.
func oddAnswers(t *testing.T) []hostile {
	empty := func(status string) string {
		return says(t, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
	}
	return []hostile{
		{name: "R14 410", address: empty("410 Gone"), status: failed, code: 410, err: "410 Gone: the receiver asked to stop"},
		{name: "R16 1xx only", address: ends(t, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 3)), status: not, err: midst},
		{name: "R16 1xx, then 200", address: says(t, "HTTP/1.1 103 Early Hints\r\n\r\n"+answer200), status: ok, code: 200},
		{name: "R16 101", address: says(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), status: not, code: 101, err: "101 Switching Protocols"},
		{name: "R16 204", address: says(t, "HTTP/1.1 204 No Content\r\n\r\n"), status: ok, code: 204},
		{name: "R16 204 with a body", address: says(t, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"), status: ok, code: 204},
		{name: "R16 205", address: empty("205 Reset Content"), status: ok, code: 205},
		{name: "R16 206", address: empty("206 Partial Content"), status: ok, code: 206},
		{name: "R16 299", address: empty("299 Fine"), status: ok, code: 299},
		{name: "R16 300", address: empty("300 Multiple Choices"), status: not, code: 300, err: "300 Multiple Choices"},
		{name: "R16 304", address: says(t, "HTTP/1.1 304 Not Modified\r\n\r\n"), status: not, code: 304, err: "304 Not Modified", check: func(t *testing.T, l line) {
			if strings.Contains(l.Error, "redirect") {
				t.Errorf("got error %q", l.Error)
			}
		}},
		{name: "R16 401 with a challenge", address: says(t, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"), status: not, code: 401, err: "401 Unauthorized"},
		{name: "R16 407", address: empty("407 No"), status: not, code: 407, err: "407 Proxy Authentication Required"},
		{name: "R16 999", address: empty("999 Whatever"), status: not, code: 999, err: "999, which is no status of HTTP"},
		{name: "R16 000", address: empty("000 None"), status: not, err: "000, which is no status of HTTP"},
		{name: "R16 status of two digits", address: empty("20 OK"), status: not, err: `the receiver does not answer in HTTP: malformed HTTP status code "20"`},
		{name: "R16 status of letters", address: empty("abc OK"), status: not, err: `the receiver does not answer in HTTP: malformed HTTP status code "abc"`},
		{name: "R16 malformed status line", address: says(t, "hello\r\n\r\n"), status: not, err: `the receiver does not answer in HTTP: malformed HTTP response "hello"`},
		{name: "R16 malformed status line of 4,000 bytes", address: says(t, strings.Repeat("y", 4000)+"\r\n\r\n"), status: not, err: "does not answer in HTTP: malformed HTTP response"},
		{name: "R16 HTTP/0.9", address: ends(t, "<html>hello</html>"), status: not, err: `does not answer in HTTP: malformed HTTP response "<html>hello</html>"`},
		{name: "R16 HTTP/3.0", address: says(t, "HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n"), status: ok, code: 200},
		{name: "R16 HTTP/x", address: says(t, "HTTP/x 200 OK\r\n\r\n"), status: not, err: `does not answer in HTTP: malformed HTTP version "HTTP/x"`},
		{name: "R16 duplicate Content-Length", address: says(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), status: not, err: "does not answer in HTTP: message cannot contain multiple Content-Length headers"},
		{name: "R16 the same Content-Length twice", address: says(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nxx"), status: ok, code: 200},
		{name: "R16 negative Content-Length", address: says(t, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), status: not, err: `does not answer in HTTP: bad Content-Length "-1"`},
		{name: "R16 NUL in header", address: says(t, "HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n"), status: not, err: "does not answer in HTTP: malformed MIME header"},
		{name: "R16 header without a colon", address: says(t, "HTTP/1.1 200 OK\r\nhello\r\n\r\n"), status: not, err: "does not answer in HTTP: malformed MIME header"},
		{name: "R16 unknown transfer encoding", address: says(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), status: not, err: `does not answer in HTTP: unsupported transfer encoding: "gzip"`},
		{name: "R16 no TLS at this port", address: secured(says(t, "HTTP/1.1 400 Bad Request\r\n\r\n")), status: not, err: "the receiver does not speak TLS at this port"},
		{name: "R16 an SSH server", address: raw(t, func(c *net.TCPConn, r *bufio.Reader) {
			io.WriteString(c, "SSH-2.0-OpenSSH_9.9\r\n")
			io.Copy(io.Discard, r)
		}), status: not, err: `malformed HTTP response "SSH-2.0-OpenSSH_9.9" | the receiver closed the connection, or spoke first`},
	}
}

// closed is what may be said of a connection that ends while the request is
// written: it depends on who was faster.
const closed = "the receiver closed the connection without an answer | connection reset by peer | broken pipe | the receiver closed the connection, or spoke first"

// midst is what is said of an answer that was cut.
const midst = "the receiver closed the connection in the middle of its answer's headers"

// R23: what an answer holds is kept as it came, for the history to escape and
// the commands to sanitise; the reason quotes none of it.
func showing(t *testing.T) []hostile {
	const body = "\x1b[31mred\x1b[0m\xff\xfe\r\n\"line\"\x00"
	kept := func(t *testing.T, l line) {
		if string(l.Response.Body) != body {
			t.Errorf("kept %q", l.Response.Body)
		}
	}
	text := func(status string) string {
		return says(t, fmt.Sprintf("HTTP/1.1 %s\r\nX: \xff\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body))
	}
	return []hostile{
		{name: "R23 escapes in a delivered answer", address: text("200 OK"), status: ok, code: 200, check: kept},
		{name: "R23 escapes in a failed answer", address: text("500 \x1b[31mno\xff"), status: not, code: 500, err: "500 Internal Server Error", check: kept},
		{name: "R23 escapes in a header", address: says(t, "HTTP/1.1 200 OK\r\nX: \x1b[2J\r\n\r\n"), status: not, err: `does not answer in HTTP: malformed MIME header line: "X: \x1b[2J"`},
		{name: "R23 escapes in place of an answer", address: says(t, body+"\r\n"), status: not, err: `malformed HTTP response "\x1b[31mred`},
	}
}
