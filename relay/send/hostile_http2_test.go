package send_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"sidehook/relay/send"
)

// stream is a request over HTTP/2 that waits for its answer.
type stream struct {
	*http2.Framer
	id uint32
}

// answer sends headers, and with them the end of the stream.
func (s stream) answer(pairs ...string) error {
	return s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: packed(pairs...), EndHeaders: true, EndStream: true})
}

// packed are headers, each a name and a value.
func packed(pairs ...string) []byte {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for i := 0; i < len(pairs); i += 2 {
		e.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return block.Bytes()
}

// frames is a receiver that speaks HTTP/2 frame by frame. It begins with these
// settings, and does with each request what serve does; then it waits for the
// other side to close.
func frames(t *testing.T, ca *authority, begin []http2.Setting, serve func(stream)) (address string) {
	return rawTLS(t, serves(ca.issue(nil), "h2"), func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) {
		if _, err := io.CopyN(io.Discard, r, int64(len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, r)
		f.WriteSettings(begin...)
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			switch frame := frame.(type) {
			case *http2.SettingsFrame:
				if !frame.IsAck() {
					f.WriteSettingsAck()
				}
			case *http2.HeadersFrame:
				if frame.StreamEnded() {
					serve(stream{f, frame.StreamID})
				}
			case *http2.DataFrame:
				if frame.StreamEnded() {
					serve(stream{f, frame.StreamID})
				}
			}
		}
	})
}

// R11: HTTP/2 as it must not be.
func overHTTP2(t *testing.T, ca *authority) []hostile {
	then := func(serve func(stream)) string { return frames(t, ca, nil, serve) }
	// flood sends frames without end; somebody has to read what comes back, or
	// both would wait for each other.
	flood := func(frame func(stream, uint32) error) string {
		return then(func(s stream) {
			var reading sync.WaitGroup
			reading.Go(func() {
				for {
					if _, err := s.ReadFrame(); err != nil {
						return
					}
				}
			})
			for n := uint32(0); frame(s, n) == nil; n++ {
			}
			reading.Wait()
		})
	}
	const refused = "the receiver refused the request over HTTP/2 with "
	return []hostile{
		{name: "R11 answers", address: then(func(s stream) { s.answer(":status", "204") }), status: ok, code: 204},
		{name: "R11 GOAWAY in place of an answer", address: then(func(s stream) { s.WriteGoAway(0, http2.ErrCodeNo, nil) }), status: not, timeout: short, err: "the receiver closed the connection over HTTP/2 with GOAWAY, without an answer | within timeout 1s"},
		{name: "R11 GOAWAY with an error", address: then(func(s stream) { s.WriteGoAway(s.id, http2.ErrCodeEnhanceYourCalm, []byte("\x1b[31m")) }), status: not, timeout: short, err: "no answer within timeout 1s"},
		{name: "R11 GOAWAY with an error, and not for this request", address: then(func(s stream) { s.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("\x1b[31m")) }), status: not, err: "the receiver closed the connection over HTTP/2 with GOAWAY, without an answer (ENHANCE_YOUR_CALM)"},
		{name: "R11 GOAWAY, then the answer", address: then(func(s stream) {
			s.WriteGoAway(s.id, http2.ErrCodeNo, nil)
			s.answer(":status", "200")
		}), status: ok, code: 200},
		{name: "R11 RST_STREAM REFUSED_STREAM", address: then(func(s stream) { s.WriteRSTStream(s.id, http2.ErrCodeRefusedStream) }), status: not, timeout: short, err: refused + "REFUSED_STREAM | within timeout 1s"},
		{name: "R11 RST_STREAM INTERNAL_ERROR", address: then(func(s stream) { s.WriteRSTStream(s.id, http2.ErrCodeInternal) }), status: not, err: refused + "INTERNAL_ERROR"},
		{name: "R11 RST_STREAM after the headers", address: then(func(s stream) {
			s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: packed(":status", "200"), EndHeaders: true})
			s.WriteRSTStream(s.id, http2.ErrCodeInternal)
		}), status: ok, code: 200, check: truncated},
		{name: "R11 PING flood", address: flood(func(s stream, n uint32) error { return s.WritePing(false, [8]byte{byte(n)}) }), status: not, timeout: short, err: "no answer within timeout 1s"},
		{name: "R11 SETTINGS flood", address: flood(func(s stream, n uint32) error {
			return s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<16 + n%2})
		}), status: not, timeout: short, err: "no answer within timeout 1s"},
		{name: "R11 WINDOW_UPDATE flood", address: flood(func(s stream, _ uint32) error { return s.WriteWindowUpdate(0, 1<<20) }), status: not, err: "the receiver breaks the rules of HTTP/2: FLOW_CONTROL_ERROR"},
		{name: "R11 CONTINUATION flood", address: flood(func(s stream, n uint32) error {
			if n == 0 {
				return s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: packed(":status", "200")})
			}
			return s.WriteContinuation(s.id, false, packed("x", strings.Repeat("y", 1<<10)))
		}), status: not, err: "the receiver breaks the rules of HTTP/2: PROTOCOL_ERROR"},
		{name: "R11 1xx flood", address: flood(func(s stream, _ uint32) error {
			return s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: packed(":status", "103", "x", strings.Repeat("y", 1<<10)), EndHeaders: true})
		}), status: not, err: "the answer's headers are larger than 64 KiB"},
		{name: "R11 infinite body", address: then(func(s stream) {
			s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: packed(":status", "200"), EndHeaders: true})
			for s.WriteData(s.id, false, make([]byte, 1<<10)) == nil {
			}
		}), status: ok, code: 200, check: truncated},
		{name: "R11 MAX_CONCURRENT_STREAMS of 0", address: frames(t, ca, []http2.Setting{{ID: http2.SettingMaxConcurrentStreams}}, func(stream) {}), status: not, timeout: short, err: "within timeout 1s | the receiver takes no more requests on the connection over HTTP/2"},
		{name: "R11 closed in place of an answer", address: rawTLS(t, serves(ca.issue(nil), "h2"), func(_ *tls.Conn, _ *net.TCPConn, r *bufio.Reader) {
			r.Peek(len(http2.ClientPreface))
			time.Sleep(20 * time.Millisecond)
		}), status: not, err: closed + " | " + midst + " | the receiver closed the connection over HTTP/2 before it began"},
		{name: "R11 no HTTP/2 after all", address: rawTLS(t, serves(ca.issue(nil), "h2"), func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) {
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			io.Copy(io.Discard, r)
		}), status: not, err: "the receiver breaks the rules of HTTP/2 | speaks something else on it"},
	}
}

// The HTTP/2 window, which is held in memory for each request in flight, is no larger than
// what is read of a body at most.
func TestHTTP2Window(t *testing.T) {
	ca := newAuthority(t)
	window := make(chan uint32, 1)
	address := rawTLS(t, serves(ca.issue(nil), "h2"), func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) {
		if _, err := io.CopyN(io.Discard, r, int64(len(http2.ClientPreface))); err != nil {
			return
		}
		frame, err := http2.NewFramer(c, r).ReadFrame()
		if settings, ok := frame.(*http2.SettingsFrame); err == nil && ok {
			size, _ := settings.Value(http2.SettingInitialWindowSize)
			window <- size
		}
	})
	s := settings(t, address)
	s.TLS.Roots = ca.pool
	begin(t, s, send.Options{}).add("1")
	if got := <-window; got != 64<<10 {
		t.Errorf("the receiver may send %d bytes, want %d", got, 64<<10)
	}
}
