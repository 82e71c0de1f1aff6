package outbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sidehook/relay/outbox"
)

// sink accepts events as a history does.
type sink struct {
	mu     sync.Mutex
	bodies map[string]string // by id
	order  []string          // ids
	err    error             // of what is offered; nil: it is accepted
	calls  int
	most   int // events of a call
	begin  func(ctx context.Context)
}

func (s *sink) accept(ctx context.Context, events []outbox.Event) ([]outbox.Outcome, error) {
	if s.begin != nil {
		s.begin(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.most = max(s.most, len(events))
	if s.err != nil {
		return nil, s.err
	}
	if s.bodies == nil {
		s.bodies = map[string]string{}
	}
	outcomes := make([]outbox.Outcome, len(events))
	for i, e := range events {
		var known struct{ ID, Type string }
		if err := json.Unmarshal(e.Body, &known); err != nil {
			outcomes[i].Refused = err.Error()
			continue
		}
		body, ok := s.bodies[known.ID]
		switch {
		case known.Type == "":
			outcomes[i].Refused = "no type\x00"
		case ok && body != string(e.Body):
			outcomes[i].Refused = "another content"
		case ok:
			outcomes[i].Duplicate = true
		default:
			s.bodies[known.ID] = string(e.Body)
			s.order = append(s.order, known.ID)
		}
	}
	return outcomes, nil
}

func (s *sink) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.order)
}

func (s *sink) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// log is a log that may be read meanwhile.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

// count counts the lines with a text.
func (l *log) count(part string) (n int) {
	for _, line := range l.lines() {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// reading reads outboxes until the test ends, or stop is called.
type reading struct {
	*outbox.Outboxes
	*sink
	log  *log
	stop func()
}

func read(t testing.TB, s *sink, maxSize int, databases ...*outbox.Database) *reading {
	t.Helper()
	r := &reading{sink: s, log: &log{}}
	r.Outboxes = outbox.New(outbox.Options{Accept: s.accept, MaxEventSize: maxSize, Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))})
	r.Apply(databases)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	r.stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(func() {
		r.stop()
		if t.Failed() {
			t.Logf("the log:\n%s", strings.Join(r.log.lines(), "\n"))
		}
	})
	return r
}

const patience = time.Minute

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (d *database) empty() bool {
	d.t.Helper()
	return d.value("SELECT count(*) FROM sidehook.outbox") == "0"
}

