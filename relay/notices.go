package relay

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/deliver"
)

// notices make operational events of what happens to webhooks.
//
//	N1  Whoever tells of a happening waits for nothing: it is counted, and run
//	    appends it to the journal.
//	N2  Of a kind and webhook there is at most one event a minute: the first at
//	    once, and at the end of its minute one that counts those since.
//	N3  No event is about the delivery of an event of sidehook's own, and none
//	    goes to the webhook that it is about. One that nobody wants is not made.
//	N4  What cannot be appended is kept and tried again. What is kept is bounded
//	    by the webhooks that there are, not by what happens to them.
type notices struct {
	log    *slog.Logger
	append func(context.Context, []history.Entry) ([]history.Receipt, error)
	state  func(webhook string) string

	force atomic.Pointer[force] // that decides who wants them

	mu    sync.Mutex
	kept  map[topic]*notice
	ready []topic // to be told now
	told  []topic // told within the last minute, in that order
	kick  chan struct{}
}

// topic is what notices are limited by. The webhook is "" in one about sidehook
// as a whole.
type topic struct{ kind, webhook string }

// notice is what there is to say of a topic.
type notice struct {
	count int // happenings that were not told of yet
	last  deliver.Happening
	until time.Time // the end of the minute that it was told in
}

const (
	noticeEvery = time.Minute
	noticeAgain = 5 * time.Second // after an error
	// mostNotices is how many are appended at once.
	mostNotices = 256
)

func newNotices(log *slog.Logger) *notices {
	return &notices{log: log, kept: map[topic]*notice{}, kick: make(chan struct{}, 1)}
}

// happened takes in what deliver tells of.
func (n *notices) happened(h deliver.Happening) {
	if !strings.HasPrefix(h.Type, event.OwnPrefix) {
		n.add(topic{kindOf(h.What), h.Webhook}, h)
	}
}

// low takes in that the history has come to so much of its limit.
func (n *notices) low(percent int, bytes, limit int64) {
	n.add(topic{kind: typeLow}, deliver.Happening{
		Why: fmt.Sprintf("the history has come to %d %% of max_size: %d MiB of %d", percent, bytes>>20, limit>>20),
	})
}

// add counts a happening, if anyone wants to know.
func (n *notices) add(t topic, h deliver.Happening) {
	if f := n.force.Load(); f == nil || !f.wantNotice(t) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	x, known := n.kept[t]
	if !known {
		x = &notice{}
		n.kept[t] = x
		n.ready = append(n.ready, t)
		n.wake()
	}
	x.count++
	x.last = h
}

// kindOf is the type of the event that tells of it.
func kindOf(what deliver.What) string {
	switch what {
	case deliver.Disabled:
		return typeDisabled
	case deliver.Enabled:
		return typeEnabled
	case deliver.Failing:
		return typeFailing
	case deliver.Recovered:
		return typeRecovered
	}
	return typeExhausted
}

func (n *notices) wake() {
	select {
	case n.kick <- struct{}{}:
	default:
	}
}

// expire ends the minutes that are over.
func (n *notices) expire(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.told) > 0 {
		t := n.told[0]
		x := n.kept[t]
		if x.until.After(now) {
			return
		}
		n.told = n.told[1:]
		if x.count > 0 {
			n.ready = append(n.ready, t)
		} else {
			delete(n.kept, t)
		}
	}
}

// said is what one event says of its topic.
type said struct {
	topic
	count int
	last  deliver.Happening
}

// take begins the minute of what is ready.
func (n *notices) take() (batch []said) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range n.ready[:min(len(n.ready), mostNotices)] {
		x := n.kept[t]
		batch = append(batch, said{t, x.count, x.last})
		x.count, x.until = 0, time.Now().Add(noticeEvery)
		n.told = append(n.told, t)
	}
	n.ready = n.ready[len(batch):]
	return batch
}

// giveBack makes ready again what take took last.
func (n *notices) giveBack(batch []said) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = n.told[:len(n.told)-len(batch)]
	for i := range batch {
		b := &batch[i]
		x := n.kept[b.topic]
		if x.count == 0 {
			x.last = b.last
		}
		x.count += b.count
		n.ready = append(n.ready, b.topic)
	}
}
