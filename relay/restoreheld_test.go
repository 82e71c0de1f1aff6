package relay_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/relay/api"
)

// TestLastHourOverATakeOver: who takes webhooks over knows what the owner before has
// delivered, and counts on.
func TestLastHourOverATakeOver(t *testing.T) {
	s := postgrestest.Shared(t)
	schema := s.Schema(t)
	if err := database.Install(t.Context(), s.OwnerURL(), schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	receiver := newReceiver(t)
	file := func(member string) string {
		text := fmt.Sprintf("cluster: {postgres: '%s', schema: %s, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", s.URL(), schema, member)
		for i := range 3 {
			text += hook(receiver, fmt.Sprint("w", i), "")
		}
		return text
	}
	deliver := func(h *host, id string) {
		t.Helper()
		if got := h.post(id); got != 202 {
			t.Fatalf("%s: got %d", id, got)
		}
		for i := range 3 {
			eventually(t, id+" arrives", func() bool { return receiver.count(fmt.Sprint("/w", i), id) == 1 })
		}
	}
	a := newHost(t, file("host-a"))
	for i := range 3 {
		deliver(a, fmt.Sprint("e", i))
	}
	b := newHost(t, file("host-b"))
	a.end()
	deliver(b, "e3")
	got := func() (text string) {
		for i := range 3 {
			var w api.Webhook
			b.call("GET", fmt.Sprint("/v1/webhooks/w", i), "", &w)
			text += fmt.Sprint(w.Owner, " ", w.LastHour.Delivered, " ", w.LastHour.P99 > 0, " ")
		}
		return text
	}
	want := "host-b 4 true host-b 4 true host-b 4 true "
	eventually(t, "all four are counted", func() bool { return got() == want })
	time.Sleep(50 * time.Millisecond)
	if got := got(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestFiguresOfLongAgo: a member shows of a webhook that another one owns how long its
// deliveries have waited by now, and no last hour that is over.
func TestFiguresOfLongAgo(t *testing.T) {
	s := postgrestest.Shared(t)
	schema := s.Schema(t)
	if err := database.Install(t.Context(), s.OwnerURL(), schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	receiver := newReceiver(t)
	receiver.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	var hosts []*host
	for _, name := range []string{"host-a", "host-b"} {
		hosts = append(hosts, newHost(t, fmt.Sprintf("cluster: {postgres: '%s', schema: %s, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", s.URL(), schema, name)+patient(receiver, "w", "")))
	}
	other := func() *host { // the owner may still change, as both have just started
		if s.Value(t, fmt.Sprintf(`SELECT coalesce(min(owner), '') FROM %s.cursors`, schema)) == "host-b" {
			return hosts[0]
		}
		return hosts[1]
	}
	other().post("e1")
	var w api.Webhook
	eventually(t, "the other one shows it", func() bool {
		other().call("GET", "/v1/webhooks/w", "", &w)
		return w.LastHour.Failed == 1 && w.Backlog.Events == 1
	})
	// Whatever the owner writes is two hours old.
	s.Exec(t, fmt.Sprintf(`CREATE FUNCTION %s.age() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.written := %[1]s.now_ns() - 7200000000000; RETURN NEW; END'`, schema))
	s.Exec(t, fmt.Sprintf(`CREATE TRIGGER age BEFORE UPDATE ON %s.cursors FOR EACH ROW EXECUTE FUNCTION %[1]s.age()`, schema))
	s.Exec(t, fmt.Sprintf(`UPDATE %s.cursors SET written = written`, schema))
	eventually(t, "it shows it as two hours later", func() bool {
		other().call("GET", "/v1/webhooks/w", "", &w)
		return w.LastHour.Failed == 0 && w.Backlog.OldestSeconds > 7000
	})
}
