package relay_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

// pair is two hosts of a cluster, whose files name one webhook.
type pair struct {
	*receiver
	db     *postgrestest.Server
	schema string
	hosts  [2]*host
}

const inOrder = ", order: all"

// newPair starts two hosts with a webhook "old", for which e1 and e2 wait.
func newPair(t *testing.T) *pair {
	p := &pair{receiver: newReceiver(t), db: postgrestest.Shared(t)}
	p.schema = p.db.Schema(t)
	if err := database.Install(t.Context(), p.db.OwnerURL(), p.schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	p.fails("e1", "e2")
	for i := range p.hosts {
		p.hosts[i] = newHost(t, p.file(i, patient(p.receiver, "old", inOrder)))
	}
	p.hosts[0].post("e1")
	p.hosts[1].post("e2")
	eventually(t, "the first one was tried", func() bool { return p.count("/old", "e1") == 1 })
	eventually(t, "and waits", func() bool {
		return p.value(t, `SELECT count(*) FROM {schema}.attempts WHERE kind = 'attempt'`) == "1"
	})
	return p
}

// file is the file of a host.
func (p *pair) file(host int, webhooks string) string {
	return fmt.Sprintf("cluster: {postgres: '%s', schema: %s, name: host-%d, sync: storage, lease: 5s}\nwebhooks:\n", p.db.URL(), p.schema, host) + webhooks
}

// value is the one value of a query.
func (p *pair) value(t *testing.T, query string) string {
	return p.db.Value(t, strings.ReplaceAll(query, "{schema}", p.schema))
}

// owner is the number of the host that owns the webhook.
func (p *pair) owner(t *testing.T, webhook string) (host int) {
	t.Helper()
	eventually(t, webhook+" has an owner", func() bool {
		_, err := fmt.Sscanf(p.value(t, `SELECT coalesce(min(owner), '') FROM {schema}.cursors WHERE webhook = '`+webhook+`'`), "host-%d", &host)
		return err == nil
	})
	return host
}

// arrived waits until so many requests came, and returns their events.
func (p *pair) arrived(t *testing.T, webhook string, n int) (ids []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d requests to %s", n, webhook), func() bool { return len(p.taken("/"+webhook)) >= n })
	for _, x := range p.taken("/" + webhook) {
		ids = append(ids, x.header.Get("Sidehook-Event"))
	}
	return ids
}

// moved is how many deliveries the history says were moved, and how many were moved once.
func (p *pair) moved(t *testing.T) string {
	return p.value(t, `SELECT count(*) || ' ' || count(DISTINCT ends) FROM {schema}.targets WHERE ends > 0`)
}

// TestRenamedInACluster: what waits for the former name comes first, once, however the
// file with the new name comes into force.
func TestRenamedInACluster(t *testing.T) {
	renamed := func(p *pair) string { return patient(p.receiver, "new", ", was: old"+inOrder) }
	each := func(p *pair, do func(i int, h *host)) {
		var all sync.WaitGroup
		for i, h := range p.hosts {
			all.Go(func() { do(i, h) })
		}
		all.Wait()
	}
	for name, c := range map[string]func(t *testing.T, p *pair){
		"both start with it": func(t *testing.T, p *pair) {
			each(p, func(_ int, h *host) { h.end() })
			p.fails()
			each(p, func(i int, h *host) { h.start(p.file(i, renamed(p))) })
		},
		"both are edited": func(t *testing.T, p *pair) {
			p.fails()
			each(p, func(i int, h *host) { h.apply(p.file(i, renamed(p))) })
		},
		"one starts with it, and the owner has the old file": func(t *testing.T, p *pair) {
			owner := p.owner(t, "old")
			other := p.hosts[1-owner]
			other.end()
			p.fails()
			other.start(p.file(1-owner, renamed(p)))
			p.hosts[0], p.hosts[1] = other, p.hosts[owner] // the first one posts first
		},
		"one is edited, and the owner has the old file": func(t *testing.T, p *pair) {
			owner := p.owner(t, "old")
			p.fails()
			other := p.hosts[1-owner]
			other.apply(p.file(1-owner, renamed(p)))
			p.hosts[0], p.hosts[1] = other, p.hosts[owner]
		},
		"the owner stops, and is started with it": func(t *testing.T, p *pair) {
			owner := p.owner(t, "old")
			p.hosts[owner].end()
			p.fails()
			p.hosts[1-owner].apply(p.file(1-owner, renamed(p)))
			p.hosts[owner].start(p.file(owner, renamed(p)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			c(t, p)
			if got := p.hosts[0].post("e3"); got != http.StatusAccepted {
				t.Errorf("a post to the one: got %d", got)
			}
			if got, want := p.arrived(t, "new", 3), []string{"e1", "e2", "e3"}; !slices.Equal(got, want) {
				t.Errorf("arrived %v, want %v", got, want)
			}
			if got := p.moved(t); got != "2 2" {
				t.Errorf("moved %s, want each once", got)
			}
			if got := p.hosts[1].post("e4"); got != http.StatusAccepted {
				t.Errorf("a post to the other one: got %d", got)
			}
			if got := p.arrived(t, "new", 4); got[3] != "e4" || len(got) != 4 {
				t.Errorf("arrived %v, want e4 at the end", got)
			}
			if n := len(p.taken("/old")); n != 1 {
				t.Errorf("%d requests to the former name, want 1", n)
			}
		})
	}
}

// TestRenamedWhileItIsSent: a request under way at another host ends before the delivery
// goes on under the new name, and what comes later is accepted after that.
func TestRenamedWhileItIsSent(t *testing.T) {
	p := newPair(t)
	owner := p.owner(t, "old")
	answers := make(chan struct{})
	p.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			<-answers
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	p.hosts[0].call("POST", "/v1/webhooks/old/retry", "", nil)
	eventually(t, "e1 is under way", func() bool { return p.count("/old", "e1") == 2 })
	other := p.hosts[1-owner]
	other.apply(p.file(1-owner, patient(p.receiver, "new", ", was: old"+inOrder)))
	posted := make(chan int)
	go func() { posted <- other.post("e3") }()
	time.Sleep(time.Second)
	select {
	case got := <-posted:
		t.Errorf("e3 was accepted (%d) before what it must not overtake was moved", got)
	default:
	}
	close(answers)
	if got := <-posted; got != http.StatusAccepted {
		t.Errorf("got %d", got)
	}
	if got, want := p.arrived(t, "new", 3), []string{"e1", "e2", "e3"}; !slices.Equal(got, want) {
		t.Errorf("arrived %v, want %v", got, want)
	}
}