// TestRows: rows come as they were sent, in their order; those that are refused are kept
// with the reason, and hold up no other.
func TestRows(t *testing.T) {
	d := newDatabase(t)
	d.exec(`BEGIN; SELECT sidehook.send('a.b', '{"z":1.10,  "a":"é\u00e9"}', 'e1', 's', 'x', '{"tenant": "acme", "n": 5}');
		SELECT sidehook.send('a.b', id => e'q"\\'); COMMIT;
		INSERT INTO sidehook.outbox (id, type, attributes) VALUES ('list', 'a', '[1]');
		INSERT INTO sidehook.outbox (id, type) VALUES ('none', '');
		INSERT INTO sidehook.outbox (id, type, data) VALUES ('large', 'a', to_json(repeat('x', 2000)));
		INSERT INTO sidehook.outbox (id, type, at) VALUES ('never', 'a', 'infinity'), ('always', 'a', '-infinity');
		SELECT sidehook.send('a.b', id => 'e3'); SELECT sidehook.send('a.b', id => 'e3'); SELECT sidehook.send('a.c', id => 'e3')`)
	r := read(t, &sink{}, 1000, d.Database)
	eventually(t, "all rows are taken", d.empty)
	eventually(t, "they are counted", func() bool { s := r.State(); return s.Refused == 4 && s.Oldest == 0 })
	if got, want := r.ids(), []string{"e1", `q"\`, "never", "always", "e3"}; !slices.Equal(got, want) {
		t.Errorf("accepted %q, want %q", got, want)
	}
	if got, want := r.bodies["e1"], `{"id":"e1","source":"s","type":"a.b","subject":"x","n": 5, "tenant": "acme","data":{"z":1.10,  "a":"é\u00e9"}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got := d.exec(`SELECT concat_ws(' ', position, id, type, attributes, length(data::text), reason, refused_at > at) FROM sidehook.outbox_refused ORDER BY number`)
	want := []string{
		`3 list a [1] "attributes": must be a JSON object t`,
		`4 none  no type t`,
		`5 large a 2002 the event is larger than max_event_size, 1000 bytes t`,
		`10 e3 a.c another content t`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("refused\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if s := r.State(); !s.Up || s.Accepted != 5 || s.Duplicate != 1 || s.Refused != 4 {
		t.Errorf("the state is %+v", s)
	}
	if got, want := r.State().Troubles, []string{"rows of the outbox of db were refused, 4 since the start, and are in sidehook.outbox_refused; the last one is e3: another content"}; !slices.Equal(got, want) {
		t.Errorf("the troubles are %q, want %q", got, want)
	}
	if line := `level=WARN msg="a row of the outbox was refused; it is in sidehook.outbox_refused" database=db event=list type=a position=3 reason="\"attributes\": must be a JSON object" and_more=3`; r.log.count(line) != 1 {
		t.Errorf("no line %s", line)
	}
}

// TestWoken: a reader that is idle says so, and a row that is sent then wakes it.
func TestWoken(t *testing.T) {
	d := newDatabase(t)
	r := read(t, &sink{}, 0, d.Database)
	idle := func() bool { return d.value("SELECT last_value FROM sidehook.outbox_idle") == "1" }
	eventually(t, "it is idle", idle)
	wait, pooled, err := outbox.Listen(t.Context(), d.Database)
	if err != nil || pooled {
		t.Fatal(pooled, err)
	}
	d.exec("SELECT sidehook.send('a', id => '1')")
	start := time.Now()
	if err := wait(patience); err != nil || time.Since(start) > patience/2 {
		t.Errorf("not woken: %v", err)
	}
	eventually(t, "it is taken", func() bool { return len(r.ids()) == 1 })
	if idle() {
		t.Error("it is idle, and has just taken a row")
	}
	// One that has to poll takes it, too.
	d.exec("ALTER TABLE sidehook.outbox DISABLE TRIGGER outbox_notify")
	eventually(t, "it is idle again", idle)
	d.exec("SELECT sidehook.send('a', id => '2')")
	eventually(t, "it is taken by a poll", func() bool { return len(r.ids()) == 2 })
}

// TestNoRoom: rows wait, and are accepted once there is room.
func TestNoRoom(t *testing.T) {
	d := newDatabase(t)
	d.exec("SELECT sidehook.send('a', id => i::text) FROM generate_series(1, 3) i")
	s := &sink{err: errors.New("no room left for the history")}
	r := read(t, s, 0, d.Database)
	eventually(t, "it was tried three times", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.calls > 2 })
	if state := r.State(); !state.Up || state.Oldest <= 0 || state.Accepted > 0 {
		t.Errorf("the state is %+v", state)
	}
	if n := d.value("SELECT count(*) FROM sidehook.outbox"); n != "3" {
		t.Errorf("%s rows wait, want 3", n)
	}
	if got := d.value("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND locktype = 'advisory'"); got != "0" {
		t.Errorf("%s locks while it waits", got)
	}
	s.fail(nil)
	eventually(t, "they are accepted", d.empty)
	if got := r.ids(); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("got %q", got)
	}
	if line := `level=WARN msg="rows of the outbox wait: they cannot be accepted now" database=db error="no room left for the history"`; r.log.count(line) != 1 {
		t.Errorf("no line, or many: %s", line)
	}
}

// TestTurnElsewhere: only the reader that has its turn tells how long a row has waited, so
// that the others do not tell of rows that are gone.
func TestTurnElsewhere(t *testing.T) {
	d := newDatabase(t)
	d.exec("SELECT sidehook.send('a', id => '1')")
	r := read(t, &sink{err: errors.New("no room left for the history")}, 0, d.Database)
	eventually(t, "a row is known to wait", func() bool { return r.State().Oldest > 0 })
	other, err := pgconn.Connect(t.Context(), d.url("postgres", d.port))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.WithoutCancel(t.Context()))
	if _, err := other.Exec(t.Context(), "SELECT pg_advisory_lock(5428001146215462513)").ReadAll(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is another's to tell", func() bool { return r.State().Oldest == 0 })
}

// TestStopWhileAccepting: what is durable leaves the outbox all the same.
func TestStopWhileAccepting(t *testing.T) {
	d := newDatabase(t)
	d.exec("SELECT sidehook.send('a', id => '1')")
	begun, held := make(chan struct{}), make(chan struct{})
	s := &sink{begin: func(ctx context.Context) {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 11*time.Second {
			t.Error("there is no limit to how long rows are locked")
		}
		close(begun)
		<-held
	}}
	r := read(t, s, 0, d.Database)
	<-begun
	go func() { close(held) }()
	r.stop()
	if !d.empty() || len(r.ids()) != 1 {
		t.Errorf("accepted %q, and the outbox is not empty", r.ids())
	}
}

// TestApply: databases come and go while others are read.
func TestApply(t *testing.T) {
	one, two := newDatabase(t), newDatabase(t)
	r := read(t, &sink{}, 0)
	if s := r.State(); s.Databases != 0 {
		t.Errorf("the state is %+v", s)
	}
	one.exec("SELECT sidehook.send('a', id => '1')")
	two.exec("SELECT sidehook.send('a', id => '2')")
	r.Apply([]*outbox.Database{one.Database, two.Database})
	eventually(t, "both are read", func() bool { return one.empty() && two.empty() && r.State().Up })
	r.Apply([]*outbox.Database{two.Database})
	eventually(t, "one is left", func() bool {
		return one.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sidehook'") == "0"
	})
	one.exec("SELECT sidehook.send('a', id => '3')")
	two.exec("SELECT sidehook.send('a', id => '4')")
	eventually(t, "the other is read", two.empty)
	if one.empty() {
		t.Error("one is read")
	}
	if n := two.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sidehook'"); n != "1" {
		t.Errorf("%s connections, want 1", n)
	}
	r.Apply([]*outbox.Database{one.Database, two.Database})
	eventually(t, "one is read again", one.empty)
}

