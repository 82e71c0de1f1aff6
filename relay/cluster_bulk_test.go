package relay_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

// TestResendBulkTwiceAtOnce: two members resend the same selection at the same moment, and
// each delivery is made again once.
func TestResendBulkTwiceAtOnce(t *testing.T) {
	db := postgrestest.Shared(t)
	schema := db.Schema(t)
	if err := database.Install(t.Context(), db.OwnerURL(), schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	file := func(member string) string {
		return fmt.Sprintf("cluster: {postgres: '%s', schema: %s, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", db.URL(), schema, member) +
			strings.ReplaceAll(hook(s, "one", ", give_up_on: [500]")+hook(s, "two", ", give_up_on: [500]"), "[50ms, 1h]", "[1h]")
	}
	hosts := []*host{newHost(t, file("host-a")), newHost(t, file("host-b"))}
	const events = 3 // fewer than make a webhook failing
	for i := range events {
		if got := hosts[i%2].post(fmt.Sprint("e", i)); got != http.StatusAccepted {
			t.Fatalf("got %d", got)
		}
	}
	ended := func(status string) {
		t.Helper()
		eventually(t, "all are "+status, func() bool {
			return db.Value(t, `SELECT count(*) FROM `+schema+`.attempts WHERE status = '`+status+`'`) == fmt.Sprint(2*events)
		})
	}
	ended("failed")
	s.answer(func(http.ResponseWriter, *http.Request) {})

	// Both select before either writes.
	c, err := pgconn.Connect(t.Context(), db.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	hold := func(sql string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	hold(`BEGIN; SELECT ` + schema + `.lock_stream('events')`)
	type answer struct {
		code, Count int
		Resend      string
	}
	answers := make(chan answer)
	for _, h := range hosts {
		go func() {
			var a answer
			a.code = h.call("POST", "/v1/resend", `{"since":"2020-01-01T00:00:00Z"}`, &a)
			answers <- a
		}()
	}
	eventually(t, "both wait", func() bool {
		return db.Value(t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE '%"`+schema+`".accept(%'`) == "2"
	})
	hold(`COMMIT`)
	resent, resends := 0, 0
	for range hosts {
		a := <-answers
		if a.code != http.StatusAccepted || (a.Count > 0) != (a.Resend != "") {
			t.Errorf("got %+v", a)
		}
		if resent += a.Count; a.Count > 0 {
			resends++
		}
	}
	if resent != 2*events || resends != 1 {
		t.Errorf("%d were resent by %d calls, want %d by one", resent, resends, 2*events)
	}
	ended("delivered")
	for _, h := range hosts {
		h.settled()
	}
	for i := range events {
		for _, name := range []string{"one", "two"} {
			if got := s.count("/"+name, fmt.Sprint("e", i)); got != 2 {
				t.Errorf("e%d was sent %d times to %s, want 2", i, got, name)
			}
		}
	}
}
