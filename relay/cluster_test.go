package relay_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/relay"
	"sidehook/relay/api"
)

// TestCluster has two relays share a PostgreSQL: events posted to either are delivered
// once, by the one that owns the webhook, and go on when that one stops.
func TestCluster(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	file := func(member string) string {
		text := fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", db.URL(), member)
		for i := range 6 {
			text += hook(s, fmt.Sprint("w", i), ", order: all")
		}
		return text
	}
	a := newHost(t, file("host-a"))
	b := newHost(t, file("host-b"))
	owned := func(member string) string {
		return db.Value(t, fmt.Sprintf(`SELECT count(*) FROM hooks.cursors WHERE owner = '%s'`, member))
	}
	eventually(t, "both own webhooks", func() bool {
		return owned("host-a") != "0" && owned("host-b") != "0" && db.Value(t, `SELECT count(*) FROM hooks.cursors WHERE owner <> ''`) == "6"
	})
	const events = 40
	for i := range events {
		h := []*host{a, b}[i%2]
		if got := h.post(fmt.Sprint("e", i)); got != http.StatusAccepted {
			t.Fatalf("got %d", got)
		}
	}
	if got := b.post("e0"); got != http.StatusOK {
		t.Errorf("a repeat at the other one: got %d", got)
	}
	all := func(events int) func() bool {
		return func() bool {
			for i := range 6 {
				if len(s.taken(fmt.Sprint("/w", i))) < events {
					return false
				}
			}
			return true
		}
	}
	eventually(t, "all are delivered", all(events))
	a.end()
	if got := owned("host-a"); got != "0" {
		t.Errorf("after its stop host-a owns %s webhooks", got)
	}
	for i := range events {
		if got := b.post(fmt.Sprint("f", i)); got != http.StatusAccepted {
			t.Fatalf("got %d", got)
		}
	}
	eventually(t, "all are delivered after a stop", all(2*events))
	time.Sleep(200 * time.Millisecond)
	for i := range 6 {
		if got := len(s.taken(fmt.Sprint("/w", i))); got != 2*events {
			t.Errorf("webhook %d got %d requests, want %d", i, got, 2*events)
		}
	}
}

// TestClusterActions acts on webhooks from the member that does not own them.
func TestClusterActions(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	file := func(member string) string {
		return fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", db.URL(), member) + hook(s, "w", ", retry: [1h]")
	}
	a := newHost(t, strings.Replace(file("host-a"), "retry: [50ms, 1h], ", "", 1))
	b := newHost(t, strings.Replace(file("host-b"), "retry: [50ms, 1h], ", "", 1))
	var owner string
	eventually(t, "one owns it", func() bool {
		owner = db.Value(t, `SELECT coalesce(min(owner), '') FROM hooks.cursors`)
		return owner != ""
	})
	other := map[string]*host{"host-a": b, "host-b": a}[owner]
	if got := other.post("1"); got != http.StatusAccepted {
		t.Fatalf("got %d", got)
	}
	var w struct {
		State, Owner string
		Backlog      struct {
			Events int
			Oldest float64 `json:"oldest_seconds"`
		}
	}
	seen := func(events int) func() bool {
		return func() bool {
			other.call("GET", "/v1/webhooks/w", "", &w)
			return w.Owner == owner && w.Backlog.Events == events
		}
	}
	eventually(t, "the other one sees what waits", seen(1))
	s.first(t, "/w")
	eventually(t, "the other one sees it grow older, though nothing happens", func() bool { return seen(1)() && w.Backlog.Oldest > 8 })
	if got := other.call("POST", "/v1/webhooks/w/retry", "", nil); got != http.StatusNoContent && got != http.StatusOK {
		t.Errorf("retry: got %d", got)
	}
	eventually(t, "it is retried", func() bool { return len(s.taken("/w")) > 1 })
	var canceled map[string]any
	if got := other.call("POST", "/v1/cancel", `{"webhook": "w"}`, &canceled); got != http.StatusOK {
		t.Errorf("cancel: got %d, %v", got, canceled)
	}
	eventually(t, "nothing waits", seen(0))
	if got := other.call("POST", "/v1/webhooks/nosuch/retry", "", nil); got != http.StatusNotFound {
		t.Errorf("retry of no webhook: got %d", got)
	}
}

