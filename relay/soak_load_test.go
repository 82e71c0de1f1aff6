//go:build linux

package relay_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The kinds of events of a soak, by the number that is kept of each.
const (
	plain byte = 1 + iota
	ordered
	rated
)

// typeOf is theirs, and wanted the webhooks that get them.
var (
	typeOf = map[byte]string{plain: "a.plain", ordered: "a.ordered", rated: "a.rated"}
	wanted = map[byte][]string{plain: {"healthy", "failing", "slow"}, ordered: {"ordered"}, rated: {"rated"}}
)

// load posts events that are numbered: one at a time, and in batches.
type load struct {
	p       *process
	cancel  context.CancelFunc
	posting sync.WaitGroup

	mu    sync.Mutex
	kinds []byte // of what was acknowledged, by number; 0: it was not
}

func newLoad(p *process) *load { return &load{p: p, kinds: make([]byte, 1)} }

// begin posts some hundred events a second until stop.
func (l *load) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.p.t.Cleanup(l.stop)
	for _, poster := range []struct {
		kind  byte
		batch int
		every time.Duration
	}{{plain, 1, 30 * time.Millisecond}, {plain, 1, 40 * time.Millisecond}, {plain, 20, 400 * time.Millisecond}, {ordered, 1, 100 * time.Millisecond}, {rated, 1, 70 * time.Millisecond}, {rated, 10, 3 * time.Second}} {
		l.posting.Go(func() {
			for ctx.Err() == nil {
				l.post(poster.kind, poster.batch)
				pause(ctx, poster.every)
			}
		})
	}
}

func (l *load) stop() {
	l.cancel()
	l.posting.Wait()
}

var filler = strings.Repeat("x", 1000)

// post posts one request.
func (l *load) post(kind byte, events int) {
	l.mu.Lock()
	first := len(l.kinds)
	l.kinds = append(l.kinds, make([]byte, events)...)
	l.mu.Unlock()
	var body strings.Builder
	for n := range events {
		fmt.Fprintf(&body, `{"type":%q,"id":"%d","data":{"text":%q}}`+"\n", typeOf[kind], first+n, filler)
	}
	media := "application/json"
	if events > 1 {
		media = "application/x-ndjson"
	}
	resp, err := l.p.client.Post("http://localhost/v1/events", media, strings.NewReader(body.String()))
	if err != nil {
		return
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range events {
		l.kinds[first+n] = kind
	}
}

// acked is the kind of each event that was acknowledged, by number.
func (l *load) acked() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kinds)
}

// posted reports whether there was an event of that number.
func (l *load) posted(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return n > 0 && n < len(l.kinds)
}
