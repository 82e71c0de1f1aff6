package deliver_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
)

// ledger holds what was promised to apps, what receivers got, and what the
// history says of it, over the lives of many processes. It complains of a request
// that should not have come when it comes, and of the rest at the end.
//
//	B1  What was accepted ends once, by one line, and by a success only if the
//	    receiver has answered with one.
//	B2  Nothing is sent that was not accepted, nor another body.
//	B3  The attempts at a delivery count up by one, in its lines and but for those
//	    that use up no step; none follows a success, but for what a process that was
//	    killed did in its last second.
//	B4  What a start finds ended is never attempted again.
//	B5  A line that a start has found never changes, but for its number: a later
//	    start that does not know it for synced, as the cursors are gone, may put
//	    config lines before it.
type ledger struct {
	t *testing.T

	mu       sync.Mutex
	bodies   map[string]string // by event
	accounts map[delivery]*account
	files    map[string][]byte // of the history, as they were last read
	lines    map[uint64]written
	moved    map[written]int // how many lines, without their numbers, others are in the place of
	requests int
	next     map[delivery]int       // the number of the attempt after its last line, by the name in that
	keys     map[string]history.Seq // the last seq of a key that arrived where there is an order
}

// delivery names one: an event goes to a webhook once, and is resent once. A
// webhook that was renamed is known by its new name.
type delivery struct {
	webhook, event string
	resend         bool
}

// account is what is known of a delivery.
type account struct {
	seq      history.Seq // 0: not acknowledged
	accepted time.Time
	last     try
	success  bool
	renamed  bool           // its attempts may count from 1 again
	end      history.Status // of a line
}

// try is the last request of a delivery.
type try struct {
	life     *life
	number   int
	answered time.Time // zero: it has not been, or nobody was left to hear it
	success  bool
}

// written is what the ledger looks at in a line of the deliveries.
type written struct {
	N                           uint64
	Seq                         history.Seq
	Kind, Webhook, Event, Error string
	Resend                      bool
	Status                      history.Status
	RenamedTo                   string `json:"renamed_to"`
	Attempt                     int
	Again, Unsent               bool
	NoStep                      bool `json:"no_step"`
}

// numbered is the line with another number.
func (x written) numbered(n uint64) written {
	x.N = n
	return x
}

// unsynced is how long after its answer an attempt may be lost by a crash: the
// second that its line may take, and the turn of its writer.
const unsynced = time.Second + 100*time.Millisecond

func newLedger(t *testing.T) *ledger {
	return &ledger{t: t, bodies: map[string]string{}, accounts: map[delivery]*account{}, files: map[string][]byte{}, lines: map[uint64]written{}, moved: map[written]int{}, keys: map[string]history.Seq{}, next: map[delivery]int{}}
}

// present is the name that a webhook has in the ledger.
func present(webhook string) string {
	if webhook == former {
		return renamed
	}
	return webhook
}

func (b *ledger) account(d delivery) *account {
	a, ok := b.accounts[d]
	if !ok {
		a = new(account)
		b.accounts[d] = a
	}
	return a
}

// posts notes an event that is about to be accepted.
func (b *ledger) posts(event, body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bodies[event] = body
}

// promises notes what was acknowledged.
func (b *ledger) promises(event string, receipt history.Receipt, resend bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range receipt.To {
		a := b.account(delivery{present(name), event, resend})
		if a.seq != 0 && a.seq != receipt.Seq {
			b.t.Errorf("%s has seq %d and %d", event, a.seq, receipt.Seq)
		}
		if a.seq == 0 {
			a.seq, a.accepted = receipt.Seq, time.Now()
		}
	}
}

// renames notes that what waits for the former name goes on under the new one.
func (b *ledger) renames() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for d, a := range b.accounts {
		if d.webhook == renamed && a.end == "" {
			a.renamed = true
		}
	}
}

// made is how many requests receivers have got.
func (b *ledger) made() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests
}

// known reports whether there was a delivery, or may have been.
func (b *ledger) known(d delivery) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accounts[d] != nil
}

// mayCome notes a delivery that was asked for, and not answered.
func (b *ledger) mayCome(d delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.account(d)
}

// age is how long ago a delivery was acknowledged, 0 if it was not.
func (b *ledger) age(d delivery) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.accounts[d]; a.seq != 0 {
		return time.Since(a.accepted)
	}
	return 0
}

// request notes one that a receiver gets: B2, B3, B4.
func (b *ledger) request(l *life, r *http.Request) delivery {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Error(err)
	}
	number, _ := strconv.Atoi(r.Header.Get("Sidehook-Attempt"))
	d := delivery{strings.TrimSuffix(r.URL.Host, ".example"), r.Header.Get("Sidehook-Event"), r.Header.Get("Sidehook-Resend") != ""}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	a := b.account(d)
	if want := b.bodies[d.event]; want == "" || string(body) != want {
		b.t.Errorf("%v arrives as %q, want %q", d, body, want)
	}
	again := a.last.life != nil && a.last.unheard()
	switch last := &a.last; {
	case a.end != "":
		b.t.Errorf("attempt %d at %v, which has ended as %s by a line that a start has found", number, d, a.end)
	case number == last.number+1 && !last.success, number == last.number && (again || !last.success): // by its lines, B3
	case a.renamed && number == 1 && (!last.success || again):
		a.renamed = false
	default:
		b.t.Errorf("attempt %d at %v follows on attempt %d, a success: %t, that a crash may have lost: %t", number, d, last.number, last.success, again)
	}
	a.last = try{life: l, number: number}
	return d
}

