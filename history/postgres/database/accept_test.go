package database_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sidehook/history/postgres/database"
)

// rec is a record for accept.
type rec struct {
	req, key int
	content  int64
	of       int64
	to       string
	was      string
	ends     int64
	after    int64
}

type accepted struct {
	last  int64
	seqs  []int64
	known []string
	word  string
}

// accept calls the function.
func accept(t *testing.T, db *database.DB, records ...rec) (a accepted) {
	t.Helper()
	return acceptBatch(t, db, rand.Int64(), records...)
}

func acceptBatch(t *testing.T, db *database.DB, batch int64, records ...rec) (a accepted) {
	t.Helper()
	n := len(records)
	req, key, size := make([]int32, n), make([][16]byte, n), make([]int32, n)
	content, of, generation, hash, ends, after := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	kind, to, was := make([]string, n), make([]string, n), make([]string, n)
	var lines []byte
	for i, r := range records {
		req[i], key[i], content[i], of[i], to[i], was[i], ends[i], after[i] = int32(r.req), [16]byte{15: byte(r.key), 14: byte(r.key >> 8), 13: byte(r.key >> 16)}, r.content, r.of, r.to, r.was, r.ends, r.after
		if r.of == 0 {
			hash[i], kind[i] = int64(r.key), fmt.Sprint("type", r.key)
		}
		line := fmt.Sprintf(`"line":%d`, i)
		lines, size[i] = append(lines, line...), int32(len(line))
	}
	var at int64
	err := db.Call(t.Context(), `SELECT stamped, last_seq, seqs, states, known FROM {schema}.accept($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`, []database.Argument{
		database.Text(string(db.Sync())), database.Bool(true), database.Int4s(req), database.UUIDs(key), database.Int8s(content), database.Int8s(of),
		database.Int8s(generation), database.Int8s(hash), database.Texts(kind), database.Texts(to), database.Texts(was),
		database.Int8s(ends), database.Int8s(after), database.Int4s(size), database.Bytea(lines), database.Int8(batch),
	}, &at, &a.last, &a.seqs, &a.word, &a.known)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAccept(t *testing.T) {
	steps := []struct {
		name    string
		records []rec
		word    string
		seqs    []int64
		last    int64
	}{
		{"two requests", []rec{{req: 1, key: 1, content: 1, to: "a b"}, {req: 2, key: 2, content: 2}}, "nn", []int64{1, 2}, 2},
		{"a repeat, and something new", []rec{{req: 1, key: 1, content: 1, to: "z"}, {req: 1, key: 3, content: 3, to: "b"}}, "dn", []int64{1, 3}, 3},
		{"a conflict refuses its request alone", []rec{{req: 1, key: 4, content: 4}, {req: 1, key: 1, content: 9}, {req: 2, key: 5, content: 5, to: "a"}}, "rcn", []int64{0, 0, 4}, 4},
		{"resends", []rec{{req: 1, of: 1, to: "a"}, {req: 1, of: 99, to: "a"}, {req: 1, of: 2, to: "c", was: "a", ends: 1}}, "ngn", []int64{5, 0, 6}, 6},
		{"the resend of a resend", []rec{{req: 1, of: 5, to: "a"}}, "g", []int64{0}, 6},
		{"resends in bulk of what was resent, or not", []rec{{req: 1, of: 1, to: "a", after: 5}, {req: 1, of: 2, to: "a", after: 5}, {req: 1, of: 2, to: "c", after: 5}, {req: 1, of: 1, to: "a", after: 4}, {req: 1, of: 99, to: "a", after: 1}}, "nnssg", []int64{7, 8, 0, 0, 0}, 8},
		{"nothing new", []rec{{req: 1, key: 2, content: 2}}, "d", []int64{2}, 8},
	}
	db := open(t, shared(t), database.Options{})
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			got := accept(t, db, s.records...)
			if got.word != s.word || !slices.Equal(got.seqs, s.seqs) || got.last != s.last {
				t.Errorf("got %s %v %d, want %s %v %d", got.word, got.seqs, got.last, s.word, s.seqs, s.last)
			}
		})
	}
	want := "a1/0 b1/0 b3/0 a4/0 a5/0 a6/1 c6/0 a7/0 a8/0"
	if got := query(t, db, `SELECT string_agg(webhook || seq || '/' || ends, ' ' ORDER BY seq, webhook) FROM {schema}.targets`); got != want {
		t.Errorf("got targets %s, want %s", got, want)
	}
	want = `1 event 0 1 type1 "line":0,2 event 0 2 type2 "line":1,3 event 0 3 type3 "line":1,4 event 0 5 type5 "line":2,5 resend 1 1 type1 "line":0,6 resend 2 2 type2 "line":2,7 resend 1 1 type1 "line":0,8 resend 2 2 type2 "line":1`
	got := query(t, db, `SELECT string_agg(seq || ' ' || kind || ' ' || of || ' ' || id_hash || ' ' || type || ' ' || convert_from(line, 'UTF8'), ',' ORDER BY seq) FROM {schema}.events`)
	if got != want {
		t.Errorf("got events\n%s, want\n%s", got, want)
	}
	if got := accept(t, db, rec{req: 1, key: 1, content: 1}).known; got[0] != "a b" {
		t.Errorf("got the webhooks %q of a repeat, want those of the first acceptance", got)
	}
}

