package event_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// values are JSON values, good and bad, that data may be.
var values = []string{
	`1`, `0`, `-0`, `-1`, `12345678901234567890`, `1.10`, `1e400`, `1E+2`, `1e-2`, `0.5e1`, `01`, `-`, `+1`, `.5`, `1.`, `1e`, `1e+`, `- 1`, `0x1`, `1_0`,
	`true`, `false`, `null`, `tru`, `True`, `nul`, `nulll`, `NaN`, `Infinity`, `undefined`,
	`""`, `"a"`, `"\"\\\/\b\f\n\r\t"`, `"\u00e9\u20AC\ud83d\ude00"`, `"\ud800"`, `"\udc00\ud800"`, `"\u12"`, `"\u12g4"`, `"\x"`, `"\`, `"`, `"a`, `'a'`, `"\u`,
	"\"\t\"", "\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"1234567\n\"", "\"12345678\n\"", "\"\u2028\"", "\"é€😀\"", "\"12345\\u00e9678901234\"",
	"\"\xff\"", "\"a\xc3\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc0\x80\"", "\xef\xbb\xbf1",
	`[]`, `[ ]`, `[1]`, `[1,2]`, `[1 2]`, `[1,]`, `[,1]`, `[`, `]`, `[1`, `[1,`, `[[],[[]]]`, `[1}`, `[ "a" , true , null , {} ]`,
	`{}`, `{ }`, `{"a":1}`, `{"a":1,"a":2}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a" 1}`, `{a:1}`, `{1:1}`, `{"a":1`, `{"a":1]`, `{"a":{"b":[{"c":[]}]}}`, `{"":0}`,
	"\n{\r\n\t\"a\" :\n 1 ,\"b\":[ 1 ,\t2 ] }\r\n", `{"a b" : " c  d "}`, "1\v", "1\u00a0", "\f1", "[1,\u20282]",
	`1 2`, `1,"x":2`, `}`, ``, ` `, `/* */1`, `1//`, "\x00",
	`"</script>\u0000"`, `"0123456701234567012345670123456701234567\"0123456701234567"`,
	strings.Repeat("[", 999) + strings.Repeat("]", 999), strings.Repeat("[", 1000) + strings.Repeat("]", 1000), strings.Repeat("[", 1001) + strings.Repeat("]", 1001),
	strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000), strings.Repeat(`{"a":`, 1001) + "1" + strings.Repeat("}", 1001),
	strings.Repeat("[", 100000), strings.Repeat(" ", 100) + "1" + strings.Repeat(" ", 100),
}

// JSON is accepted at every place of a value, and anything else is refused.
func TestJSONInEveryForm(t *testing.T) {
	const modern = `{"specversion":"1.0","id":"1","source":"s","type":"a","data":`
	for _, value := range values {
		if value == `1,"x":2` { // inside the event it is more than one member
			continue
		}
		want := json.Valid([]byte(value)) && utf8.ValidString(value) && depth([]byte(value)) <= 1000
		_, plain := decoder.Plain([]byte(`{"type":"a","data":` + value + `}`))
		_, structured := decoder.Structured([]byte(modern + value + `}`))
		_, batch := decoder.Batch([]byte("[" + modern + `1},` + modern + value + `}]`))
		_, legacy := decoder.Plain([]byte(`{"cloudEventsVersion":"0.1","eventType":"a","data":` + value + `}`))
		refused := map[string]error{"plain": plain, "structured": structured, "batch": batch, "0.1": legacy}
		if value != "" { // no body is no data
			_, refused["binary"] = decoder.Binary(headers("Content-Type", "application/json"), []byte(value))
		}
		if !strings.Contains(value, "\n") {
			_, refused["lines"] = decoder.Lines([]byte(`{"type":"a","data":` + value + "}\n"))
		}
		for form, err := range refused {
			if (err == nil) != want {
				t.Errorf("%s, %.60q: got %v, want it accepted: %v", form, value, err, want)
			}
		}
	}
}

// FuzzScan holds the scanner against encoding/json: it accepts the same values
// but for what is not UTF-8 or nests deeper than 1,000, and compacts them to
// the same bytes.
func FuzzScan(f *testing.F) {
	for _, v := range values {
		if len(v) < 2000 { // the fuzzer is slow with long ones
			f.Add([]byte(v))
		}
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		body := append(append([]byte(`{"type":"a","data":`), value...), '}')
		if json.Valid(body) && !json.Valid(value) {
			return // it is more than one member
		}
		e, err := decoder.Plain(body)
		want := json.Valid(value) && utf8.Valid(value) && depth(value) <= 1000
		if got := err == nil; got != want {
			t.Fatalf("%q: got %v, want it accepted: %v", value, err, want)
		}
		if !want {
			return
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, value); err != nil {
			t.Fatal(err)
		}
		if got := e.Raw("data"); !bytes.Equal(got, compact.Bytes()) {
			t.Errorf("%q: got %s, want %s", value, got, compact.Bytes())
		}
	})
}

