package accept_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/postgres/accept"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/history/query"
	"sidehook/history/queue"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// member is an Acceptor that runs.
type member struct {
	*accept.Acceptor
	t    testing.TB
	db   *database.DB
	stop func()

	mu        sync.Mutex
	published []queue.Published
	last      history.Seq
}

// start starts a member on a schema, a new one if it is "".
func start(t testing.TB, s *postgrestest.Server, schema string, db database.Options, o accept.Options) *member {
	t.Helper()
	if schema == "" {
		schema = install(t, s)
	}
	db.Schema = schema
	if db.URL == "" {
		db.URL = s.URL()
	}
	if db.Sync == "" {
		db.Sync = database.Storage
	}
	m := &member{t: t}
	var err error
	if m.db, err = database.Open(db); err != nil {
		t.Fatal(err)
	}
	o.DB = m.db
	o.Accepted = func(list []queue.Published, last history.Seq) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.published, m.last = append(m.published, list...), last
	}
	m.Acceptor = accept.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	m.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		m.db.Close()
	})
	t.Cleanup(m.stop)
	return m
}

func install(t testing.TB, s *postgrestest.Server) string {
	t.Helper()
	schema := s.Schema(t)
	if err := database.Install(t.Context(), s.OwnerURL(), schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	return schema
}

func entry(t testing.TB, id, data string, to ...string) history.Entry {
	t.Helper()
	text := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/test","type":"a.b","data":%s}`, id, data)
	e, err := event.Parse([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return history.Entry{Event: e, To: to, Generation: 3}
}

// seqs returns receipts in short: d before a duplicate.
func seqs(list []history.Receipt) string {
	var words []string
	for _, r := range list {
		word := fmt.Sprint(r.Seq)
		if r.Duplicate {
			word = "d" + word
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// count returns how many records there are, and checks that their numbers have no gap.
func (m *member) count() int {
	m.t.Helper()
	var n, top int
	err := m.db.Read(m.t.Context(), `SELECT count(*), coalesce(max(seq), 0) FROM {schema}.events`, nil, &n, &top)
	if err != nil {
		m.t.Fatal(err)
	}
	if n != top {
		m.t.Errorf("%d records, and the last is number %d", n, top)
	}
	return n
}

func TestAppend(t *testing.T) {
	conflict := func(i int) error { return &history.ConflictError{Index: i} }
	e := func(id, data string, to ...string) history.Entry { return entry(t, id, data, to...) }
	steps := []struct {
		name    string
		entries []history.Entry
		want    string
		err     error
	}{
		{"one", []history.Entry{e("1", "1", "a", "b")}, "1", nil},
		{"a repeat", []history.Entry{e("1", "1", "c")}, "d1", nil},
		{"another content", []history.Entry{e("2", "1"), e("1", "2")}, "", conflict(1)},
		{"a batch with a repeat", []history.Entry{e("2", "1"), e("1", "1"), e("3", "1", "a")}, "2 d1 3", nil},
		{"twice in a batch", []history.Entry{e("4", "1"), e("4", "1")}, "4 d4", nil},
		{"twice in a batch, and known", []history.Entry{e("4", "1"), e("4", "1")}, "d4 d4", nil},
		{"twice in a batch with another content", []history.Entry{e("5", "1"), e("5", "2")}, "", conflict(1)},
		{"refused before", []history.Entry{e("5", "1")}, "5", nil},
		{"nothing", nil, "", nil},
	}
	m := start(t, postgrestest.Shared(t), "", database.Options{}, accept.Options{})
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			got, err := m.Append(t.Context(), s.entries)
			if seqs(got) != s.want || fmt.Sprint(err) != fmt.Sprint(s.err) {
				t.Errorf("got %s, %v; want %s, %v", seqs(got), err, s.want, s.err)
			}
		})
	}
	again, err := m.Append(t.Context(), []history.Entry{e("1", "1")})
	if err != nil || !slices.Equal(again[0].To, []string{"a", "b"}) {
		t.Errorf("got %v, %v; want the webhooks of the first acceptance", again, err)
	}
	if n := m.count(); n != 5 || len(m.published) != 5 || m.last != 5 {
		t.Errorf("got %d records, %d published up to %d; want 5", n, len(m.published), m.last)
	}
	if p := m.published[0]; p.Number != 1 || p.Location.Length == 0 || string(p.Body.JSON) != string(e("1", "1").Event.JSON) || time.Since(time.Unix(0, p.AcceptedAt)).Abs() > time.Minute {
		t.Errorf("got published %+v", p)
	}
}

// TestAppendAtOnce has two members accept the same events at once: each is accepted
// once, and all get its number.
func TestAppendAtOnce(t *testing.T) { appendAtOnce(t, postgrestest.Shared(t).URL()) }

// TestBehindPgBouncer does the same where each call may get another connection.
func TestBehindPgBouncer(t *testing.T) { appendAtOnce(t, postgrestest.Shared(t).PgBouncer(t)) }

func appendAtOnce(t *testing.T, url string) {
	s := postgrestest.Shared(t)
	schema, db := install(t, s), database.Options{URL: url}
	members := []*member{start(t, s, schema, db, accept.Options{}), start(t, s, schema, db, accept.Options{})}
	const events, posts = 40, 8
	var mu sync.Mutex
	fresh, numbers := map[string]int{}, map[string]history.Seq{}
	var all sync.WaitGroup
	for i := range posts {
		all.Go(func() {
			for k := range events {
				id := fmt.Sprint(k)
				entries := []history.Entry{entry(t, id, "1", "a")}
				if i%4 == 0 {
					entries = append(entries, entry(t, fmt.Sprint("x", k, "-", i), "1"))
				}
				got, err := members[i%2].Append(t.Context(), entries)
				mu.Lock()
				if err != nil {
					t.Error(err)
				} else {
					if !got[0].Duplicate {
						fresh[id]++
					}
					if n, ok := numbers[id]; ok && n != got[0].Seq {
						t.Errorf("event %s has the numbers %d and %d", id, n, got[0].Seq)
					}
					numbers[id] = got[0].Seq
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for id, n := range fresh {
		if n != 1 {
			t.Errorf("event %s was new %d times", id, n)
		}
	}
	if n := members[0].count(); n != events+2*events {
		t.Errorf("got %d records, want %d", n, 3*events)
	}
}

func TestResend(t *testing.T) {
	m := start(t, postgrestest.Shared(t), "", database.Options{}, accept.Options{})
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1", "a"), entry(t, "2", "1", "a")}); err != nil {
		t.Fatal(err)
	}
	of := history.EventRecord{Seq: 1, Event: []byte(`{}`)}
	if got, err := m.Resend(t.Context(), &of, []string{"a", "b"}, "cli"); err != nil || got.Seq != 3 || len(got.To) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := m.Resend(t.Context(), &history.EventRecord{Seq: 77}, []string{"a"}, "cli"); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("of a removed event: got %v", err)
	}
	matches := &query.Matches{Count: 4, Gone: 1, List: []query.Again{{Of: 1}, {Of: 77}, {Of: 2, To: 1}, {Of: 2}}}
	matches.Targets.List = []string{"a", "b"}
	done, err := m.ResendBulk(t.Context(), matches, 3, "api")
	if err != nil || done.Count != 3 || done.Gone != 2 || done.ID == "" || fmt.Sprint(done.Seqs) != "[[4 6]]" {
		t.Errorf("got %+v, %v", done, err)
	}
	p := m.published[len(m.published)-2]
	if p.Number != 5 || p.Of != 2 || !p.IsResend || !slices.Equal(p.To, []string{"b"}) {
		t.Errorf("got published %+v", p)
	}
	m.count()
}

func TestRename(t *testing.T) {
	m := start(t, postgrestest.Shared(t), "", database.Options{}, accept.Options{})
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1", "a")}); err != nil {
		t.Fatal(err)
	}
	body := &queue.Body{Event: event.Event{JSON: []byte(`{}`)}}
	moved, err := m.Rename(t.Context(), []queue.Moving{{Seq: 1, Of: 1, Rename: &queue.Renamed{}, Accepted: time.Unix(7, 0), Body: body}, {Seq: 9, Of: 9, Body: body}}, "a", "b", 4)
	if err != nil || moved != 1 {
		t.Errorf("got %d, %v, want 1", moved, err)
	}
	// Another owner may not have seen that.
	again, err := m.Rename(t.Context(), []queue.Moving{{Seq: 1, Of: 1, Rename: &queue.Renamed{}, Body: body}}, "a", "c", 4)
	if err != nil || again != 0 {
		t.Errorf("once more: got %d, %v, want 0", again, err)
	}
	p := m.published[1]
	if p.Number != 2 || p.Renamed == nil || p.AcceptedAt != time.Unix(7, 0).UnixNano() || p.IsResend {
		t.Errorf("got published %+v", p)
	}
	var got string
	err = m.db.Read(t.Context(), `SELECT string_agg(webhook || ' ' || seq || ' ' || ends, ', ' ORDER BY seq, webhook) FROM {schema}.targets`, nil, &got)
	if want := "a 1 0, a 2 1, b 2 0"; err != nil || got != want {
		t.Errorf("got targets %s, %v, want %s", got, err, want)
	}
}

func TestATestIsInNoQueue(t *testing.T) {
	m := start(t, postgrestest.Shared(t), "", database.Options{}, accept.Options{})
	e := entry(t, "1", "1")
	e.Test = "a"
	if got, err := m.Append(t.Context(), []history.Entry{e}); err != nil || got[0].Seq != 1 {
		t.Fatalf("got %v, %v", got, err)
	}
	var line string
	err := m.db.Read(t.Context(), `SELECT convert_from(line, 'UTF8') FROM {schema}.events WHERE NOT EXISTS (SELECT FROM {schema}.targets)`, nil, &line)
	if err != nil || !strings.Contains(line, `"test":"a"`) {
		t.Errorf("got %s, %v", line, err)
	}
}

func TestNoRoom(t *testing.T) {
	full, wrote := false, 0
	m := start(t, postgrestest.Shared(t), "", database.Options{}, accept.Options{Full: func() bool { return full }, Wrote: func(bytes int) { wrote += bytes }})
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1", "a")}); err != nil {
		t.Fatal(err)
	}
	var size int
	if err := m.db.Read(t.Context(), `SELECT size FROM {schema}.events`, nil, &size); err != nil || wrote != size {
		t.Errorf("wrote %d bytes, want %d, %v", wrote, size, err)
	}
	full = true
	if got, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1", "a")}); err != nil || seqs(got) != "d1" {
		t.Errorf("a repeat: got %v, %v", got, err)
	}
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1"), entry(t, "2", "1")}); !errors.Is(err, history.ErrNoRoom) {
		t.Errorf("something new: got %v", err)
	}
	if err := m.Fault(); !errors.Is(err, history.ErrNoRoom) {
		t.Errorf("got the fault %v", err)
	}
	if n := m.count(); n != 1 || wrote != size {
		t.Errorf("got %d records and %d bytes, want 1 and %d", n, wrote, size)
	}
}

func TestRefuse(t *testing.T) {
	m := start(t, postgrestest.Shared(t), "", database.Options{}, accept.Options{})
	m.Refuse()
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1")}); !errors.Is(err, history.ErrStopping) {
		t.Errorf("got %v", err)
	}
}