// TestAcceptAgain makes calls again whose answers were lost: what is of the same batch
// was accepted for the first time, and what is not repeats it.
func TestAcceptAgain(t *testing.T) {
	db := open(t, shared(t), database.Options{})
	acceptBatch(t, db, 7, rec{req: 1, key: 1, content: 1, to: "a"}, rec{req: 2, key: 2, content: 2})
	acceptBatch(t, db, 8, rec{req: 1, key: 3, content: 3})
	for _, c := range []struct {
		batch int64
		word  string
		seqs  []int64
	}{
		{7, "aadn", []int64{1, 2, 3, 4}},
		{7, "aada", []int64{1, 2, 3, 4}},
		{9, "dddd", []int64{1, 2, 3, 4}},
	} {
		got := acceptBatch(t, db, c.batch, rec{req: 1, key: 1, content: 1, to: "a"}, rec{req: 2, key: 2, content: 2}, rec{req: 3, key: 3, content: 3}, rec{req: 4, key: 4, content: 4})
		if got.word != c.word || !slices.Equal(got.seqs, c.seqs) || got.last != 4 {
			t.Errorf("batch %d: got %s %v, up to %d; want %s %v, up to 4", c.batch, got.word, got.seqs, got.last, c.word, c.seqs)
		}
	}
	if got := acceptBatch(t, db, 7, rec{req: 1, key: 1, content: 9}); got.word != "c" {
		t.Errorf("with another content: got %s, want c", got.word)
	}
}

// TestPartitions makes many small ones; a repeat is found in each, and numbers have no
// gaps.
func TestPartitions(t *testing.T) {
	db := open(t, shared(t), database.Options{})
	query(t, db, `UPDATE {schema}.head SET width = 10 RETURNING width::text`)
	for i := range 20 {
		var records []rec
		for k := range 7 {
			records = append(records, rec{req: k, key: 1000 + i*7 + k, content: 1, to: "a"})
		}
		accept(t, db, records...)
	}
	if got := accept(t, db, rec{key: 1000, content: 1}); got.word != "d" || got.last != 140 {
		t.Errorf("got %+v, want a repeat of the first event", got)
	}
	for _, table := range []string{"events", "targets", "ids"} {
		number := map[string]string{"ids": "n"}[table]
		if number == "" {
			number = "seq"
		}
		want := "140 1 140"
		if got := query(t, db, fmt.Sprintf(`SELECT count(DISTINCT %s) || ' ' || min(%[1]s) || ' ' || max(%[1]s) FROM {schema}.%s`, number, table)); got != want {
			t.Errorf("%s: got %s, want %s", table, got, want)
		}
	}
	if got := query(t, db, `SELECT string_agg(DISTINCT (next - first)::text, ' ') FROM {schema}.parts`); got != "10" {
		t.Errorf("got partitions of %s numbers, want 10", got)
	}
	if got := query(t, db, `SELECT count(*)::text FROM {schema}.parts WHERE stream = 'events'`); strings.Compare(got, "14") < 0 {
		t.Errorf("got %s partitions", got)
	}
}