// unheard reports whether a crash may have kept its line from being written.
func (x *try) unheard() bool {
	killed := x.life.killed
	return !killed.IsZero() && (x.answered.IsZero() || killed.Sub(x.answered) <= unsynced)
}

// answers notes the answer to a request, if anybody is left to hear it. Where
// there is an order, events of a key arrive in theirs.
func (b *ledger) answers(l *life, d delivery, success bool) (heard bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !l.killed.IsZero() {
		return false
	}
	a := b.accounts[d]
	a.last.answered, a.last.success = time.Now(), success
	if success && !a.success && d.webhook == ordered && !d.resend && a.seq != 0 {
		key := keyOf(d.event)
		if a.seq < b.keys[key] {
			b.t.Errorf("%v arrives, %d, behind %d of its key", d, a.seq, b.keys[key])
		}
		b.keys[key] = a.seq
	}
	a.success = a.success || success
	return true
}

// dies notes when a process was killed.
func (b *ledger) dies(l *life) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l.killed.IsZero() {
		l.killed = time.Now()
	}
}

// reads takes in what the history says, all of it or the lines of one file, as
// far as the process that reads lives.
func (b *ledger) reads(fs *historytest.Disk, only string) {
	names := []string{only}
	var err error
	if only == "" {
		names, err = fs.List()
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "deliveries-") || !strings.HasSuffix(name, ".jsonl") {
			continue
		}
		var text []byte
		if text, err = content(fs, name); err != nil {
			break
		}
		b.mu.Lock()
		before := b.files[name]
		b.files[name] = text
		b.mu.Unlock()
		// Recovery writes the end of a file anew, into another one.
		for text := range bytes.Lines(bytes.TrimPrefix(text, before)) {
			var x written
			if err := json.Unmarshal(text, &x); err != nil {
				b.t.Errorf("%s: %q: %v", name, text, err)
				continue
			}
			b.reconcile(x)
		}
	}
	if err != nil && !errors.Is(err, errDead) {
		b.t.Error(err)
	}
}

func content(fs *historytest.Disk, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	text := make([]byte, size)
	if _, err := f.ReadAt(text, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return text, nil
}

// reconcile takes in a line: B1, B5.
func (b *ledger) reconcile(x written) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, found := b.lines[x.N]
	b.lines[x.N] = x
	if found && before == x {
		return
	}
	if found {
		b.moved[before.numbered(0)]++
	}
	if b.moved[x.numbered(0)] > 0 {
		b.moved[x.numbered(0)]--
		return
	}
	if x.Kind != "attempt" || x.RenamedTo != "" {
		return
	}
	b.number(x)
	if x.Status == history.Retrying {
		return
	}
	d := delivery{present(x.Webhook), x.Event, x.Resend}
	a := b.account(d)
	switch {
	case a.end != "":
		b.t.Errorf("%v ends again: %+v", d, x)
	case x.Status == history.Delivered && !a.success:
		b.t.Errorf("%v was delivered, and has not arrived: %+v", d, x)
	case x.Status != history.Delivered && x.Error == "":
		b.t.Errorf("%v ends without a reason: %+v", d, x)
	case a.seq != 0 && a.seq != x.Seq && x.Webhook != renamed: // which has numbers of its own
		b.t.Errorf("%v has seq %d, and ends as %d", d, a.seq, x.Seq)
	}
	a.end = x.Status
}

// number holds the number of an attempt against the line before it: B3.
func (b *ledger) number(x written) {
	d := delivery{x.Webhook, x.Event, x.Resend}
	want := b.next[d]
	if want == 0 {
		want = 1
	}
	made := want
	if x.Unsent {
		made--
	}
	if x.Attempt != made {
		b.t.Errorf("attempt %d at %v, want %d: %+v", x.Attempt, d, made, x)
	}
	if b.next[d] = want; !x.Again && !x.NoStep && !x.Unsent {
		b.next[d]++
	}
}

// balance complains of what has not ended: B1. It says how many deliveries
// ended in which way, by webhook.
func (b *ledger) balance() map[string]map[history.Status]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	ends := map[string]map[history.Status]int{}
	for d, a := range b.accounts {
		switch {
		case a.seq == 0 && !d.resend && a.last.life != nil:
			b.t.Errorf("%v arrives, and was never accepted", d)
		case a.seq != 0 && a.end == "":
			b.t.Errorf("%v, %d, was accepted and has not ended: %+v", d, a.seq, a.last)
		}
		if ends[d.webhook] == nil {
			ends[d.webhook] = map[history.Status]int{}
		}
		if a.end != "" {
			ends[d.webhook][a.end]++
		}
	}
	for x, n := range b.moved {
		if n > 0 {
			b.t.Errorf("%d lines are gone: %+v", n, x)
		}
	}
	for n := range uint64(len(b.lines)) {
		if _, ok := b.lines[n+1]; !ok {
			b.t.Errorf("of %d lines there is none of number %d", len(b.lines), n+1)
			break
		}
	}
	return ends
}
