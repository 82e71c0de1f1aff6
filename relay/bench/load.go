package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is how events are sent.
type load struct {
	size        int // bytes of an event's data
	connections int // kept alive
	batch       int // events a request; more than one is NDJSON
	rate        int // events a second, each when it is due; 0: as fast as they are answered
	most        int // events; 0: as many as the time allows
	target      string
	hooks       int // events take turns among the types of so many webhooks; 0: one type
}

// sent is what became of it.
type sent struct {
	accepted, refused int64 // events
	status            int   // of the last refusal
	took              time.Duration
}

// firstEvent makes every number of an event as wide as the mark that it replaces.
const firstEvent = 100_000_000_000

const (
	idMark   = "@@@@@@@@@@id"        // the number of the event
	dueMark  = "@@@@@@@@@@@@@@@@due" // when it was due, in Unix nanoseconds
	typeMark = "t00000"
)

// typeOf is the type of the events of a webhook.
func typeOf(webhook int) string { return fmt.Sprintf("t%05d", webhook) }

// event is one event. Its data is text that no compressor makes short.
func (l *load) event() string {
	head := `{"type":"` + typeMark + `","id":"` + idMark + `","data":{"event":"` + idMark + `","due":"` + dueMark + `","text":"`
	random := rand.New(rand.NewPCG(1, 2))
	pad := make([]byte, max(l.size-len(head), 0))
	for i := range pad {
		pad[i] = "abcdefghijklmnopqrstuvwxyz0123456789    "[random.IntN(40)]
	}
	return head + string(pad) + `"}}`
}

// request returns a request that is patched in place for each use.
func (l *load) request() ([]byte, error) {
	u, err := url.Parse(l.target)
	if err != nil {
		return nil, err
	}
	body, typ := []byte(l.event()), "application/json"
	if l.batch > 1 {
		body, typ = bytes.Repeat(append(body, '\n'), l.batch), "application/x-ndjson"
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", u.Path, u.Host, typ, len(body))
	return append([]byte(head), body...), nil
}

// sending is a load under way.
type sending struct {
	*load
	template []byte
	addr     string
	begun    time.Time
	next     atomic.Int64

	accepted, refused, status atomic.Int64
}

// run sends for a time.
func (l *load) run(length time.Duration) (sent, error) {
	template, err := l.request()
	if err != nil {
		return sent{}, err
	}
	u, _ := url.Parse(l.target) // as request has done
	s := &sending{load: l, template: template, addr: u.Host, begun: time.Now()}
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	var all sync.WaitGroup
	var failed error
	var once sync.Once
	for range l.connections {
		all.Go(func() {
			if err := s.connection(ctx); err != nil {
				once.Do(func() { failed = err })
			}
		})
	}
	all.Wait()
	return sent{s.accepted.Load(), s.refused.Load(), int(s.status.Load()), time.Since(s.begun)}, failed
}

// connection sends on one connection until the time is over.
func (s *sending) connection(ctx context.Context) error {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := bytes.Clone(s.template)
	ids, dues, types := offsets(request, idMark), offsets(request, dueMark), offsets(request, typeMark)
	reader := bufio.NewReaderSize(conn, 8<<10)
	var answer message
	for ctx.Err() == nil {
		n := s.next.Add(int64(s.batch)) - int64(s.batch)
		if s.most > 0 && n >= int64(s.most) {
			return nil
		}
		due := time.Now()
		if s.rate > 0 {
			// An event that has to wait for a connection is late, and is measured so.
			due = s.begun.Add(time.Duration(n) * time.Second / time.Duration(s.rate))
			time.Sleep(time.Until(due))
		}
		for i := range s.batch {
			number := n + int64(i)
			patch(request[ids[2*i]:], firstEvent+number)
			patch(request[ids[2*i+1]:], firstEvent+number)
			patch(request[dues[i]:], due.UnixNano())
			if s.hooks > 0 {
				copy(request[types[i]:], typeOf(int(number%int64(s.hooks))))
			}
		}
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := answer.read(reader); err != nil {
			return err
		}
		if status := answer.status(); status/100 == 2 {
			s.accepted.Add(int64(s.batch))
		} else {
			s.refused.Add(int64(s.batch))
			s.status.Store(int64(status))
		}
	}
	return nil
}

// offsets returns where a mark is.
func offsets(text []byte, mark string) (list []int) {
	for i := 0; ; {
		at := bytes.Index(text[i:], []byte(mark))
		if at < 0 {
			return list
		}
		list = append(list, i+at)
		i += at + len(mark)
	}
}

// patch writes a number over a mark of its width.
func patch(at []byte, n int64) {
	var digits [20]byte
	copy(at, strconv.AppendInt(digits[:0], n, 10))
}
