package member_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/postgres/member"
	"sidehook/history/postgres/postgrestest"
	"sidehook/history/queue"
)

var webhooks = []string{"a", "b", "c", "d", "e"}

// model is what was accepted by the members of a cluster, and what became of it. It
// checks that
//
//	one owns a webhook in an epoch: who begins an attempt is the owner in the database;
//	nothing is lost: each delivery ends;
//	order holds by key: no delivery is begun before those of its key that were accepted
//	before it have ended.
type model struct {
	t       *testing.T
	cluster *cluster
	rng     *rand.Rand

	working sync.WaitGroup // the workers

	mu       sync.Mutex
	posted   int
	accepted map[string][]string        // ids, by webhook and key, in order
	ended    map[string]map[string]bool // ids, by webhook
	begun    int
	twice    int // attempts at what had ended
}

// host is a member with a worker for each webhook that it holds.
type host struct {
	*running
	m *model

	mu      sync.Mutex
	workers map[string]*worker
}

type worker struct {
	stop, stopped chan struct{}
}

func (m *model) host(name string) *host {
	h := &host{m: m, workers: map[string]*worker{}}
	h.mu.Lock() // hold may be called at once
	defer h.mu.Unlock()
	h.running = run(m.t, m.cluster, name, declared(webhooks...), member.Options{Hold: h.hold, Drop: h.drop})
	return h
}

func (h *host) hold(webhook string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := &worker{make(chan struct{}), make(chan struct{})}
	h.workers[webhook] = w
	q := h.Queue(webhook)
	q.Order(queue.Order{By: "data.key"})
	h.m.working.Go(func() {
		defer close(w.stopped)
		for {
			select {
			case <-w.stop:
				return
			default:
			}
			if l, ok := q.Claim(queue.Retries); ok {
				h.m.attempt(h, webhook, l)
			} else {
				time.Sleep(200 * time.Millisecond)
			}
		}
	})
}

func (h *host) drop(webhook string) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.workers[webhook]
	if w == nil {
		w = &worker{make(chan struct{}), make(chan struct{})}
		close(w.stopped)
		return w.stopped
	}
	delete(h.workers, webhook)
	close(w.stop)
	return w.stopped
}

// attempt makes an attempt, which takes some time.
func (m *model) attempt(h *host, webhook string, l *queue.Lease) {
	e, err := l.Event.Parsed()
	if err != nil {
		m.t.Error(err)
	}
	owner := m.cluster.value(`SELECT owner FROM ` + m.cluster.schema + `.cursors WHERE webhook = '` + webhook + `'`)
	m.mu.Lock()
	if owner != h.name {
		m.t.Errorf("%s begins an attempt for %s, which %s owns", h.name, webhook, owner)
	}
	m.begun++
	if m.ended[webhook][e.ID] {
		m.twice++
	}
	key := webhook + " " + string(e.Value("data.key"))
	for _, id := range m.accepted[key] {
		if id == e.ID {
			break
		}
		if !m.ended[webhook][id] {
			m.t.Errorf("%s is attempted for %s before %s", e.ID, key, id)
		}
	}
	fate, takes := m.rng.IntN(6), time.Duration(m.rng.IntN(1500))*time.Millisecond
	m.mu.Unlock()
	time.Sleep(takes)
	switch fate {
	case 0:
		l.Retry(history.Attempt{Status: history.Retrying, Event: e.ID, Type: e.Type}, time.Now().Add(time.Second))
	case 1:
		l.Release(nil, time.Now())
	default:
		m.mu.Lock()
		m.ended[webhook][e.ID] = true
		m.mu.Unlock()
		l.Done(history.Attempt{Status: history.Delivered, Event: e.ID, Type: e.Type})
	}
}

// post accepts some events on a host. An event that the host does not confirm is not posted
// again, and may be delivered or not: it has a key of its own.
func (m *model) post(h *host) {
	var entries []history.Entry
	type promise struct{ key, id string }
	var promised []promise
	m.mu.Lock()
	for range 1 + m.rng.IntN(4) {
		m.posted++
		id, key := fmt.Sprint("e", m.posted), fmt.Sprint("k", m.rng.IntN(3))
		if h.network.isCut() {
			key = id
		}
		e, err := (&event.Decoder{Source: "model"}).Plain(fmt.Appendf(nil, `{"type":"a.b","id":%q,"data":{"key":%q}}`, id, key))
		if err != nil {
			m.t.Error(err)
		}
		var to []string
		for _, name := range webhooks {
			if m.rng.IntN(2) == 0 {
				to = append(to, name)
				promised = append(promised, promise{name + " \"" + key + "\"", id})
			}
		}
		entries = append(entries, history.Entry{Event: e, To: to, Generation: 1})
	}
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	m.accepting(func() bool {
		_, err := h.acceptor.Append(ctx, entries)
		return err == nil
	}, func() {
		for _, p := range promised {
			m.accepted[p.key] = append(m.accepted[p.key], p.id)
		}
	})
}

// accepting accepts, and notes it before anything of it can be begun.
func (m *model) accepting(accept func() bool, note func()) {
	if accept() {
		m.mu.Lock()
		defer m.mu.Unlock()
		note()
	}
}

// left returns what has not ended.
func (m *model) left() (list []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, ids := range m.accepted {
		webhook := key[:1]
		for _, id := range ids {
			if !m.ended[webhook][id] {
				list = append(list, webhook+" "+id)
			}
		}
	}
	slices.Sort(list)
	return list
}

func (n *network) isCut() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cut
}

// Hosts come, go, die and fall silent in all orders, and the database's clock is set.
func TestModel(t *testing.T) {
	s := postgrestest.Shared(t)
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { permute(t, newCluster(t, s), seed) })
		})
	}
}

func permute(t *testing.T, c *cluster, seed uint64) {
	m := &model{t: t, cluster: c, rng: rand.New(rand.NewPCG(seed, 2)), accepted: map[string][]string{}, ended: map[string]map[string]bool{}}
	for _, name := range webhooks {
		m.ended[name] = map[string]bool{}
	}
	random := func(n int) int {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.rng.IntN(n)
	}
	hosts := make([]*host, 3)
	for i := range hosts {
		hosts[i] = m.host(fmt.Sprint("h", i))
	}
	for range 40 {
		i := random(len(hosts))
		h := hosts[i]
		switch random(12) {
		case 0: // it dies
			h.network.sever()
			h.stop()
			hosts[i] = m.host(h.name)
		case 1: // it stops
			h.network.restore()
			h.stop()
			hosts[i] = m.host(h.name)
		case 2, 3: // it falls silent
			h.network.sever()
		case 4, 5, 6: // it is heard again
			h.network.restore()
		case 7: // the database's clock is set
			c.set(time.Duration(random(6)-3) * time.Hour)
		default:
			m.post(h)
		}
		time.Sleep(time.Duration(random(4000)) * time.Millisecond)
	}
	for _, h := range hosts {
		h.network.restore()
	}
	for begun := time.Now(); len(m.left()) > 0; time.Sleep(time.Second) {
		if time.Since(begun) > 5*time.Minute {
			t.Fatalf("%d deliveries have not ended, such as %v", len(m.left()), m.left()[:1])
		}
	}
	t.Logf("%d events, %d attempts, %d of them at what had ended", m.posted, m.begun, m.twice)
	for _, h := range hosts {
		if h.stop(); h.err != nil {
			t.Errorf("%s: %v", h.name, h.err)
		}
	}
	m.working.Wait()
}
