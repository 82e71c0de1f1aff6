package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/historytest"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
	"sidehook/history/verify"
	"sidehook/relay/deliver"
)

// weeks is how many weeks are lived.
const weeks = 1

// TestWeek lives through a week of all that happens to a relay: events at a
// varying rate, receivers that fail in each their way, resends, edits, a rename,
// stops, kills and power cuts at any call, cursors that are gone, and a history
// that is too small. Then the books balance.
func TestWeek(t *testing.T) {
	for seed := range uint64(weeks) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newWeek(t, seed).live() })
		})
	}
}

type week struct {
	t          *testing.T
	seed       uint64
	rng        *rand.Rand // of the goroutine that the week is told by
	books      *ledger
	fs         *historytest.Disk
	begun      time.Time
	hooks      []*subscriber
	naming     sync.RWMutex // of their names, which receivers read
	generation history.Generation
	retention  journal.Retention
	calm       atomic.Bool // all receivers work
	life       *life

	posted   int
	taken    []taken
	unsure   []post // may have been accepted
	refused  int    // since more was allowed
	happened map[string]int
}

// post is an event that an app sends.
type post struct {
	id    string
	entry history.Entry
}

// taken is an event that was accepted.
type taken struct {
	id  string
	seq history.Seq
	to  []string
}

// night is when the machine is off, since the begin of a day.
const night = 16 * time.Hour

func newWeek(t *testing.T, seed uint64) *week {
	w := &week{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 7)), books: newLedger(t), fs: historytest.NewDisk(),
		begun: time.Now(), hooks: newHooks(t), generation: 1, happened: map[string]int{},
		retention: journal.Retention{Keep: 30 * day, MaxSize: 512 << 10},
	}
	if seed%2 == 1 { // what is paused expires
		w.retention.Keep = 4 * day
	}
	return w
}

func (w *week) live() {
	w.start()
	w.edit(paused, func(s *deliver.Settings) { s.Paused = true })
	for time.Since(w.begun) < 7*day {
		time.Sleep(w.pause())
		if time.Since(w.begun)%day > night {
			w.restart(w.outage())
		}
		w.step()
	}
	w.finish()
}

// pause is how long nothing happens: long at night, short in a rush.
func (w *week) pause() time.Duration {
	at := time.Since(w.begun)
	switch hour := at % day / time.Hour; {
	case hour >= 12:
		return time.Duration(w.rng.IntN(2400)) * time.Second
	case hour%4 == 1:
		return time.Duration(w.rng.IntN(200)) * time.Second
	}
	return time.Duration(w.rng.IntN(1000_000)) * time.Millisecond
}

// outage is how long no process runs between two: for the rest of the day, if
// that is a night on which the machine is off.
func (w *week) outage() time.Duration {
	if at := time.Since(w.begun) % day; at > night {
		return day - at
	}
	return time.Duration(w.rng.IntN(1800)) * time.Second
}

// step is something that happens.
func (w *week) step() {
	if w.hookOf(former) != nil && time.Since(w.begun) > 3*day+12*time.Hour {
		w.rename()
	}
	switch n := w.rng.IntN(100); {
	case w.life.dead():
		w.restart(w.outage())
	case n < 80:
		w.post(1 + max(0, w.rng.IntN(8)-5))
	case n < 90:
		w.resend()
	case n < 93:
		h := w.hooks[w.rng.IntN(len(w.hooks))]
		w.edit(h.name, func(s *deliver.Settings) { s.Concurrency = 1 + w.rng.IntN(6) })
	case n < 95:
		w.restart(w.outage())
	case n < 98: // at some call soon
		w.fs.SetFault(w.calls(w.life, w.fs, w.fs.Ops()+w.rng.IntN(40)))
	default:
		w.enable()
	}
}

// enable takes what was disabled.
func (w *week) enable() {
	for _, h := range w.hooks {
		if s, _ := w.life.Snapshot(h.name); s.State == "disabled" {
			w.happened["enabled"]++
			w.life.Enable(h.name)
		}
	}
}

