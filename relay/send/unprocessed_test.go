package send_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"sidehook/history"
	"sidehook/relay/format"
	"sidehook/relay/send"
)

// A request that the receiver says it has not processed is made again within the time-out,
// however often it says so. It does not count as a failure, and each try is recorded.
func TestUnprocessedIsMadeAgain(t *testing.T) {
	ca := newAuthority(t)
	const times = 6 // more than there are quick tries, and than failures until a webhook is failing
	for _, c := range []struct {
		name    string
		decline func(stream)
		reason  string
	}{
		{"RST_STREAM REFUSED_STREAM", func(s stream) { s.WriteRSTStream(s.id, http2.ErrCodeRefusedStream) }, "REFUSED_STREAM"},
		{"GOAWAY without this request", func(s stream) { s.WriteGoAway(s.id-1, http2.ErrCodeNo, nil) }, "GOAWAY"},
		{"GOAWAY in two steps", func(s stream) {
			s.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil)
			s.WriteGoAway(s.id-1, http2.ErrCodeNo, nil)
		}, "GOAWAY"},
	} {
		for _, data := range []string{"", "short", strings.Repeat("x", 20<<10)} {
			t.Run(fmt.Sprintf("%s/%d bytes", c.name, len(data)), func(t *testing.T) {
				var asked atomic.Int32
				address := frames(t, ca, nil, func(s stream) {
					if asked.Add(1) <= times {
						c.decline(s)
						return
					}
					s.answer(":status", "204")
				})
				set := settings(t, address)
				set.Timeout = long
				q := begin(t, set, send.Options{Roots: ca.pool})
				q.addJSON(sized(len(data)))
				lines := q.wait(t, times+1)
				for _, l := range lines[:times] {
					if l.how != "note" || l.Status != history.Retrying || l.number != 1 || !strings.Contains(l.Error, c.reason) || l.Took <= 0 || l.Remote == "" {
						t.Errorf("got note %+v", l)
					}
				}
				if last := lines[times]; last.how != "done" || last.Code != 204 || last.number != 1 {
					t.Errorf("got %s", show(lines))
				}
			})
		}
	}
}

// A request without a body, which the transport sends again by itself, is not
// sent without a pause either.
func TestUnprocessedWithoutABody(t *testing.T) {
	ca := newAuthority(t)
	for _, c := range []struct {
		name    string
		begin   []http2.Setting
		decline func(stream)
	}{
		{"no streams at all", []http2.Setting{{ID: http2.SettingMaxConcurrentStreams}}, func(stream) {}},
		{"GOAWAY", nil, func(s stream) { s.WriteGoAway(0, http2.ErrCodeNo, nil) }},
		{"REFUSED_STREAM", nil, func(s stream) { s.WriteRSTStream(s.id, http2.ErrCodeRefusedStream) }},
	} {
		for _, f := range []format.Format{format.Data, format.CloudEvents} {
			t.Run(fmt.Sprintf("%s/%v", c.name, f), func(t *testing.T) {
				t.Parallel()
				set := settings(t, frames(t, ca, c.begin, c.decline))
				set.Timeout, set.Format = short, f
				var dials atomic.Int32 // the guard asks for our own addresses at each
				own := func() []netip.AddrPort { dials.Add(1); return nil }
				q := begin(t, set, send.Options{Roots: ca.pool, Own: own})
				q.add("1")
				q.running.Wait()
				if last := q.ended()[0]; last.how != "retry" || last.number != 1 || last.Took > long {
					t.Errorf("got %s", show(q.all()))
				}
				// One at once, four while the pause doubles, and at most one each
				// fortieth of the time-out.
				if n, tries := dials.Load(), len(q.all()); n > 50 || tries > 50 {
					t.Errorf("%d connections, %d tries", n, tries)
				}
			})
		}
	}
}

// An error code says that the receiver has not processed the request only if it
// is REFUSED_STREAM, and a GOAWAY only of what is above its last stream: all
// else may have been processed, and is a failed attempt.
func TestPerhapsProcessedIsAFailure(t *testing.T) {
	ca := newAuthority(t)
	for name, serve := range map[string]func(stream){
		"RST_STREAM INTERNAL_ERROR": func(s stream) { s.WriteRSTStream(s.id, http2.ErrCodeInternal) },
		"RST_STREAM PROTOCOL_ERROR": func(s stream) { s.WriteRSTStream(s.id, http2.ErrCodeProtocol) },
		"RST_STREAM CANCEL":         func(s stream) { s.WriteRSTStream(s.id, http2.ErrCodeCancel) },
		"GOAWAY after an error":     func(s stream) { s.WriteGoAway(0, http2.ErrCodeInternal, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			q := begin(t, settings(t, frames(t, ca, nil, serve)), send.Options{Roots: ca.pool})
			q.add("1")
			if lines := q.wait(t, 1); lines[0].how != "retry" || lines[0].number != 1 {
				t.Errorf("got %s", show(lines))
			}
		})
	}
}

