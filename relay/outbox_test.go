package relay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidehook/history/postgres/postgrestest"
	"sidehook/relay/outbox"
)

// application is a PostgreSQL of an application, with an outbox.
type application struct {
	t    *testing.T
	url  string
	exec func(sql string) string // returns the first value
}

func newApplication(t *testing.T) *application {
	t.Helper()
	s := postgrestest.Start(t, "fsync=off")
	a := &application{t: t, url: s.URL(), exec: func(sql string) string { t.Helper(); return s.Value(t, sql) }}
	d, err := outbox.ParseDatabase(s.OwnerURL(), "db")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := outbox.Init(ctx, d); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, grantsOfTheManual(t))
	return a
}

// grantsOfTheManual is what it says that a role needs to read an outbox.
func grantsOfTheManual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	grants := regexp.MustCompile(`(?m)^ +GRANT .*;$`).FindAllString(string(text), -1)
	if len(grants) != 4 {
		t.Fatalf("got the grants %q", grants)
	}
	return strings.ReplaceAll(strings.Join(grants, "\n"), " TO reader;", " TO "+postgrestest.Role+";")
}

func (a *application) waiting() string { return a.exec("SELECT count(*) FROM sidehook.outbox") }

// TestOutbox: events of an outbox are accepted as if they were posted, and a reload
// begins and ends the reading.
func TestOutbox(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	s := newReceiver(t)
	with := "outbox: {postgres: '" + a.url + "'}\n"
	rest := "source: /shop\nevent_types: {a.b: x}\nwebhooks:\n" + hook(s, "one", ", order: all")
	a.exec(`SELECT sidehook.send('a.b', '{"n": 1.10}', 'e1', attributes => '{"tenant": "acme"}'), sidehook.send('a.b', id => 'e2'), sidehook.send('a.x', id => 'wrong'), sidehook.send('a.b', id => 'e3')`)
	sent := a.exec("SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') FROM sidehook.outbox WHERE id = 'e1'")
	h := newHost(t, with+rest)
	eventually(t, "all arrive", func() bool { return len(s.taken("/one")) == 3 })
	eventually(t, "the outbox is empty", func() bool { return a.waiting() == "0" })
	var got []string
	for _, x := range s.taken("/one") {
		got = append(got, x.header.Get("Sidehook-Event"))
	}
	if !slices.Equal(got, []string{"e1", "e2", "e3"}) {
		t.Errorf("arrived: %q", got)
	}
	var shown struct {
		Event struct{ Source, Tenant, Time string }
	}
	var all json.RawMessage
	h.call("GET", "/v1/events/e1", "", &all)
	if err := json.Unmarshal(all, &shown); err != nil || shown.Event.Source != "/shop" || shown.Event.Tenant != "acme" || strings.TrimRight(shown.Event.Time, "0Z") != strings.TrimRight(sent, "0") {
		t.Errorf("the event, sent at %s, is %s (%v)", sent, all, err)
	}
	if got := a.exec("SELECT id || ': ' || reason FROM sidehook.outbox_refused"); got != `wrong: type "a.x" is not in event_types; did you mean "a.b"?` {
		t.Errorf("refused: %s", got)
	}

	h.apply(rest)
	eventually(t, "it is not read any more", func() bool {
		return a.exec("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sidehook'") == "0"
	})
	a.exec("SELECT sidehook.send('a.b', id => 'e4')")
	if err := h.r.Apply(h.load("outbox: {postgres: 'postgres://db.example/x?sslmode=verify-full&sslrootcert=/nowhere'}\n" + rest)); err == nil || !strings.Contains(err.Error(), "outbox.postgres: postgres://db.example/x?sslmode=***&sslrootcert=***: ") {
		t.Errorf("a URL that means nothing: %v", err)
	}
	h.apply(with + rest)
	eventually(t, "e4 arrives", func() bool { return s.count("/one", "e4") == 1 })
	// A repeat under its id, with a restart between.
	h.end()
	a.exec(`SELECT sidehook.send('a.b', '{"n": 1.10}', 'e1', attributes => '{"tenant": "acme"}')`)
	h.start(with + rest)
	eventually(t, "the repeat is taken", func() bool {
		return strings.Contains(h.scrape(), `sidehook_outbox_events_total{result="duplicate"} 1`)
	})
	if n := s.count("/one", "e1"); n != 1 {
		t.Errorf("e1 was sent %d times", n)
	}
	if text := h.scrape(); !strings.Contains(text, "sidehook_outbox_up 1") {
		t.Error("the metrics do not say that it is up")
	}
}

// TestOutboxWithoutRoom: while max_size is reached rows wait, and none is lost.
func TestOutboxWithoutRoom(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	s := newReceiver(t)
	file := func(paused bool) string {
		return "history: {max_size: 16MiB}\noutbox: {postgres: '" + a.url + "'}\nwebhooks:\n" + hook(s, "one", fmt.Sprintf(", paused: %t", paused))
	}
	const rows = 60
	a.exec(fmt.Sprintf(`SELECT count(sidehook.send('a.b', to_json(repeat('%c', 400000)), i::text)) FROM generate_series(1, %d) i`, 'a'+rand.N(26), rows))
	var log logged
	h := &host{t: t, dir: t.TempDir(), log: log.logger(slog.LevelInfo)}
	h.start(file(true))
	t.Cleanup(h.end)
	eventually(t, "rows have to wait", func() bool {
		return len(log.lines(`level=WARN msg="rows of the outbox wait: they cannot be accepted now"`)) > 0
	})
	if n := a.waiting(); n == "0" || n == fmt.Sprint(rows) {
		t.Errorf("%s rows wait", n)
	}
	h.apply(file(false))
	for i := 1; i <= rows; i++ {
		eventually(t, fmt.Sprint(i, " arrives"), func() bool { return s.count("/one", fmt.Sprint(i)) > 0 })
	}
	eventually(t, "the outbox is empty", func() bool { return a.waiting() == "0" })
	if got := log.lines("rows of the outbox wait"); len(got) != 1 {
		t.Errorf("%d lines: %s", len(got), got)
	}
}