// edit changes the entry of a webhook.
func (w *week) edit(name string, change func(*deliver.Settings)) {
	h := w.hookOf(name)
	s := *h.settings
	change(&s)
	w.generation++
	s.Entry = fmt.Sprint(w.generation)
	h.settings = &s
	w.apply()
}

// rename gives a webhook another name; what waits goes with it.
func (w *week) rename() {
	h := w.hookOf(former)
	w.naming.Lock()
	h.name = renamed
	w.naming.Unlock()
	w.generation++
	w.happened["waiting at the rename"] = w.life.Queue(former).Backlog().Events
	w.apply()
}

func (w *week) hookOf(name string) *subscriber {
	w.naming.RLock()
	defer w.naming.RUnlock()
	for _, h := range w.hooks {
		if h.name == name || h.name == former && name == renamed {
			return h
		}
	}
	return nil
}

// apply puts in force what the webhooks say, as package relay does.
func (w *week) apply() {
	l := w.life
	var list []deliver.Webhook
	for _, h := range w.hooks {
		list = append(list, deliver.Webhook{Name: h.name, Generation: w.generation, KeepBody: 64, Settings: h.settings})
	}
	l.SetGeneration(w.generation, fmt.Sprint(w.generation))
	l.Retain(w.retention)
	l.Apply(list)
	if w.isRenamed() && l.Queue(former).Backlog().Events > 0 {
		w.books.renames()
		if _, err := l.Rename(context.Background(), former, renamed, w.generation); err != nil && !l.dead() && !errors.Is(err, history.ErrNoRoom) {
			w.t.Error(err)
		}
	}
	kept := queue.Limit{Setting: "keep", Age: w.retention.Keep}
	for _, h := range w.hooks {
		l.Queue(h.name).Limit(w.generation, h.limit, kept)
	}
}

func (w *week) isRenamed() bool {
	return slices.ContainsFunc(w.hooks, func(h *subscriber) bool { return h.name == renamed })
}

// post sends new events, and those that were not answered.
func (w *week) post(n int) {
	at := time.Since(w.begun)
	posts := w.unsure
	for range n {
		w.posted++
		id := fmt.Sprint("e", w.posted)
		data := fmt.Sprintf(`{"key":%q,"pad":%q}`, keyOf(id), strings.Repeat("x", int(200*w.chance("size", id))))
		e, err := (&event.Decoder{Source: "test"}).Plain(fmt.Appendf(nil, `{"type":"t","id":%q,"data":%s}`, id, data))
		if err != nil {
			w.t.Fatal(err)
		}
		w.books.posts(id, data)
		var to []string
		for _, h := range w.hooks {
			if w.wants(h, at, id) {
				to = append(to, h.name)
			}
		}
		posts = append(posts, post{id, history.Entry{Event: e, To: to, Generation: w.generation}})
	}
	if len(w.taken) > 0 && w.rng.IntN(20) == 0 {
		w.happened["repeats"]++
		posts = append(posts, posts[len(posts)-1])
	}
	entries := make([]history.Entry, len(posts))
	for i := range posts {
		entries[i] = posts[i].entry
	}
	receipts, err := w.life.Append(context.Background(), entries)
	switch {
	case errors.Is(err, history.ErrNoRoom):
		w.unsure = posts[:len(w.unsure)]
		w.noRoom(n)
		return
	case err != nil:
		w.unsure = posts
		return
	}
	w.unsure = nil
	for i, r := range receipts {
		if r.Duplicate {
			w.happened["duplicates"]++
		}
		w.books.promises(posts[i].id, r, false)
		w.taken = append(w.taken, taken{posts[i].id, r.Seq, r.To})
	}
}

// noRoom counts what was refused. After some of that the history may be larger.
func (w *week) noRoom(n int) {
	w.happened["refused"] += n
	if w.refused += n; w.refused > 40 {
		w.refused = 0
		w.retention.MaxSize += w.retention.MaxSize / 4
		w.apply()
	}
}