// An answer over HTTP/2 counts before the request is written, too, whether the
// receiver then ends the stream or the connection.
func TestEarlyAnswerOverHTTP2(t *testing.T) {
	ca := newAuthority(t)
	for name, then := range map[string]func(*http2.Framer, uint32, *net.TCPConn){
		"RST_STREAM NO_ERROR": func(f *http2.Framer, id uint32, _ *net.TCPConn) { f.WriteRSTStream(id, http2.ErrCodeNo) },
		"GOAWAY, then closed": func(f *http2.Framer, id uint32, c *net.TCPConn) { f.WriteGoAway(id, http2.ErrCodeNo, nil); c.Close() },
		"closed":              func(_ *http2.Framer, _ uint32, c *net.TCPConn) { c.Close() },
	} {
		for _, code := range []int{200, 413} {
			for _, size := range []int{20 << 10, 100 << 10, 1 << 20} {
				t.Run(fmt.Sprintf("%s/%d/%d kB", name, code, size>>10), func(t *testing.T) {
					address := rawTLS(t, serves(ca.issue(nil), "h2"), func(c *tls.Conn, below *net.TCPConn, r *bufio.Reader) {
						io.CopyN(io.Discard, r, int64(len(http2.ClientPreface)))
						f := http2.NewFramer(c, r)
						f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 4 << 20})
						f.WriteWindowUpdate(0, 4<<20)
						for {
							frame, err := f.ReadFrame()
							if err != nil {
								return
							}
							if settings, ok := frame.(*http2.SettingsFrame); ok && !settings.IsAck() {
								f.WriteSettingsAck()
							}
							if headers, ok := frame.(*http2.HeadersFrame); ok {
								stream{f, headers.StreamID}.answer(":status", strconv.Itoa(code))
								then(f, headers.StreamID, below)
							}
						}
					})
					q := begin(t, settings(t, address), send.Options{Roots: ca.pool})
					q.addJSON(sized(size))
					if got := q.wait(t, 1)[0]; got.how == "note" || got.Code != code {
						t.Errorf("got %s, want %d", show(q.all()), code)
					}
				})
			}
		}
	}
}

// A server of Node that ends its session after each answer, or refuses every
// other stream, loses no attempt.
func TestNodeEndsSessions(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node on this machine")
	}
	ca := newAuthority(t)
	dir := t.TempDir()
	pair := ca.issue(nil)
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, der := range pair.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	if err := os.WriteFile(filepath.Join(dir, "server.pem"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"close", "refuse", "one"} {
		t.Run(mode, func(t *testing.T) {
			c := exec.Command(node, "-e", nodeServer, mode)
			c.Dir = dir
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Skipf("node does not start: %v", err)
			}
			t.Cleanup(func() { c.Process.Kill(); c.Wait() })
			var port int
			if _, err := fmt.Fscan(out, &port); err != nil {
				t.Skipf("node has no HTTP/2 server: %v", err)
			}
			const events = 30
			set := settings(t, fmt.Sprintf("https://127.0.0.1:%d", port))
			set.Timeout, set.Concurrency = 2*time.Minute, 10
			q := begin(t, set, send.Options{Roots: ca.pool})
			for n := range events {
				q.add(strconv.Itoa(n))
			}
			q.running.Wait()
			if len(q.ended()) != events {
				t.Fatalf("%d of %d events ended", len(q.ended()), events)
			}
			for _, l := range q.ended() {
				if l.how != "done" || l.Code != 200 || l.number != 1 {
					t.Errorf("got %s #%d %d %s", l.how, l.number, l.Code, l.Error)
				}
			}
		})
	}
}

const nodeServer = `
const http2 = require('http2'), pem = require('fs').readFileSync('server.pem'), mode = process.argv[1]
let n = 0
const server = http2.createSecureServer({key: pem, cert: pem, settings: mode == 'one' ? {maxConcurrentStreams: 1} : {}})
server.on('sessionError', () => {})
server.on('session', s => s.on('error', () => {}))
server.on('stream', s => {
  s.on('error', () => {})
  if (mode == 'refuse' && n++ % 2 == 0) return s.close(http2.constants.NGHTTP2_REFUSED_STREAM)
  s.resume().on('end', () => {
    s.respond({':status': 200})
    s.end('ok')
    if (mode == 'close') s.session.close()
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`
