package relay_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/history/postgres/transfer"
)

// TestClusterTransfer moves a relay's history into a cluster and back: what waits is
// delivered there, once, and repeats are known.
func TestClusterTransfer(t *testing.T) {
	filesOnly(t)
	pg := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), pg.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(database.Options{URL: pg.URL(), Schema: "hooks", Sync: database.Storage})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := newReceiver(t)
	failing := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
	s.answer(failing)
	local := "webhooks:\n" + hook(s, "fast", "") + hook(s, "slow", "")
	cluster := fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: a, sync: storage, lease: 5s}\n", pg.URL()) + local
	h := newHost(t, local)
	post := func(id string, want int) {
		t.Helper()
		if got := h.post(id); got != want {
			t.Errorf("post %s: got %d, want %d", id, got, want)
		}
	}
	waiting := func(webhook string, events int) {
		t.Helper()
		eventually(t, fmt.Sprint(events, " wait for ", webhook), func() bool {
			var w struct{ Backlog struct{ Events int } }
			return h.call("GET", "/v1/webhooks/"+webhook, "", &w) == http.StatusOK && w.Backlog.Events == events
		})
	}
	post("e1", http.StatusAccepted)
	post("e2", http.StatusAccepted)
	waiting("fast", 0)
	waiting("slow", 2)
	h.end()
	if _, err := transfer.Import(t.Context(), filepath.Join(h.dir, "history"), transfer.Options{DB: db}); err != nil {
		t.Fatal(err)
	}

	h.start(cluster)
	post("e1", http.StatusOK)
	waiting("slow", 2)
	post("e3", http.StatusAccepted)
	waiting("fast", 0)
	waiting("slow", 3)
	s.answer(func(http.ResponseWriter, *http.Request) {})
	h.call("POST", "/v1/webhooks/slow/retry", "", nil)
	waiting("slow", 0)
	s.answer(failing)
	post("e4", http.StatusAccepted)
	waiting("fast", 0)
	waiting("slow", 1)
	h.end()
	back := filepath.Join(t.TempDir(), "back")
	if _, err := transfer.Export(t.Context(), back, transfer.Options{DB: db}); err != nil {
		t.Fatal(err)
	}

	h.start(fmt.Sprintf("history: {dir: '%s'}\n", back) + local)
	post("e3", http.StatusOK)
	waiting("fast", 0)
	waiting("slow", 1)
	s.answer(func(http.ResponseWriter, *http.Request) {})
	h.call("POST", "/v1/webhooks/slow/retry", "", nil)
	waiting("slow", 0)
	for _, id := range []string{"e1", "e2", "e3", "e4"} {
		if got := s.count("/fast", id); got != 1 {
			t.Errorf("fast got %s %d times", id, got)
		}
	}
	var trace struct{ Attempts []struct{ Status string } }
	if h.call("GET", "/v1/events/e2", "", &trace); len(trace.Attempts) < 3 {
		t.Errorf("of e2 there are the attempts %+v, want those of all three relays", trace.Attempts)
	}
}
