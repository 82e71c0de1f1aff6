package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"sync"
	"time"
)

// sink is the receiver of one round. It counts what comes and answers 200.
type sink struct {
	listener net.Listener
	paths    int64 // from how many webhooks each event comes, told apart by the path

	mu      sync.Mutex
	seen    []uint64 // a bit for each event and path
	unique  int64
	repeats int64
	strange int64     // requests without an event of this round
	first   int64     // when the first event was due, in Unix nanoseconds
	last    time.Time // when the last delivery came
	took    histogram
}

func newSink(paths int) (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{listener: l, paths: int64(paths)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s, nil
}

func (s *sink) addr() string { return s.listener.Addr().String() }
func (s *sink) close()       { s.listener.Close() }

func (s *sink) serve(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 16<<10)
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	var m message
	for m.read(reader) == nil {
		s.take(&m, time.Now())
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

func (s *sink) take(m *message, now time.Time) {
	event, ok := numberAfter(m.body, `"event":"`)
	due, timed := numberAfter(m.body, `"due":"`)
	path, _ := numberAfter(m.start, "POST /")
	key := (event-firstEvent)*s.paths + path
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok || !timed || event < firstEvent || path >= s.paths {
		s.strange++
		return
	}
	for int(key/64) >= len(s.seen) {
		s.seen = append(s.seen, make([]uint64, 1024)...)
	}
	if s.seen[key/64]&(1<<(key%64)) != 0 {
		s.repeats++
		return
	}
	s.seen[key/64] |= 1 << (key % 64)
	if s.unique++; s.unique == 1 || due < s.first {
		s.first = due
	}
	s.last = now
	s.took.add(time.Duration(now.UnixNano() - due))
}

// numberAfter reads the digits after a text, which may be escaped around them.
func numberAfter(text []byte, key string) (n int64, ok bool) {
	at := bytes.Index(text, []byte(key))
	if at < 0 {
		return 0, false
	}
	for _, c := range text[at+len(key):] {
		if c < '0' || c > '9' {
			break
		}
		n, ok = n*10+int64(c-'0'), true
	}
	return n, ok
}

// stalled is after how long without a delivery none is waited for any more.
const stalled = 30 * time.Second

// await waits for so many deliveries. All must come, and none twice.
func (s *sink) await(want int64) error {
	progress, before := time.Now(), int64(-1)
	for {
		s.mu.Lock()
		got, repeats, strange := s.unique, s.repeats, s.strange
		s.mu.Unlock()
		if got != before {
			progress, before = time.Now(), got
		}
		switch {
		case got == want && repeats == 0 && strange == 0:
			return nil
		case got > want || repeats > 0 || strange > 0 || time.Since(progress) > stalled:
			return fmt.Errorf("%d deliveries came, %d of them again, and %d others, want %d", got, repeats, strange, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// result is what the receiver knows of a round.
func (s *sink) result() result {
	s.mu.Lock()
	defer s.mu.Unlock()
	span := s.last.Sub(time.Unix(0, s.first))
	return result{delivered: float64(s.unique) / span.Seconds(), p50: s.took.quantile(0.5), p99: s.took.quantile(0.99)}
}