// TestClusterMetrics: a member has each metric of a cluster that the page names, and no
// other.
func TestClusterMetrics(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	h := newHost(t, fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: a, sync: storage}\nwebhooks:\n", db.URL())+hook(s, "w", ""))
	h.post("1")
	s.first(t, "/w")
	named := map[string]bool{}
	for _, name := range regexp.MustCompile("`(cluster_[a-z_]+)`").FindAllStringSubmatch(relay.Manual(), -1) {
		named["sidehook_"+name[1]] = false
	}
	text := h.metrics(t)
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (sidehook_cluster_\w+)`).FindAllStringSubmatch(text, -1) {
		if _, ok := named[match[1]]; !ok {
			t.Errorf("the page has not %s", match[1])
		}
		named[match[1]] = true
	}
	for name, there := range named {
		if !there {
			t.Errorf("the page has %s, which the member has not", name)
		}
	}
	for _, want := range []string{"sidehook_cluster_up 1", "sidehook_cluster_members 1", "sidehook_cluster_owned_webhooks 1", "sidehook_cluster_accept_wait_seconds_count 1"} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}

// TestClusterSpool takes the database away: events are accepted all the same, and
// delivered in their order when it is back.
func TestClusterSpool(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	p := db.Proxy(t)
	s := newReceiver(t)
	h := newHost(t, fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: a, sync: storage, spool: true}\nwebhooks:\n", p.URL())+hook(s, "w", ", order: all"))
	h.post("before")
	s.first(t, "/w")
	p.Set(postgrestest.Refuse)
	for i := range 20 {
		status, body, _ := h.send(fmt.Sprintf(`{"type":"a.b","id":"e%02d"}`, i), "Content-Type", "application/json")
		if status != http.StatusAccepted || !strings.Contains(body, `"spooled":true`) {
			t.Fatalf("got %d %s", status, body)
		}
	}
	soon := time.Now().Add(200 * time.Millisecond)
	h.send(fmt.Sprintf(`{"type":"a.b","id":"gone","expirytime":%q}`, soon.Format(time.RFC3339Nano)), "Content-Type", "application/json")
	if got := h.call("GET", "/readyz", "", nil); got != http.StatusOK {
		t.Errorf("readyz: got %d, want 200: events are accepted", got)
	}
	time.Sleep(time.Until(soon))
	p.Set(postgrestest.Nothing)
	eventually(t, "all are delivered", func() bool { return len(s.taken("/w")) == 21 })
	for i, x := range s.taken("/w")[1:] {
		if want := fmt.Sprintf("e%02d", i); !strings.Contains(x.body, want) && x.header.Get("Webhook-Id") != want {
			t.Errorf("number %d is %s %v, want %s", i, x.body, x.header, want)
		}
	}
	eventually(t, "one that has expired meanwhile is in the history, with its reason", func() bool {
		var x struct {
			Deliveries []struct{ Status, Error string }
		}
		h.call("GET", "/v1/deliveries?event=gone", "", &x)
		return len(x.Deliveries) == 1 && x.Deliveries[0].Status == "expired" && strings.Contains(x.Deliveries[0].Error, "its expirytime")
	})
	eventually(t, "events are accepted into the database", func() bool {
		_, body, _ := h.send(fmt.Sprintf(`{"type":"a.b","id":"x%d"}`, time.Now().UnixNano()), "Content-Type", "application/json")
		return !strings.Contains(body, "spooled")
	})
}

// TestClusterAway refuses while the database is away, and begins without it.
func TestClusterAway(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	p := db.Proxy(t)
	p.Set(postgrestest.Refuse)
	s := newReceiver(t)
	h := newHost(t, fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: a, sync: storage}\nwebhooks:\n", p.URL())+hook(s, "w", ""))
	eventually(t, "it is known to be away", func() bool { return h.call("GET", "/readyz", "", nil) == http.StatusServiceUnavailable })
	var config api.Config
	h.call("GET", "/v1/config", "", &config)
	if got := config.Troubles; len(got) != 2 || !strings.HasPrefix(got[0], "events are not accepted: the database is away: ") || !strings.HasPrefix(got[1], "the database of the cluster does not answer") {
		t.Errorf("the troubles are %q", got)
	}
	status, _, header := h.send(`{"type":"a.b"}`, "Content-Type", "application/json")
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("a post: got %d, %v", status, header)
	}
	if got := h.call("GET", "/healthz", "", nil); got != http.StatusOK {
		t.Errorf("healthz: got %d", got)
	}
	p.Set(postgrestest.Nothing)
	eventually(t, "it accepts", func() bool { return h.post("1") == http.StatusAccepted || h.post("1") == http.StatusOK })
	s.first(t, "/w")
}

// TestClusterName ends the second of two members of one name.
func TestClusterName(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	file := fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: a, sync: storage, lease: 5s}\nwebhooks:\n", db.URL()) + hook(s, "w", "")
	first := newHost(t, file)
	first.post("1")
	s.first(t, "/w")
	second := &host{t: t, dir: t.TempDir()}
	r, err := relay.New(second.load(file), relay.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if err := r.Run(ctx); err == nil || !strings.Contains(err.Error(), `another sidehook named "a" runs in this cluster`) {
		t.Errorf("the second one ended with %v", err)
	}
	if got := first.post("2"); got != http.StatusAccepted {
		t.Errorf("the first one: got %d", got)
	}
	eventually(t, "the first one delivers", func() bool { return len(s.taken("/w")) == 2 })
}

// TestClusterHistory reads and resends by the member that owns nothing of it.
func TestClusterHistory(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	file := func(member string) string {
		return fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", db.URL(), member) + hook(s, "w", "")
	}
	a := newHost(t, file("host-a"))
	b := newHost(t, file("host-b"))
	if got := a.post("e1"); got != http.StatusAccepted {
		t.Fatalf("got %d", got)
	}
	s.first(t, "/w")
	for _, h := range []*host{a, b} {
		var trace struct {
			Deliveries []struct{ Webhook, Status string }
			Attempts   []struct{ Status string }
		}
		eventually(t, "its attempt can be read", func() bool {
			trace.Attempts = nil
			return h.call("GET", "/v1/events/e1", "", &trace) == http.StatusOK && len(trace.Attempts) == 1
		})
		if trace.Attempts[0].Status != "delivered" {
			t.Errorf("got %+v", trace)
		}
	}
	for i, h := range []*host{a, b} {
		var resent struct{ Seq int }
		if got := h.call("POST", "/v1/events/e1/resend", `{"all": true}`, &resent); got/100 != 2 || resent.Seq != 2+i {
			t.Errorf("resend: got %d, %+v", got, resent)
		}
	}
	eventually(t, "both are sent", func() bool { return len(s.taken("/w")) == 3 })
	var test struct{ Status string }
	for _, h := range []*host{a, b} {
		if got := h.call("POST", "/v1/webhooks/w/test", "", &test); got != http.StatusOK || test.Status != "delivered" {
			t.Errorf("test: got %d, %+v", got, test)
		}
	}
}

// TestClusterReading: what happened anywhere is read, and sent again, from any member.
func TestClusterReading(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	})
	file := func(member string) string {
		return fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", db.URL(), member) +
			hook(s, "w", "") + hook(s, "gone", ", give_up_on: [422]")
	}
	hosts := []*host{newHost(t, file("host-a")), newHost(t, file("host-b"))}
	for i := range 10 {
		hosts[i%2].post(fmt.Sprint("e", i))
	}
	for _, h := range hosts {
		var page struct {
			Deliveries []struct{ Webhook, Event, Status string }
			Cursor     string
		}
		eventually(t, "all attempts are read", func() bool {
			h.call("GET", "/v1/deliveries?limit=50", "", &page)
			return len(page.Deliveries) == 20
		})
		if h.call("GET", "/v1/deliveries?limit=4&webhook=gone", "", &page); len(page.Deliveries) != 4 || page.Cursor == "" || page.Deliveries[0].Status != "failed" {
			t.Errorf("a page: got %+v", page)
		}
		var events struct {
			Events []struct {
				ID       string
				Webhooks map[string]string
			}
		}
		h.call("GET", "/v1/events?limit=50", "", &events)
		if len(events.Events) != 10 || events.Events[3].Webhooks["w"] != "delivered" || events.Events[3].Webhooks["gone"] != "failed" {
			t.Errorf("events: got %+v", events)
		}
		var event map[string]any
		if got := h.call("GET", "/v1/events/e3", "", &event); got != http.StatusOK || len(event["attempts"].([]any)) != 2 {
			t.Errorf("an event: got %d, %v", got, event)
		}
		var stats struct {
			Stats []struct{ Delivered int }
		}
		if got := h.call("GET", "/v1/stats", "", &stats); got != http.StatusOK || len(stats.Stats) != 2 || stats.Stats[1].Delivered != 10 {
			t.Errorf("stats: got %d, %+v", got, stats)
		}
		if got := h.call("GET", "/v1/events/nosuch", "", nil); got != http.StatusNotFound {
			t.Errorf("no event: got %d", got)
		}
	}
	s.answer(func(http.ResponseWriter, *http.Request) {})
	var resends struct {
		Resend string
		Count  int
	}
	if got := hosts[0].call("POST", "/v1/resend", fmt.Sprintf(`{"since": %q, "webhook": ["gone"]}`, time.Now().Add(-time.Hour).Format(time.RFC3339)), &resends); got != http.StatusAccepted && got != http.StatusOK || resends.Count != 10 {
		t.Fatalf("resend: got %d, %+v", got, resends)
	}
	eventually(t, "the other one sees that they have arrived", func() bool {
		var progress struct{ Count, Delivered int }
		hosts[1].call("GET", "/v1/resends/"+resends.Resend, "", &progress)
		return progress.Delivered == 10
	})
}
