package deliver_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/segment/memfs"
	"sidehook/relay/deliver"
)

// long is the schedule that a webhook has unless its entry says otherwise.
var long = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// relay is a journal and what delivers from it, in a bubble.
type relay struct {
	*history.Journal
	*deliver.Deliverer
	t     *testing.T
	mu    sync.Mutex
	ended map[history.Status]int // deliveries
}

// bubbleOnJournal is bubble with a real journal in place of a queue of the test's.
func bubbleOnJournal(t *testing.T, s *deliver.Settings, o deliver.Options, r receiver, f func(*testing.T, *relay)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &relay{t: t, ended: map[history.Status]int{}}
		j, err := history.OpenFS(memfs.New(), history.Options{Recorded: x.recorded, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		x.Journal = j
		ctx, cancel := context.WithCancel(context.Background())
		var writing sync.WaitGroup
		writing.Go(func() {
			if err := j.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		x.Deliverer = deliver.New(deliver.Journal(j), quiet(o))
		x.Through(r)
		x.Deliverer.Apply(one(s))
		stop := run(t, x.Deliverer)
		f(t, x)
		stop()
		cancel()
		writing.Wait()
	})
}

func (x *relay) recorded(_ string, s history.Status, _ time.Duration, _ time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if s != history.Retrying {
		x.ended[s]++
	}
}

func (x *relay) deliveredAndLost() (delivered, lost int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for status, n := range x.ended {
		if status == history.Delivered {
			delivered += n
		} else {
			lost += n
		}
	}
	return delivered, lost
}

// accept takes events of the ids from-to.
func (x *relay) accept(from, to int) {
	x.t.Helper()
	decoder := event.Decoder{Source: "test"}
	var entries []history.Entry
	for i := from; i <= to; i++ {
		e, err := decoder.Plain(fmt.Appendf(nil, `{"type":"t","id":"%d"}`, i))
		if err != nil {
			x.t.Fatal(err)
		}
		if entries = append(entries, history.Entry{Event: e, To: []string{"a"}, Generation: 1}); len(entries) == 1000 || i == to {
			if _, err := x.Append(context.Background(), entries); err != nil {
				x.t.Fatal(err)
			}
			entries = entries[:0]
		}
	}
}

// A receiver is down for a working day, with more waiting than any window holds:
// it is asked about once a minute, nothing is given up, and all arrives within
// two minutes of its return, the first few one at a time.
func TestOutage(t *testing.T) {
	const events = 100_000
	s := settings(t, "http://a.example")
	s.Retry, s.Concurrency, s.DisableAfter = long, 16, 5*day
	var mu sync.Mutex
	var up bool
	var under, requests, peak int
	var ramp []int // requests under way at the first ones after the return
	bubbleOnJournal(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		mu.Lock()
		requests++
		under++
		peak = max(peak, under)
		works := up
		if works && len(ramp) < 40 {
			ramp = append(ramp, under)
		}
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		under--
		mu.Unlock()
		if works {
			return 200, nil
		}
		return 503, nil
	}, func(t *testing.T, x *relay) {
		x.accept(1, events)
		time.Sleep(10 * time.Minute)
		mu.Lock()
		first := requests
		mu.Unlock()
		if first > 16+16 {
			t.Errorf("%d requests in the first ten minutes", first)
		}
		time.Sleep(7*time.Hour + 50*time.Minute)
		mu.Lock()
		if n := requests - first; n > 470 || n < 420 {
			t.Errorf("%d requests in 7h50m", n)
		}
		up, peak = true, 0
		mu.Unlock()
		if got, _ := x.Snapshot("a"); got.State != "failing" {
			t.Errorf("got %+v", got)
		}
		time.Sleep(2 * time.Minute)
		delivered, lost := x.deliveredAndLost()
		if delivered != events || lost > 0 || x.Queue("a").Backlog().Events > 0 {
			t.Errorf("%d delivered and %d given up two minutes after its return, %+v", delivered, lost, x.Queue("a").Backlog())
		}
		mu.Lock()
		defer mu.Unlock()
		if peak != 16 || ramp[0] != 1 || ramp[1] != 1 {
			t.Errorf("at most %d requests, at first %v", peak, ramp)
		}
		for i, n := range ramp { // the probe; then twice as many with each success
			if i > 0 && n > 1<<(i-1) {
				t.Errorf("%d requests under way after %d successes at most: %v", n, i, ramp)
				break
			}
		}
	})
}

// Events that trickle in while a receiver is down are tried and tried again, so
// that by its return the next attempts at many are hours ahead: they are made
// then all the same.
func TestOutageOfATrickle(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = long
	var up atomic.Bool
	bubbleOnJournal(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		if up.Load() {
			return 200, nil
		}
		return 503, nil
	}, func(t *testing.T, x *relay) {
		n := 0
		for begun := time.Now(); time.Since(begun) < 8*time.Hour; time.Sleep(3 * time.Minute) {
			n++
			x.accept(n, n)
		}
		up.Store(true)
		n++
		x.accept(n, n)
		time.Sleep(2 * time.Minute)
		if delivered, lost := x.deliveredAndLost(); delivered != n || lost > 0 {
			t.Errorf("%d of %d delivered, %d given up", delivered, n, lost)
		}
	})
}

