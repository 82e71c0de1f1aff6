package relay_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

// TestActionsElsewhere acts on webhooks at the member that does not own them.
func TestActionsElsewhere(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
		} else {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	file := func(member, more string) string {
		return fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", db.URL(), member) +
			strings.ReplaceAll(hook(s, "failing", more)+hook(s, "gone", ""), "[50ms, 1h]", "[1h, 1h]")
	}
	hosts := map[string]*host{"host-a": newHost(t, file("host-a", "")), "host-b": newHost(t, file("host-b", ""))}
	type webhook struct {
		Name, State, Owner string
		Differs            []string
		Backlog            struct{ Events int }
	}
	list := func(h *host) map[string]webhook {
		var answer struct{ Webhooks []webhook }
		h.call("GET", "/v1/webhooks", "", &answer)
		all := map[string]webhook{}
		for _, w := range answer.Webhooks {
			all[w.Name] = w
		}
		return all
	}
	// at returns a member that does not own a webhook, once one does.
	at := func(name string) *host {
		t.Helper()
		owner := ""
		eventually(t, name+" has an owner", func() bool {
			owner = list(hosts["host-a"])[name].Owner
			return owner != "" && owner == list(hosts["host-b"])[name].Owner
		})
		if owner == "host-a" {
			return hosts["host-b"]
		}
		return hosts["host-a"]
	}
	other := at("failing")
	if got := other.post("e1"); got != http.StatusAccepted {
		t.Fatalf("got %d", got)
	}
	eventually(t, "the owner has tried", func() bool { return s.count("/failing", "e1") == 1 })
	eventually(t, "the others see how it stands", func() bool {
		w := list(other)["failing"]
		return w.State == "active" && w.Backlog.Events == 1
	})
	if got := other.call("POST", "/v1/webhooks/failing/retry", "", nil); got != http.StatusNoContent && got != http.StatusOK {
		t.Errorf("retry: got %d", got)
	}
	eventually(t, "it is tried again", func() bool { return s.count("/failing", "e1") == 2 })

	var selected, canceled struct{ Count, Canceled int }
	if got := other.call("POST", "/v1/cancel", `{"webhook":"failing","dry_run":true}`, &selected); got != http.StatusOK || selected.Count != 1 {
		t.Errorf("select: got %d %+v", got, selected)
	}
	if got := other.call("POST", "/v1/cancel", `{"webhook":"failing"}`, &canceled); got != http.StatusOK || canceled.Canceled != 1 {
		t.Errorf("cancel: got %d %+v", got, canceled)
	}
	if got := other.call("POST", "/v1/cancel", `{"webhook":"none"}`, nil); got != http.StatusNotFound {
		t.Errorf("cancel of none: got %d", got)
	}

	status, answer, _ := other.send(`{"type":"a.c","id":"w1"}`, "Content-Type", "application/json", "Prefer", "wait=20")
	if status != http.StatusAccepted && status != http.StatusOK || !strings.Contains(answer, `{"webhook":"failing","status":"retrying","code":500}`) {
		t.Errorf("Prefer: wait: got %d %s", status, answer)
	}

	other = at("gone")
	eventually(t, "the others see that it is disabled", func() bool { return list(other)["gone"].State == "disabled" })
	s.answer(func(http.ResponseWriter, *http.Request) {})
	if got := other.call("POST", "/v1/webhooks/gone/enable", "", nil); got != http.StatusNoContent && got != http.StatusOK {
		t.Errorf("enable: got %d", got)
	}
	if got := other.post("e2"); got != http.StatusAccepted {
		t.Errorf("got %d", got)
	}
	eventually(t, "it is sent after that", func() bool { return s.count("/gone", "e2") == 1 })

	owner := list(other)["failing"].Owner
	hosts[owner].apply(file(owner, ", timeout: 7s"))
	eventually(t, "the file of the other one differs", func() bool {
		return len(list(hosts[owner])["failing"].Differs) == 1
	})
	if got := list(hosts[owner])["gone"].Differs; !slices.Equal(got, nil) {
		t.Errorf("got %v", got)
	}
	if m := hosts[owner].scrape(); !strings.Contains(m, "sidehook_cluster_up 1\n") || !strings.Contains(m, "sidehook_cluster_members 2\n") || !strings.Contains(m, "sidehook_cluster_owned_webhooks 1\n") ||
		!strings.Contains(m, "sidehook_cluster_accept_wait_seconds_count") || strings.Count(m, "sidehook_backlog_events{") != 1 {
		t.Errorf("got metrics\n%s", m)
	}
}

// TestRateGoesOnElsewhere: the owner that comes next continues the rate of the one before.
func TestRateGoesOnElsewhere(t *testing.T) {
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	file := func(member string) string {
		return fmt.Sprintf("cluster: {postgres: '%s', schema: hooks, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", db.URL(), member) + hook(s, "w", ", rate: 6/m")
	}
	a := newHost(t, file("host-a"))
	a.post("e1")
	eventually(t, "the first one is sent", func() bool { return s.count("/w", "e1") == 1 })
	first := time.Now()
	b := newHost(t, file("host-b"))
	a.end()
	b.post("e2")
	eventually(t, "the next one is sent", func() bool { return s.count("/w", "e2") == 1 })
	if took := time.Since(first); took < 9*time.Second || took > 20*time.Second {
		t.Errorf("the next one was sent %v after the first, want 10s", took)
	}
}
