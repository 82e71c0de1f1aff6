package database_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sidehook/history/postgres/database"
)

// TestEachTypeComesBack sends values of each type, and reads them as they came and as
// PostgreSQL writes them.
func TestEachTypeComesBack(t *testing.T) {
	db := open(t, shared(t), database.Options{Schema: "sidehook"})
	long := strings.Repeat("ä", 70_000)
	for _, c := range []struct {
		typ  string
		arg  database.Argument
		to   any // points to what it is read into
		want any
		text string // "" if it is not looked at
	}{
		{"bool", database.Bool(true), new(bool), true, "true"},
		{"bool", database.Bool(false), new(bool), false, "false"},
		{"bigint", database.Int8(int64(math.MinInt64)), new(int64), int64(math.MinInt64), "-9223372036854775808"},
		{"bigint", database.Int8(uint64(math.MaxInt64)), new(int64), int64(math.MaxInt64), "9223372036854775807"},
		{"bigint", database.Int8(-7), new(int), -7, "-7"},
		{"bigint", database.Int8(-7), new(int32), int32(-7), "-7"},
		{"text", database.Text("dür"), new(string), "dür", "dür"},
		{"text", database.Text(""), new(string), "", ""},
		{"text", database.Text(long), new(string), long, ""},
		{"bytea", database.Bytea([]byte{0, 255}), new([]byte), []byte{0, 255}, `\x00ff`},
		{"bytea", database.Bytea(nil), new([]byte), []byte{}, `\x`},
		{"bytea", database.Bytea([]byte("x")), new(database.Shared), database.Shared("x"), `\x78`},
		{"jsonb", database.JSONB([]byte(`{"a":[1]}`)), nil, nil, `{"a": [1]}`},
		{"bool[]", database.Bools([]bool{true, false}), new([]bool), []bool{true, false}, "{t,f}"},
		{"bool[]", database.Bools(nil), new([]bool), []bool{}, "{}"},
		{"int[]", database.Int4s([]int32{math.MinInt32, -1, 2}), new([]int32), []int32{math.MinInt32, -1, 2}, "{-2147483648,-1,2}"},
		{"int[]", database.Int4s([]int32{-1, 2}), new([]int64), []int64{-1, 2}, "{-1,2}"},
		{"int[]", database.Int4s(nil), new([]int32), []int32{}, "{}"},
		{"bigint[]", database.Int8s([]int64{math.MinInt64, 0, 3}), new([]int64), []int64{math.MinInt64, 0, 3}, "{-9223372036854775808,0,3}"},
		{"bigint[]", database.Int8s([]uint64{}), new([]int64), []int64{}, "{}"},
		{"text[]", database.Texts([]string{"", "a b", "NULL", long}), new([]string), []string{"", "a b", "NULL", long}, ""},
		{"text[]", database.Texts([]string{"", "NULL", "ä"}), new([]string), []string{"", "NULL", "ä"}, `{"","NULL",ä}`},
		{"text[]", database.Texts(nil), new([]string), []string{}, "{}"},
		{"bytea[]", database.Byteas([][]byte{{}, nil, {1, 2}}), nil, nil, `{"\\x",NULL,"\\x0102"}`},
		{"bytea[]", database.Byteas([][]byte{nil}), nil, nil, `{NULL}`},
		{"bytea[]", database.Byteas(nil), nil, nil, "{}"},
		{"uuid[]", database.UUIDs([][16]byte{{15: 1}, {0: 255}}), nil, nil, "{00000000-0000-0000-0000-000000000001,ff000000-0000-0000-0000-000000000000}"},
		{"uuid[]", database.UUIDs(nil), nil, nil, "{}"},
	} {
		t.Run(fmt.Sprintf("%s %.20s", c.typ, c.text), func(t *testing.T) {
			if c.to != nil {
				err := db.Read(t.Context(), `SELECT $1::`+c.typ, []database.Argument{c.arg}, c.to)
				if got := reflect.ValueOf(c.to).Elem().Interface(); err != nil || !reflect.DeepEqual(got, c.want) {
					t.Errorf("got %.50v, %v, want %.50v", got, err, c.want)
				}
			}
			var text string
			err := db.Read(t.Context(), `SELECT $1::`+c.typ+`::text`, []database.Argument{c.arg}, &text)
			if err != nil || c.text != "" && text != c.text {
				t.Errorf("got the text %.50s, %v, want %s", text, err, c.text)
			}
		})
	}
}

