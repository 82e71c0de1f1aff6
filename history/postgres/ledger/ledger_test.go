package ledger_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/ledger"
	"sidehook/history/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// running is a ledger of a member that owns webhook a in epoch 1.
type running struct {
	*ledger.Ledger
	t      *testing.T
	server *postgrestest.Server
	proxy  *postgrestest.Proxy
	schema string
	stop   func()

	mu      sync.Mutex
	late    []string
	drained int
}

func start(t *testing.T, maxBytes int64) *running {
	t.Helper()
	s := postgrestest.Shared(t)
	r := &running{t: t, server: s, proxy: s.Proxy(t), schema: s.Schema(t)}
	if err := database.Install(t.Context(), s.OwnerURL(), r.schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	r.exec(`INSERT INTO %s.members (name, incarnation, beat, lease) VALUES ('m', 'i', 0, 0)`)
	r.exec(`INSERT INTO %s.cursors (webhook, owner, incarnation, epoch) VALUES ('a', 'm', 'i', 1)`)
	db, err := database.Open(database.Options{URL: r.proxy.URL(), Schema: r.schema, Sync: database.Storage})
	if err != nil {
		t.Fatal(err)
	}
	r.Ledger = ledger.New(ledger.Options{
		DB: db, Member: "m", Incarnation: "i", MaxBytes: maxBytes,
		Late: func(webhook string, epoch int64) {
			r.note(func() { r.late = append(r.late, fmt.Sprint(webhook, epoch)) })
		},
		Drained: func() { r.note(func() { r.drained++ }) },
	})
	r.Own("a", 1)
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { r.Run(ctx) })
	r.stop = sync.OnceFunc(func() {
		cancel()
		ended.Wait()
		db.Close()
	})
	t.Cleanup(r.stop)
	return r
}

func (r *running) note(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *running) exec(sql string) { r.server.Exec(r.t, fmt.Sprintf(sql, r.schema)) }

func (r *running) value(sql string) string { return r.server.Value(r.t, fmt.Sprintf(sql, r.schema)) }

// record records attempts at the deliveries of the seqs from-to.
func (r *running) record(from, to int) {
	for seq := from; seq <= to; seq++ {
		a := history.Attempt{Generation: 1, Type: "a.b", Event: fmt.Sprint("e", seq), Status: history.Delivered, Code: 200}
		r.Record(history.Line{
			Webhook: "a", At: time.Now(), Config: &history.Config{Generation: 1, URL: "https://example.com"},
			Fields: history.AppendAttempt(nil, &history.AttemptRecord{Webhook: "a", Seq: history.Seq(seq), Number: 1}, &a),
		})
	}
}

// flush flushes until it succeeds.
func (r *running) flush() {
	r.t.Helper()
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		err := r.Flush()
		if err == nil {
			return
		}
		if time.Since(begun) > 20*time.Second {
			r.t.Fatal(err)
		}
	}
}

// seqs are those of the attempts, in order, with a star for late ones.
func (r *running) seqs() string {
	return r.value(`SELECT coalesce(string_agg(seq || CASE WHEN late THEN '*' ELSE '' END, ' ' ORDER BY n), '') FROM %s.attempts`)
}

func TestLinesAreWrittenInOrder(t *testing.T) {
	r := start(t, 0)
	r.record(1, 5)
	r.flush()
	if got := r.seqs(); got != "1 2 3 4 5" {
		t.Errorf("got %s", got)
	}
	if got := r.value(`SELECT min(n) || ' ' || max(n) || ' ' || min(type) || ' ' || min(code) FROM %s.attempts`); got != "1 5 a.b 200" {
		t.Errorf("got %s", got)
	}
	if got := r.value(`SELECT string_agg(webhook || generation || convert_from(line, 'UTF8'), ' ') FROM %s.configs`); got != `a1"kind":"config","generation":1,"webhook":"a","url":"https://example.com","headers":{}` {
		t.Errorf("got %s", got)
	}
	if n := r.LastN(); n != 5 {
		t.Errorf("got %d, want 5", n)
	}
}

