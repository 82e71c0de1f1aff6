package deliver_test

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"sidehook/history/queue"
	"sidehook/relay/deliver"
	"sidehook/relay/deliver/pace"
)

// The webhooks of the week that the books know more of than their name.
const (
	ordered = "ordered"
	paused  = "paused"
	poison  = "poison"
	former  = "former"
	renamed = "renamed"
)

// subscriber is a webhook of the week: which events it gets, and what becomes of them.
type subscriber struct {
	name     string
	settings *deliver.Settings
	share    float64 // of the events
	limit    queue.Limit
	// answer is the receiver's, at a time of the week; a chance is drawn for the request.
	answer func(at time.Duration, d delivery, chance float64) (code int, err error)
}

func newHooks(t *testing.T) []*subscriber {
	const hour = time.Hour
	works := func(time.Duration, delivery, float64) (int, error) { return 200, nil }
	within := func(at, every, from, to time.Duration) bool { return at%every >= from && at%every < to }
	hooks := []*subscriber{
		{name: "good", share: .7, answer: works},
		{name: "flapping", share: .3, answer: func(at time.Duration, _ delivery, chance float64) (int, error) {
			if within(at, 5*hour, hour, 80*time.Minute) || chance < .05 {
				return 502, nil
			}
			return 200, nil
		}},
		{name: "down", share: .3, answer: func(at time.Duration, _ delivery, _ float64) (int, error) {
			if within(at, 7*day, 2*day, 3*day) {
				return 503, nil
			}
			return 200, nil
		}},
		{name: "throttling", share: .3, answer: func(at time.Duration, _ delivery, _ float64) (int, error) {
			if within(at, 8*hour, 2*hour, 4*hour) {
				return 0, throttle(429, "900")
			}
			return 200, nil
		}},
		{name: "gone", share: .2, answer: func(at time.Duration, _ delivery, _ float64) (int, error) {
			if within(at, 7*day, 3*day, 3*day+10*hour) {
				return 410, nil
			}
			return 204, nil
		}},
		{name: poison, share: .3, answer: func(_ time.Duration, d delivery, _ float64) (int, error) {
			if n, _ := strconv.Atoi(strings.TrimPrefix(d.event, "e")); n%9 == 0 {
				return 500, nil
			}
			return 200, nil
		}},
		{name: ordered, share: .5, answer: func(_ time.Duration, _ delivery, chance float64) (int, error) {
			if chance < .15 {
				return 500, nil
			}
			return 200, nil
		}},
		{name: "paced", share: .2, answer: works},
		{name: "brief", share: .2, limit: queue.Limit{Setting: "expire_after 1h", Age: hour},
			answer: func(at time.Duration, _ delivery, _ float64) (int, error) {
				if within(at, day, 9*hour, 12*hour) {
					return 500, nil
				}
				return 200, nil
			}},
		// It is down for the hours before the rename, so that deliveries wait then.
		{name: former, share: .3, answer: func(at time.Duration, _ delivery, _ float64) (int, error) {
			if within(at, 7*day, 3*day+3*hour, 3*day+14*hour) {
				return 503, nil
			}
			return 200, nil
		}},
		{name: paused, share: 1, answer: works},
	}
	for _, h := range hooks {
		s := settings(t, "http://"+present(h.name)+".example")
		s.Format, s.Entry = "data", "0"
		s.Retry = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour}
		h.settings = s
		switch h.name {
		case ordered:
			s.Order.By = "data.key"
		case "paced":
			s.Rate = pace.Rate{Requests: 5, Per: time.Minute}
		}
	}
	return hooks
}

// wants reports whether a webhook gets an event that comes at a time of the week.
// The one that is paused gets few, so that it does not keep all of the history.
func (w *week) wants(h *subscriber, at time.Duration, event string) bool {
	if h.name == paused && at%day > time.Hour {
		return false
	}
	return w.chance(h.name, event) < h.share
}

// keyOf is the key that an event is ordered by.
func keyOf(event string) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(event, "e"))
	return "k" + strconv.Itoa(n%5)
}

// chance is a number from 0 to 1 that is the same for the same words, whichever
// goroutine asks first.
func (w *week) chance(words ...any) float64 {
	h := fnv.New64a()
	fmt.Fprint(h, w.seed, words)
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// receivers are those of a process of the week.
type receivers struct {
	*week
	life *life
}

func (r receivers) RoundTrip(q *http.Request) (*http.Response, error) {
	if r.life.dead() {
		return nil, errDead
	}
	d := r.books.request(r.life, q)
	return receiver(func(q *http.Request) (int, error) { return r.receive(r.life, q, d) }).RoundTrip(q)
}

// receive answers a request of a process.
func (w *week) receive(l *life, r *http.Request, d delivery) (int, error) {
	h := w.hookOf(d.webhook)
	at := time.Since(w.begun)
	chance := w.chance(d, at)
	if age := w.books.age(d); h.limit.Age > 0 && age > h.limit.Age {
		w.t.Errorf("%v arrives %v after its acceptance", d, age)
	}
	code, err := 200, error(nil)
	switch {
	case !w.calm.Load():
		code, err = h.answer(at, d, chance)
	case h.name == poison:
		code, err = h.answer(at, d, chance)
	}
	if chance > .99 && !w.calm.Load() { // it hangs
		<-r.Context().Done()
		code, err = 0, r.Context().Err()
	} else {
		time.Sleep(time.Duration(300*chance) * time.Millisecond)
	}
	if !w.books.answers(l, d, err == nil && code/100 == 2) {
		return 0, errDead
	}
	return code, err
}