// resend asks for an event once more, for one of those that it went to.
func (w *week) resend() {
	if len(w.taken) == 0 {
		return
	}
	x := w.taken[w.rng.IntN(len(w.taken))]
	if len(x.to) == 0 {
		return
	}
	to := x.to[w.rng.IntN(len(x.to))]
	if w.isRenamed() {
		to = present(to)
	}
	d := delivery{present(to), x.id, true}
	if w.books.known(d) {
		return
	}
	r, err := query.OpenFS(w.fs)
	if err != nil {
		if !w.life.dead() {
			w.t.Error(err)
		}
		return
	}
	defer r.Close()
	a, err := r.Event(query.EventRef{Seq: x.seq})
	if err != nil {
		w.happened["too old to resend"]++
		return
	}
	receipt, err := w.life.Resend(context.Background(), journal.Resend{Of: a, To: []string{to}, By: "test"})
	switch {
	case err == nil && len(receipt.To) > 0:
		w.happened["resends"]++
		w.books.promises(x.id, receipt, true)
	case err != nil && w.life.dead():
		w.books.mayCome(d)
	case err != nil && !errors.Is(err, history.ErrNoRoom) && !errors.Is(err, history.ErrNotFound):
		w.t.Error(err)
	}
}

// finish has everything work, and waits until all has ended.
func (w *week) finish() {
	if w.life.dead() {
		w.restart(w.outage())
	}
	w.fs.SetFault(w.calls(w.life, w.fs, math.MaxInt))
	w.calm.Store(true)
	w.retention.MaxSize *= 4
	for _, h := range w.hooks {
		w.edit(h.name, func(s *deliver.Settings) { s.Paused = false })
	}
	w.post(3)
	if len(w.unsure) > 0 {
		w.t.Errorf("%d events are not accepted at the end", len(w.unsure))
	}
	time.Sleep(12 * time.Hour)
	for _, q := range w.life.Queues() {
		if b := q.Backlog(); b.Events > 0 {
			w.t.Errorf("%s: %+v is left", q.Name(), b)
		}
	}
	// A delivery that has ended stays ended over a restart.
	requests := w.books.made()
	for range 2 {
		w.stop()
		w.fs = w.fs.Kill()
		w.forget()
		w.start()
		time.Sleep(6 * time.Hour)
	}
	w.stop()
	if n := w.books.made(); n > requests {
		w.t.Errorf("%d requests after the end", n-requests)
	}
	w.books.reads(w.fs, "")
	w.wasLived(w.books.balance())
	r, err := verify.OpenFS(w.fs)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	if checked, err := r.Check(func(int64, int64) {}); err != nil || len(checked.Problems) > 0 {
		w.t.Errorf("check: %v %v", err, checked.Problems)
	}
}

// wasLived complains of a week in which too little happened to show anything.
func (w *week) wasLived(ends map[string]map[history.Status]int) {
	w.t.Logf("%d events, %d requests, %v, ended: %v", w.posted, w.books.made(), w.happened, ends)
	for _, what := range [...]string{
		"stops", "kills", "power cuts", "cursors deleted", "refused", "duplicates", "resends", "waiting at the rename",
	} {
		if w.happened[what] == 0 {
			w.t.Errorf("of %q there were none", what)
		}
	}
	for name, status := range map[string]history.Status{
		"brief": history.Expired, "down": history.Exhausted, "gone": history.Failed, poison: history.Exhausted, paused: history.Delivered,
	} {
		if ends[name][status] == 0 {
			w.t.Errorf("of %s none is %s: %v", name, status, ends[name])
		}
	}
	if expired := ends[paused][history.Expired]; (expired > 0) != (w.retention.Keep < 7*day) {
		w.t.Errorf("of what was paused %d are expired, with %v kept", expired, w.retention.Keep)
	}
	if _, err := content(w.fs, "removed.json"); err != nil {
		w.t.Errorf("nothing was removed: %v", err)
	}
}