// What is recorded under an ownership that has ended is late, and its checkpoints are not
// written.
func TestLate(t *testing.T) {
	r := start(t, 0)
	r.record(1, 1)
	r.flush()
	r.exec(`UPDATE %s.cursors SET owner = 'other', incarnation = 'j', epoch = 2`)
	r.record(2, 3)
	r.Save(&ledger.Checkpoint{Webhook: "a", Epoch: 1, JSON: []byte("{}"), CoversN: 3})
	r.flush()
	if got := r.seqs(); got != "1 2* 3*" || r.Late() != 2 {
		t.Errorf("got %s, %d late", got, r.Late())
	}
	if got := r.value(`SELECT covers_n FROM %s.cursors`); got != "0" {
		t.Errorf("a checkpoint was written over that of another owner: %s", got)
	}
	r.note(func() {
		if len(r.late) != 1 || r.late[0] != "a1" {
			t.Errorf("got %v, want a1", r.late)
		}
	})
}

// A checkpoint is durable after the lines that it covers, and only then.
func TestCheckpoint(t *testing.T) {
	r := start(t, 0)
	r.record(1, 2)
	r.Save(&ledger.Checkpoint{Webhook: "a", Epoch: 1, At: time.Unix(0, 7), JSON: []byte(`{"last":2}`), CoversN: 0, CoversSeq: 2, Refs: [][2]history.Seq{{1, 2}, {5, 5}}, Figures: []byte("f")})
	r.flush()
	if got := r.value(`SELECT convert_from(checkpoint, 'UTF8') || covers_seq || refs::text || written || convert_from(figures, 'UTF8') FROM %s.cursors`); got != `{"last":2}2{1,2,5,5}7f` {
		t.Errorf("got %s", got)
	}
	if got := r.seqs(); got != "1 2" {
		t.Errorf("got %s", got)
	}
	n := 0
	if r.Unsaved(func(string, int) { n++ }); n != 0 {
		t.Error("something is not saved")
	}
}

// However the connection breaks, each line is written once.
func TestBrokenConnections(t *testing.T) {
	for name, b := range map[string]postgrestest.Break{
		"the statement is lost": postgrestest.CutRequest, "the answer is lost": postgrestest.CutAnswer, "no connection": postgrestest.Refuse,
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, 0)
			for i := range 3 {
				r.record(10*i+1, 10*i+2)
				r.flush()
				r.proxy.Set(b)
				r.record(10*i+3, 10*i+4)
				if b == postgrestest.Refuse {
					if r.Flush() == nil {
						t.Error("flushed without a connection")
					}
					r.proxy.Set(postgrestest.Nothing)
				}
			}
			r.flush()
			if got := r.seqs(); got != "1 2 3 4 11 12 13 14 21 22 23 24" {
				t.Errorf("got %s", got)
			}
		})
	}
}

// While the database is away lines wait in memory, and so many that no more should come.
func TestFull(t *testing.T) {
	r := start(t, 10_000)
	r.proxy.Set(postgrestest.Refuse)
	r.record(1, 20)
	if r.Full() {
		t.Error("full after 20 lines")
	}
	r.record(21, 100)
	if !r.Full() {
		t.Error("not full after 100 lines")
	}
	r.proxy.Set(postgrestest.Nothing)
	r.flush()
	r.note(func() {
		if r.Full() || r.drained != 1 {
			t.Errorf("full: %v; told %d times that it is not", r.Full(), r.drained)
		}
	})
	if got := r.value(`SELECT count(*) || ' ' || count(DISTINCT seq) FROM %s.attempts`); got != "100 100" {
		t.Errorf("got %s", got)
	}
}

// A stop writes what is left.
func TestStop(t *testing.T) {
	r := start(t, 0)
	r.record(1, 300)
	r.stop()
	if got := r.value(`SELECT count(*) FROM %s.attempts`); got != "300" {
		t.Errorf("got %s", got)
	}
	if err := r.Flush(); err != nil {
		t.Errorf("nothing is left, and flush returns %v", err)
	}
}