// An event that the receiver cannot take, among others that it can: it delays
// none of them, never makes the webhook failing, and ends by its own schedule,
// also if an outage comes between.
func TestPoison(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = long
	var total time.Duration
	for _, wait := range long {
		total += wait
	}
	var mu sync.Mutex
	down := false
	var poisoned []time.Time
	accepted := map[string]time.Time{}
	var latest time.Duration
	bubbleOnJournal(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		id := r.Header.Get("Sidehook-Event")
		mu.Lock()
		defer mu.Unlock()
		if id == "7" {
			poisoned = append(poisoned, time.Now())
			return 500, nil
		}
		if down {
			return 503, nil
		}
		latest = max(latest, time.Since(accepted[id]))
		return 200, nil
	}, func(t *testing.T, x *relay) {
		begun := time.Now()
		n := 0
		post := func(until time.Duration) {
			for time.Since(begun) < until {
				n++
				mu.Lock()
				accepted[fmt.Sprint(n)] = time.Now()
				isDown := down
				mu.Unlock()
				x.accept(n, n)
				time.Sleep(time.Minute)
				if got, _ := x.Snapshot("a"); !isDown && got.State != "active" {
					t.Fatalf("after %v: %+v", time.Since(begun), got)
				}
			}
		}
		turn := func(to bool) {
			mu.Lock()
			defer mu.Unlock()
			if !down && latest > 0 {
				t.Errorf("a good event came %v late", latest)
			}
			down, latest = to, 0
		}
		post(day)
		// In an outage, the poison may serve as a probe, and a recovery may try it
		// before its time, which does not bring its end nearer.
		turn(true)
		post(30 * time.Hour)
		turn(false)
		time.Sleep(2 * time.Minute)
		mu.Lock()
		latest = 0
		mu.Unlock()
		post(total + time.Hour)
		turn(false)
		delivered, lost := x.deliveredAndLost()
		if delivered != n-1 || lost != 1 || x.ended[history.Exhausted] != 1 {
			t.Errorf("%d of %d delivered, %v", delivered, n, x.ended)
		}
		mu.Lock()
		defer mu.Unlock()
		end := poisoned[len(poisoned)-1].Sub(poisoned[0])
		if tries := len(poisoned); tries < len(long)+1 || tries > len(long)+2 || end < total || end > total+time.Minute {
			t.Errorf("the poison ended after %d attempts and %v, want %d or one more after %v", tries, end, len(long)+1, total)
		}
	})
}