// depth is how deep valid JSON nests.
func depth(value []byte) (deepest int) {
	now, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			now++
			deepest = max(deepest, now)
		case c == ']' || c == '}':
			now--
		}
	}
	return deepest
}

// A stop anywhere in a string is found, wherever the eight bytes that are
// looked at together begin.
func TestStringsOfEveryLength(t *testing.T) {
	for n := range 40 {
		for at := range n + 1 {
			for _, c := range []string{"", `\"`, `\\`, "é", "\u007f", "\u0080", " ", "!", "#", "[", "]", "\x1f", "\n", "\x00"} {
				value := `"` + strings.Repeat("x", at) + c + strings.Repeat("y", n-at) + `"`
				e, err := decoder.Plain([]byte(`{"type":"a","data":` + value + `}`))
				if got, want := err == nil, json.Valid([]byte(value)); got != want {
					t.Fatalf("%q: accepted %v, want %v", value, got, want)
				} else if want && string(e.Raw("data")) != value {
					t.Fatalf("%q: got %s", value, e.Raw("data"))
				}
			}
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for body, want := range map[string]string{
		"":                                 "expected an object, found the end (byte 0)",
		"  ":                               "expected an object, found the end (byte 2)",
		"{":                                "expected a name in quotes, found the end (byte 1)",
		"[]":                               `expected an object, found "[" (byte 0)`,
		"\ufeff{}":                         "expected an object, found 0xef (byte 0)",
		`{"type"}`:                         `expected ":", found "}" (byte 7)`,
		`{"type":"a",}`:                    `expected a name in quotes, found "}" (byte 12)`,
		`{"type":"a" "b":1}`:               `expected "," or "}", found a quote (byte 12)`,
		`{"type":"a"} {"type":"b"}`:        `expected the end, found "{" (byte 13)`,
		`{"type":"a","data":}`:             `"data": expected a value, found "}" (byte 19)`,
		`{"type":"a","data":nope}`:         `"data": expected a value, and this is not quite null (byte 19)`,
		`{"type":"a","data":[1 2]}`:        `"data": expected "," or "]", found "2" (byte 22)`,
		`{"type":"a","data":-}`:            `"data": expected a digit, found "}" (byte 20)`,
		`{"type":"a","data":01}`:           `expected "," or "}", found "1" (byte 20)`,
		`{"type":"a","data":1.}`:           `"data": expected a digit, found "}" (byte 21)`,
		`{"type":"a","data":"x`:            `"data": a string is not closed (byte 21)`,
		`{"type":"a","data":"x\`:           `"data": a string is not closed (byte 22)`,
		`{"type":"a","data":"\u12"}`:       `"data": expected four hexadecimal digits after \u, found a quote (byte 24)`,
		`{"type":"a","data":"\x"}`:         `"data": expected a known escape after the backslash, found "x" (byte 21)`,
		"{\"type\":\"a\",\"data\":\"\n\"}": `"data": a string holds the control character 0x0a, which must be escaped (byte 20)`,
		"{\"type\":\"a\xff\"}":             `"type": not valid UTF-8 (byte 10)`,
		"{\"type\":\"a\",\"data\":{\"é\":\"\xe9\"}}":      `"data": not valid UTF-8 (byte 26)`,
		"{\"type\":\"a\",\"\xff\":1}":                     "not valid UTF-8 (byte 13)",
		"{\"type\":\"a\"}\xff":                            "not valid UTF-8 (byte 12)",
		"{\"type\":1 \xff":                                "not valid UTF-8 (byte 10)",
		"{\"type\" \"\xff":                                `expected ":", found a quote (byte 8)`,
		"{\"type\":\"a\",\"data\":tr\xff":                 `"data": expected a value, and this is not quite true (byte 19)`,
		`{"type":"a","data":` + strings.Repeat("[", 1001): `"data": nests deeper than 1000 levels (byte 1019)`,
		`{"` + strings.Repeat("ä", 40) + `":x}`:           `"` + strings.Repeat("ä", 32) + `…": expected a value, found "x" (byte 84)`,
		`{"x` + strings.Repeat("ä", 40) + `":x}`:          `"x` + strings.Repeat("ä", 31) + `…": expected a value, found "x" (byte 85)`,
		`{"type":"a","data":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + "}": `"data": nests deeper than 1000 levels (byte 1019)`,
		`{"\u0074ype":x}`: `"type": expected a value, found "x" (byte 13)`,
	} {
		_, err := decoder.Plain([]byte(body))
		if err == nil || err.Error() != want {
			t.Errorf("%.80q\ngot  %v\nwant %s", body, err, want)
		}
	}
}