// TestSeveralReaders: each row is taken once, in the order of all, whatever isolation
// transactions have by default.
func TestSeveralReaders(t *testing.T) {
	d := newDatabase(t)
	d.exec("ALTER DATABASE " + d.name + " SET default_transaction_isolation = serializable")
	s := &sink{}
	for range 3 {
		read(t, s, 0, d.Database)
	}
	var want []string
	for i := range 20 {
		d.exec(fmt.Sprintf("SELECT sidehook.send('a', id => '%d.' || i) FROM generate_series(1, 300) i", i))
		for k := range 300 {
			want = append(want, fmt.Sprintf("%d.%d", i, k+1))
		}
	}
	eventually(t, "all are taken", d.empty)
	if got := s.ids(); !slices.Equal(got, want) {
		t.Errorf("%d rows, or in another order", len(got))
	}
}

// TestBurst: a backlog is read in batches that are bounded in rows and bytes.
func TestBurst(t *testing.T) {
	d := newDatabase(t)
	const rows = 100_000
	d.exec(fmt.Sprintf(`INSERT INTO sidehook.outbox (type, data, id) SELECT 'order.paid', json_build_object('order', i, 'text', repeat('x', 100)), i FROM generate_series(1, %d) i`, rows))
	s := &sink{}
	start := time.Now()
	r := read(t, s, 0, d.Database)
	eventually(t, "all are taken", func() bool { return r.State().Accepted == rows })
	took := time.Since(start)
	t.Logf("%d rows in %v: %.0f a second", rows, took.Round(time.Millisecond), rows/took.Seconds())
	eventually(t, "all are gone", d.empty)
	for i, id := range s.ids() {
		if id != fmt.Sprint(i+1) {
			t.Fatalf("event %d is %s", i+1, id)
		}
	}
	if s.most > 1000 {
		t.Errorf("%d rows in a batch", s.most)
	}
	d.exec(`SELECT sidehook.send('a', to_json(repeat('x', 900000)), 'x' || i) FROM generate_series(1, 20) i`)
	s.mu.Lock()
	s.most = 0
	s.mu.Unlock()
	eventually(t, "large ones are taken", d.empty)
	if s.mu.Lock(); s.most > 6 {
		t.Errorf("%d rows of 900 kB in a batch", s.most)
	}
	s.mu.Unlock()
}
