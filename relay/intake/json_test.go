package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sidehook/history/event"
	"sidehook/relay/apitest"
)

// goodValues are JSON: what it allows of white space, escapes, and numbers that
// no machine holds.
func goodValues() []string {
	values := []string{
		`0`, `-0`, `1`, `-1`, `10`, `123456789012345678901234567890`, `-9223372036854775809`, `0.0`, `-0.0`, `0.10`, `1.000000000000000000001`,
		`0e0`, `0E0`, `1e1`, `1E+1`, `1e-1`, `1e00`, `1e-007`, `-1.5e+10`, `1e400`, `-1e400`, `1e-400`, `1E99999999999999999999`, `123.456e789`,
		`0.` + strings.Repeat("1", 1000), strings.Repeat("9", 1000), `1e` + strings.Repeat("0", 1000) + `1`,

		`true`, `false`, `null`, `""`, `" "`, `"a"`, `"null"`, `"{}"`, `"'"`, `"//"`, `"/* */"`, `"[1,2"`, `"\\"`, `"\\\\"`, `"\\\""`, `"\\u0041"`, `"\\n"`,
		`"\u0000"`, `"\u0041"`, `"\u001f"`, `"\u007f"`, `"\u00AF"`, `"\u00af"`, `"\u2028\u2029"`, `"\ufeff"`, `"\uffff"`, `"\uFFFD"`, `"\u005c\u0022"`, `"a\u0062c"`,
		// Surrogates: pairs, and halves that stand alone or the wrong way round.
		`"\ud83d\ude00"`, `"\uD83D\uDE00"`, `"\ud800"`, `"\udfff"`, `"\ud800\ud800"`, `"\ude00\ud83d"`, `"\ud83dx"`, `"\ud83d\n"`, `"\ud83d\u0041"`, `"\udbff\udfff"`, `"x\ud800y"`,
		"\"\u007f\"", "\"\u0080\"", "\"\u0085\"", "\"é\"", "\"e\u0301\"", "\"€\"", "\"😀\"", "\"\u2028\u2029\"", "\"\ufeff\"", "\"\ufffd\"", "\"\uffff\"", "\"\U0010ffff\"", "\"\u202e\"",
		"\"\xc2\x80\"", "\"\xdf\xbf\"", "\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"", "\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"",
		`"` + strings.Repeat("x", 50_000) + `"`, `"` + strings.Repeat(`\u00e9`, 5_000) + `"`, `"` + strings.Repeat(`\\`, 5_000) + `"`,

		`[]`, `[[]]`, `[{}]`, `[null]`, `[1,"a",true,null,[],{}]`, `[[],[[],[[]]]]`, `[0,-0,0.0,-0.0]`,
		`{}`, `{"a":1}`, `{"":0}`, `{"a":{"a":{"a":{}}}}`, `{"b":1,"a":2}`, `{"\u0061":1}`, `{"\"":1}`, `{"a b":1}`, `{"é":1}`, `{"type":"x","data":{"id":1}}`, `{"__proto__":1,"$ref":"#"}`,
		// The keys of data are the receiver's matter, also one that stands twice.
		`{"a":1,"a":2}`, `{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"":1,"":2}`, `[{"a":1,"a":2}]`,
		nested(`[`, ``, `]`, 999), nested(`[`, ``, `]`, 1000), nested(`{"a":`, `1`, `}`, 1000), nested(`[{"a":`, `1`, `}]`, 500),
		`[` + strings.Repeat(`[],`, 2000) + `{}]`, `{` + strings.Repeat(`"a":0,`, 2000) + `"b":1}`,
	}
	for _, space := range []string{" ", "\t", "\r", "\n", "\r\n", " \t\r\n", strings.Repeat(" ", 1000)} {
		values = append(values, space+`1`, `1`+space, space+`"a b"`+space, `[`+space+`]`, `{`+space+`}`, `[`+space+`1`+space+`,`+space+`2`+space+`]`, `{`+space+`"a"`+space+`:`+space+`1`+space+`}`)
	}
	for _, c := range `"\/bfnrt` {
		values = append(values, `"\`+string(c)+`"`, `"x\`+string(c)+`y"`)
	}
	return values
}

// badValues are not, or have in them what is not UTF-8 or nests too deep.
func badValues() []string {
	values := []string{
		`-`, `+`, `+1`, `--1`, `- 1`, `-+1`, `-a`, `00`, `01`, `-01`, `-00`, `1 000`, `1_000`, `.`, `.1`, `-.1`, `1.`, `-1.`, `1..0`, `1.0.0`, `1.e1`, `1.+1`,
		`e1`, `1e`, `1E`, `1e+`, `1e-`, `1e+-1`, `1ee1`, `1e1e1`, `1e1.5`, `1e 1`, `0e`, `0e+`, `0x1`, `0xg`, `0b1`, `0o7`, `1f`, `1n`, `1a`, `12x`, `1-`, `1+1`, `1-2`, `½`, "\uff11", `١`,
		`NaN`, `-NaN`, `nan`, `Infinity`, `-Infinity`, `+Infinity`, `inf`, `undefined`, `None`, `nil`, `True`, `TRUE`, `False`, `Null`, `NULL`, `t`, `tru`, `truE`, `truex`, `fals`, `falsy`, `nul`, `nulll`, `n`, `a`, `yes`,
		`"`, `"a`, `"\`, `"\"`, `"\u`, `"\u0`, `"\u00`, `"\u004`, `"\u0041`, `"\u"`, `"\u0"`, `"\u00"`, `"\u004"`, `"\u004g"`, `"\u 041"`, `"\u-041"`, `"\U0041"`, `"\u{41}"`, `"\ud83d\u"`, `"\ud83d\ude0"`, `"\ud83d\x"`,
		`'a'`, `'`, `“a”`, "`a`", `\"a\"`, `\u0022a"`, `a"`, `"a"b`, `"a""b"`, `"a" "b"`, `"a"+"b"`, `R"a"`, `b"a"`, `"\x41"`, `"\0"`, `"\101"`, "\"a\\\nb\"", "\"\\\u00e9\"", "\"\\\U0001f600\"",
		// Not UTF-8: stray, truncated, overlong, surrogates, and beyond Unicode.
		"\"\x80\"", "\"\xbf\"", "\"\xc3\"", "\"\xc3(\"", "\"\xe2\x82\"", "\"\xe2\x28\xa1\"", "\"\xf0\x9f\x98\"", "\"\xf0\x28\x8c\xbc\"", "\"\xc0\x80\"", "\"\xc0\xaf\"", "\"\xc1\xbf\"", "\"\xe0\x80\xaf\"", "\"\xe0\x9f\xbf\"", "\"\xf0\x80\x80\xaf\"",
		"\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xed\xa0\xbd\xed\xb8\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"", "\"\xfe\"", "\"\xff\"", "\"a\xffb\"", "\"\\\xff\"", "\"\\u\xff\"", "\xff", "1\xff", "[\xff]", "{\"\xff\":1}", "{\"a\":\xff}", "\xe9",
		"\ufeff1", "\ufeff{}", "1\ufeff", "[1,\ufeff2]", "\xef\xbb1", "\xff\xfe1\x00", "\xfe\xff\x001",

		`[`, `[[`, `[1`, `[1,`, `["a"`, `["a`, `[1 2]`, `[1,]`, `[,]`, `[,1]`, `[1,,2]`, `[1:2]`, `[1;2]`, `["a":1]`, `[1}`, `[{]}`, `[[1]`, `[1]]`, `[1]1`, `[a]`, `[-]`, `[1e]`, `[tru]`, `[nul`, `["\x"]`, `[...]`, `[*]`, `<1>`, `(1)`, `]`, `[]]`, `[][]`,
		`{`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a"}`, `{"a":}`, `{"a" 1}`, `{"a"::1}`, `{"a":1 "b":2}`, `{"a":1,}`, `{"a":1,,"b":2}`, `{,}`, `{,"a":1}`, `{:1}`, `{a:1}`, `{'a':1}`, `{1:1}`, `{null:1}`, `{[]:1}`, `{{}:1}`, `{"a":1]`, `{"a":{]`, `{[}`, `{"a"=1}`, `{"a"=>1}`, `{"a":1;"b":2}`, `{"a":1}#`, `{"a":1}/**/`, `{"a":1}//`, `{"a":'b'}`, `{"a":b}`, `{"\x":1}`, `{"a":1 2}`, `{"a":/*1*/1}`, `{"a":1//`, `{}{}`,
		`*`, `:`, `;`, `#`, `//`, `/**/`, `/**/1`, `1/**/`, `1//`, `# 1`, `&`, `@`, `$`, `%`, `~`, `\`, `\u0031`, `=1`, `<null/>`, `1 2`, `1 "a"`, `null null`, `true false`, `{} []`,
		nested(`[`, ``, `]`, 1001), nested(`{"a":`, `1`, `}`, 1001), nested(`[{"a":`, `1`, `}]`, 501), strings.Repeat(`[`, 1001), strings.Repeat(`[`, 50_000), strings.Repeat(`{"a":`, 10_000),
	}
	for c := range rune(0x20) {
		values = append(values, `"`+string(c)+`"`, `"12345678`+string(c)+`"`)
		if !strings.ContainsRune("\t\r\n", c) {
			values = append(values, string(c)+`1`, `1`+string(c), `[1,`+string(c)+`2]`)
		}
	}
	for _, space := range "\u007f\u0085\u00a0\u1680\u2000\u200b\u2028\u2029\u202f\u2060\u3000" {
		values = append(values, string(space)+`1`, `1`+string(space), `[`+string(space)+`]`)
	}
	for c := rune('!'); c < 0x7f; c++ {
		if !strings.ContainsRune(`"\/bfnrtu`, c) {
			values = append(values, `"\`+string(c)+`"`)
		}
	}
	return values
}

func nested(open, in, end string, levels int) string {
	return strings.Repeat(open, levels) + in + strings.Repeat(end, levels)
}

// valueForms are the ways in which the value of data comes.
var valueForms = []struct {
	name, contentType string
	head, tail        string // of the body, about the value
	headers           []string
	index             int // of the event with the value; -1: the body is not of several
}{
	{"plain", jsonType, `{"type":"a.b","data":`, `}`, nil, -1},
	{"0.1", jsonType, `{"cloudEventsVersion":"0.1","eventType":"a.b","data":`, `}`, nil, -1},
	{"structured", ceType, `{"specversion":"1.0","id":"%d","source":"s","type":"a.b","data":`, `}`, nil, -1},
	{"batch", batchType, `[{"specversion":"1.0","id":"first %[1]d","source":"s","type":"c"},{"specversion":"1.0","id":"%[1]d","source":"s","type":"a.b","data":`, `}]`, nil, 1},
	{"ndjson", linesType, `{"type":"c"}` + "\n" + `{"type":"a.b","data":`, "}\n", nil, 1},
	{"binary", jsonType, ``, ``, []string{"ce-specversion", "1.0", "ce-source", "s", "ce-type", "a.b", "ce-id"}, -1},
}

var place = regexp.MustCompile(` \(byte (\d+)\)$`)

// JSON is accepted at every place of a value, and keeps its bytes except white space
// between tokens; anything else is refused, with the same offset.
func TestJSONValues(t *testing.T) {
	good, bad := goodValues(), badValues()
	places := map[string]int{} // in values that are refused
	for _, f := range valueForms {
		t.Run(f.name, func(t *testing.T) {
			l := apitest.Start(t, apitest.Settings, apitest.Options{})
			n := 0
			post := func(value string) (at int, r apitest.Reply) {
				n++
				head, headers := f.head, f.headers
				if strings.Contains(head, "%") {
					head = fmt.Sprintf(head, n)
				}
				if headers != nil {
					headers = append(headers[:len(headers):len(headers)], strconv.Itoa(n))
				}
				return len(head), l.Post(t, f.contentType, head+value+f.tail, headers...)
			}
			for _, value := range good {
				if f.contentType == linesType && strings.Contains(value, "\n") {
					continue // it would be another line
				}
				if _, r := post(value); r.StatusCode != 202 {
					t.Errorf("%.80q: got %d %s", value, r.StatusCode, r.Text)
					continue
				}
				var want bytes.Buffer
				if err := json.Compact(&want, []byte(value)); err != nil {
					t.Fatal(err)
				}
				if got := lastEvent(l).Raw("data"); !bytes.Equal(got, want.Bytes()) {
					t.Errorf("%.80q: got %.80q", value, got)
				}
			}
			kept := len(l.Journal.Events())
			for _, value := range bad {
				if f.contentType == linesType && strings.Contains(value, "\n") {
					continue
				}
				start, r := post(value)
				var problem struct {
					Detail string
					Index  *int
				}
				if err := json.Unmarshal([]byte(r.Text), &problem); err != nil || r.StatusCode != 400 {
					t.Errorf("%.80q: got %d %s", value, r.StatusCode, r.Text)
					continue
				}
				if index := problem.Index; f.index < 0 != (index == nil) || index != nil && *index != f.index {
					t.Errorf("%.80q: the index is not %d in %s", value, f.index, r.Text)
				}
				found := place.FindStringSubmatch(problem.Detail)
				if found == nil {
					t.Errorf("%.80q: no place in %s", value, r.Text)
					continue
				}
				at, _ := strconv.Atoi(found[1])
				if at -= start; at < 0 || at > len(value)+len(f.tail) {
					t.Errorf("%.80q: refused at %d of it: %s", value, at, problem.Detail)
				}
				at = min(at, len(value)) // one that does not end takes what follows it in, too
				if want, ok := places[value]; ok && at != want {
					t.Errorf("%.80q: refused at %d of it, want %d: %s", value, at, want, problem.Detail)
				}
				places[value] = at
			}
			if got := len(l.Journal.Events()); got != kept {
				t.Errorf("%d events were kept of what was refused", got-kept)
			}
		})
	}
}

// eventForms are the ways in which an event comes, and the attributes that it
// must have.
var eventForms = []struct {
	name, contentType string
	head, tail        string
	attributes        string
}{
	{"plain", jsonType, "", "", `"type":"a.b"`},
	{"0.1", jsonType, "", "", `"cloudEventsVersion":"0.1","eventType":"a.b"`},
	{"structured", ceType, "", "", `"specversion":"1.0","id":"1","source":"s","type":"a.b"`},
	{"batch", batchType, "[", "]", `"specversion":"1.0","id":"1","source":"s","type":"a.b"`},
	{"ndjson", linesType, "", "\n", `"type":"a.b"`},
}

// An event is one JSON object, in any form; $ stands for its attributes.
func TestJSONEvents(t *testing.T) {
	type refused struct {
		body string
		at   int // where in body, up to its end; -1: not the same in each form
	}
	good := []string{`{$}`, ` {$} `, "\t{$}\r", `{ $ }`, `{$ , "data" : 1}`, `{"data":1 ,$}`, `{"data":null,$}`, `{"data":{},$}`, `{$,"dat\u0061":1}`, `{"\u0064\u0061\u0074\u0061":"x",$}`}
	bad := []refused{
		{``, 0}, {` `, 1}, {`{`, 1}, {`}`, 0}, {`[`, 0}, {`null`, 0}, {`true`, 0}, {`false`, 0}, {`1`, 0}, {`-1.5`, 0}, {`""`, 0}, {`"{$}"`, 0}, {`[]`, 0}, {`[{$}]`, 0}, {`[[{$}]]`, 0}, {`({$})`, 0}, {`'{$}'`, 0},
		{"\ufeff{$}", 0}, {"\xef\xbb{$}", 0}, {"\xff\xfe{$}", 0}, {"\x00{$}", 0}, {"{\x00$}", 1}, {"\v{$}", 0}, {"\f{$}", 0}, {"\u00a0{$}", 0}, {"\u2028{$}", 0}, {"\u3000{$}", 0}, {"/**/{$}", 0}, {"//\r{$}", 0}, {"# {$}", 0}, {")]}',{$}", 0}, {`a{$}`, 0}, {`a={$}`, 0}, {`,{$}`, 0}, {`:{$}`, 0}, {"\x1e{$}", 0}, {"{{$}}", 1}, {"{[$]}", 1},
		{`{,$}`, 1}, {`{:$}`, 1}, {`{"x"$}`, 4}, {`{"x":$`, -1}, {`{"x",$}`, 4}, {`{"x":,$}`, 5}, {`{"x"::1,$}`, 5}, {`{x:1,$}`, 1}, {`{'x':1,$}`, 1}, {`{1:1,$}`, 1}, {`{null:1,$}`, 1}, {`{"x":1 $}`, 7}, {`{"x":1;$}`, 6}, {`{"x"=1,$}`, 4}, {`{"x":'1',$}`, 5}, {`{"x":01,$}`, 6}, {`{"x":1.,$}`, 7}, {`{"x":nul,$}`, 5}, {`{"x":True,$}`, 5}, {`{"x":NaN,$}`, 5}, {`{"x":"\a",$}`, 7}, {"{\"x\":\"\t\",$}", 6}, {"{\"x\ny\":1,$}", 3}, {`{"\u00":1,$}`, 6}, {"{\"\xff\":1,$}", 2}, {"{\"x\":\"\xc3\",$}", 6}, {"{\"x\":1,\xa0$}", 7},
		{`{"data":1,"data":2,$}`, 10}, {`{"data":1,"data":1,$}`, 10}, {`{"data":1,"d\u0061ta":2,$}`, 10}, {`{"data":null,"data":null,$}`, 13}, {`{$,$}`, -1}, {`{"data":` + nested(`[`, ``, `]`, 1001) + `,$}`, 1008},
		{`{$`, -1}, {`{$,`, -1}, {`{$,}`, -1}, {`{$,,}`, -1}, {`{$]`, -1}, {`{$}}`, -1}, {`{$}]`, -1}, {`{$}{$}`, -1}, {`{$} {$}`, -1}, {`{$}1`, -1}, {`{$}a`, -1}, {`{$}""`, -1}, {`{$};`, -1}, {`{$}:`, -1}, {`{$}#`, -1}, {`{$}//`, -1}, {`{$}/**/`, -1}, {"{$}\x00", -1}, {"{$}\v", -1}, {"{$}\ufeff", -1}, {"{$}\u00a0", -1}, {"{$}\xff", -1}, {"{$}\x1a", -1}, {`{$,"data":1,"data":2}`, -1}, {`{$,"data"}`, -1}, {`{$,"data":}`, -1}, {`{$,"data":1`, -1}, {`{$,"data":"`, -1}, {`{$,"data":"\`, -1}, {`{$,"`, -1}, {`{$,"data":[`, -1}, {`{$,"data":{`, -1},
	}
	for _, f := range eventForms {
		t.Run(f.name, func(t *testing.T) {
			l := apitest.Start(t, apitest.Settings, apitest.Options{})
			post := func(body string) apitest.Reply {
				return l.Post(t, f.contentType, f.head+strings.ReplaceAll(body, "$", f.attributes)+f.tail)
			}
			for n, body := range good {
				unique := strings.Replace(f.attributes, `"id":"1"`, fmt.Sprintf(`"id":"%d"`, n+2), 1)
				if r := post(strings.ReplaceAll(body, "$", unique)); r.StatusCode != 202 {
					t.Errorf("%q: got %d %s", body, r.StatusCode, r.Text)
				}
			}
			kept := len(l.Journal.Events())
			for _, b := range bad {
				if strings.TrimSpace(b.body) == "" && (f.contentType == linesType || f.contentType == batchType) {
					continue // none is as good as one there
				}
				r := post(b.body)
				found := place.FindStringSubmatch(detail(t, r))
				if r.StatusCode != 400 || found == nil {
					t.Errorf("%.80q: got %d %s", b.body, r.StatusCode, r.Text)
					continue
				}
				at, _ := strconv.Atoi(found[1])
				at -= len(f.head)
				if end := len(strings.ReplaceAll(b.body, "$", f.attributes)); at < 0 || at > end+len(f.tail) || b.at >= 0 && min(at, len(b.body)) != b.at {
					t.Errorf("%.80q: refused at %d of it, want %d: %s", b.body, at, b.at, r.Text)
				}
			}
			if got := len(l.Journal.Events()); got != kept {
				t.Errorf("%d events were kept of what was refused", got-kept)
			}
		})
	}
}

// detail is what a refusal says.
func detail(t *testing.T, r apitest.Reply) string {
	var problem struct{ Detail string }
	if err := json.Unmarshal([]byte(r.Text), &problem); err != nil {
		t.Errorf("%s: %v", r.Text, err)
	}
	return problem.Detail
}

// lastEvent is the event that was kept last.
func lastEvent(l *apitest.Listener) *event.Event {
	entries := l.Journal.Events()
	return &entries[len(entries)-1].Event
}