func TestWhatIsNull(t *testing.T) {
	db := open(t, shared(t), database.Options{Schema: "sidehook"})
	raw, shared, list, null := []byte{1}, database.Shared{1}, []string{"a"}, false
	err := db.Read(t.Context(), `SELECT NULL::bytea, NULL::bytea, NULL::text[], $1::jsonb IS NULL`, []database.Argument{database.JSONB(nil)}, &raw, &shared, &list, &null)
	if err != nil || raw != nil || shared != nil || list != nil || !null {
		t.Errorf("got %v %v %v %t, %v, want nothing", raw, shared, list, null, err)
	}
}

// TestWhatCannotBeRead is of columns that a caller has not expected.
func TestWhatCannotBeRead(t *testing.T) {
	db := open(t, shared(t), database.Options{Schema: "sidehook"})
	for _, c := range []struct {
		column string
		to     any
	}{
		{"NULL::bigint", new(int64)},
		{"NULL::text", new(string)},
		{"NULL::bool", new(bool)},
		{"ARRAY['a', NULL]", new([]string)},
		{"ARRAY[[1, 2], [3, 4]]", new([]int32)},
		{"2147483648::bigint", new(int32)},
		{"'a'::text", new(int64)},
		{"1.5::numeric", new(int64)},
		{"1::bigint", new(string)},
		{"'a'::text", new([]byte)},
		{"'a'::text", new(uint8)},
	} {
		t.Run(fmt.Sprintf("%s as %T", c.column, c.to), func(t *testing.T) {
			var one int64
			if err := db.Read(t.Context(), `SELECT 1::bigint, `+c.column+` AS x`, nil, &one, c.to); err == nil || !strings.Contains(err.Error(), "column x") {
				t.Errorf("got %v, want the column", err)
			}
		})
	}
	var one, two int64
	if err := db.Read(t.Context(), `SELECT 1::bigint`, nil, &one, &two); err == nil {
		t.Error("no error of a column too few")
	}
	if err := db.Read(t.Context(), `SELECT 1::bigint WHERE false`, nil, &one); err != database.ErrNoRow {
		t.Errorf("got %v of no row", err)
	}
}

// TestRowsMayBeLeftUnread ends a reading early, after which the connection is used again.
func TestRowsMayBeLeftUnread(t *testing.T) {
	db := open(t, shared(t), database.Options{Schema: "sidehook", Readers: 1})
	for range 2 {
		rows := db.Query(t.Context(), `SELECT n, convert_to(repeat('x', 1000), 'UTF8') FROM generate_series(1::bigint, 1000) n`)
		var n int64
		var shared database.Shared
		var copies [][]byte
		for rows.Next(&n, &shared) && n < 3 {
			copies = append(copies, bytes.Clone(shared))
		}
		if err := rows.Close(); err != nil || n != 3 || len(copies) != 2 || !slices.Equal(copies[0], copies[1]) {
			t.Errorf("got %d rows, %v", n, err)
		}
	}
}

// TestTransact commits all of it or nothing, and its connection is used again.
func TestTransact(t *testing.T) {
	db := open(t, shared(t), database.Options{})
	add := func(tx *database.Tx, sql string) error { return tx.Call(t.Context(), sql, nil) }
	for range 6 { // more than there are connections
		err := db.Transact(t.Context(), func(tx *database.Tx) error {
			if err := add(tx, `UPDATE {schema}.head SET last = last + 1 WHERE stream = 'ids'`); err != nil {
				return err
			}
			return add(tx, `SELECT 1 / 0`)
		})
		if database.Code(err) != "22012" {
			t.Errorf("got %v, want a division by zero", err)
		}
	}
	if err := db.Transact(t.Context(), func(tx *database.Tx) error {
		return add(tx, `UPDATE {schema}.head SET last = last + 10 WHERE stream = 'ids'`)
	}); err != nil {
		t.Error(err)
	}
	if got := query(t, db, `SELECT last::text FROM {schema}.head WHERE stream = 'ids'`); got != "10" {
		t.Errorf("got %s, want what was committed alone", got)
	}
}