// A receiver that answers nothing but 429 for a week: it is asked once each
// time that it allows, is never failing or disabled, and gets all in the end.
func TestAWeekOfThrottling(t *testing.T) {
	const events = 200
	s := settings(t, "http://a.example")
	s.Retry, s.Concurrency, s.DisableAfter = slices.Concat(long, slices.Repeat([]time.Duration{day}, 4)), 16, 5*day
	var mu sync.Mutex
	var at []time.Time
	open := false
	bubbleOnJournal(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if open {
			return 200, nil
		}
		at = append(at, time.Now())
		return 0, throttle(429, "1800")
	}, func(t *testing.T, x *relay) {
		begun := time.Now()
		x.accept(1, events)
		time.Sleep(7 * day)
		if got, _ := x.Snapshot("a"); got.State != "active" || x.Queue("a").State().Name != "" || x.Queue("a").Row().Failures > 0 {
			t.Errorf("got %+v", got)
		}
		mu.Lock()
		if n := len(at); n > 16+7*48 || n < 7*48 {
			t.Errorf("%d requests in a week of half hours", n)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); at[i].After(begun) && gap < 30*time.Minute {
				t.Fatalf("request %d comes %v after the one before", i, gap)
			}
		}
		open = true
		mu.Unlock()
		time.Sleep(31 * time.Minute)
		if delivered, lost := x.deliveredAndLost(); delivered != events || lost > 0 {
			t.Errorf("%d delivered, %d given up", delivered, lost)
		}
	})
}

// A receiver that is up one minute in six, for a day: all arrives, nothing is
// worn out by it, the probes stay within their pace, and each change of state is
// told once.
func TestFlapping(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry, s.DisableAfter = long, 5*day
	var begun time.Time
	var mu sync.Mutex
	failures := map[int]int{} // requests in vain, by the minute
	up := func() bool { return int(time.Since(begun)/time.Minute)%6 == 0 }
	var told counter
	o := deliver.Options{Log: slog.New(slog.NewTextHandler(&told, nil))}
	bubbleOnJournal(t, s, o, func(*http.Request) (int, error) {
		time.Sleep(100 * time.Millisecond)
		if up() {
			return 200, nil
		}
		mu.Lock()
		failures[int(time.Since(begun)/time.Minute)]++
		mu.Unlock()
		return 503, nil
	}, func(t *testing.T, x *relay) {
		begun = time.Now()
		n := 0
		for time.Since(begun) < day {
			n++
			x.accept(n, n)
			time.Sleep(7 * time.Second)
		}
		time.Sleep(6 * time.Minute)
		if delivered, lost := x.deliveredAndLost(); delivered != n || lost > 0 {
			t.Errorf("%d of %d delivered, %d given up", delivered, n, lost)
		}
		mu.Lock()
		defer mu.Unlock()
		for minute, n := range failures {
			if n > 16 {
				t.Errorf("%d requests in minute %d", n, minute)
			}
		}
		if told > 2*24*10+10 {
			t.Errorf("%d lines in the log", told)
		}
	})
}

// counter counts what is written by the line.
type counter int

func (n *counter) Write(p []byte) (int, error) { *n++; return len(p), nil }

// A receiver that is dead, one that hangs and one that is slow change nothing for
// a good one: its requests begin when their events come.
func TestBadNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := map[string]*queue{}
		var hooks []deliver.Webhook
		for _, name := range []string{"dead", "hanging", "slow", "throttling", "good"} {
			queues[name] = newQueue()
			s := settings(t, "http://"+name+".example")
			s.Concurrency = 16
			hooks = append(hooks, deliver.Webhook{Name: name, Generation: 1, Settings: s})
		}
		var mu sync.Mutex
		var worst time.Duration
		n := 0
		d := deliver.New(open(queues), quiet(deliver.Options{}))
		d.Through(receiver(func(r *http.Request) (int, error) {
			switch r.URL.Host {
			case "dead.example":
				return 0, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			case "hanging.example":
				<-r.Context().Done()
				return 0, r.Context().Err()
			case "slow.example":
				time.Sleep(4 * time.Second)
			case "throttling.example":
				return 0, throttle(429)
			case "good.example":
				sent, err := strconv.ParseInt(r.Header.Get("Sidehook-Event"), 10, 64)
				if err != nil {
					return 0, err
				}
				mu.Lock()
				defer mu.Unlock()
				worst = max(worst, time.Since(time.Unix(0, sent)))
				n++
			}
			return 200, nil
		}))
		d.Apply(hooks)
		stop := run(t, d)
		for range 3000 {
			for _, q := range queues {
				q.add(strconv.FormatInt(time.Now().UnixNano(), 10))
			}
			time.Sleep(100 * time.Millisecond)
		}
		mu.Lock()
		defer mu.Unlock()
		if n != 3000 || worst > 0 {
			t.Errorf("%d of 3000 requests, the latest %v after its event", n, worst)
		}
		stop()
	})
}
