package expression_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"sidehook/config/expression"
)

// lookup finds the names of an event that is written as one object.
func lookup(t testing.TB, text string) func(string) []byte {
	t.Helper()
	var names map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		t.Fatal(err)
	}
	return func(name string) []byte { return names[name] }
}

func newEvent(t testing.TB, text string) *expression.Event {
	t.Helper()
	return expression.NewEvent(len(text), lookup(t, text))
}

const order = `{"type":"com.example.order.paid","source":"/shop","id":"7","time":"2026-11-23T14:55:00Z","tenantid":"t-1","date":"x",
"data":{"paid":true,"open":false,"none":null,"n":5,"price":12.5,"name":"Ada","list":[1,2,3],"big":12345678901234567890,"huge":1e400,
"items":[{"sku":"a","price":3,"tags":["x"]},{"sku":"b","price":30}],"no":"no","nested":{"deep":{"x":1}}}}`

func TestHolds(t *testing.T) {
	for text, want := range map[string]bool{
		`true`: true, `data.paid`: true, `data.open`: false, `type == "com.example.order.paid"`: true,
		`type startsWith "com.example."`: true, `type endsWith ".paid" and source == "/shop"`: true,
		`tenantid == "t-1"`: true, `$env["date"] == "x"`: true, `$env["tenantid"] == "t-1"`: true,
		`data.n > 4 && data.n <= 5`: true, `1 < data.n < 6`: true, `data.price * 2 == 25`: true,
		`data.name in ["Ada", "Bob"]`: true, `data.name not in ["Ada"]`: false, `"n" in data`: true,
		`data.name matches "^A.a$"`: true, `not (data.name matches "^B")`: true,
		`any(data.items, .price > 10)`: true, `all(data.items, .price > 10)`: false, `none(data.items, {.sku == "z"})`: true,
		`one(data.items, .sku == "a")`: true, `len(filter(data.items, .price > 10)) == 1`: true,
		`count(data.items, .price > 1) == 2`: true, `sum(data.items, .price) == 33`: true, `sum(data.list) == 6`: true,
		`find(data.items, .sku == "b").price == 30`: true, `findIndex(data.items, .sku == "b") == 1`: true,
		`len(map(filter(data.items, .price > 1), .sku)) == 2`: true, `data.items | any(#.sku == "a")`: true,
		`reduce(data.list, #acc + #, 0) == 6`: true, `reduce(data.list, #acc * #) == 6`: true,
		`data.list[0] == 1 and data.list[-1] == 3`: true, `data.list[1:] == [2, 3]`: true,
		`data.items[0] == {"price": 3, "tags": ["x"], "sku": "a"}`: true,
		`data.big != nil`: true, `data.list[1.0] == 2`: true, `1 not in data`: true,
		`1 + findLastIndex(data.list, # < 3) == 2`: true, `[0, findLast(data.items, .price > 1).sku, 9] == [0, "b", 9]`: true,
		`let x = data.n; let y = x + 1; y == 6`: true, `data.paid ? data.n == 5 : false`: true,
		`if data.open { false } else { data.paid }`: true,
		`upper(data.name) == "ADA"`:                 true, `data.name contains "d"`: true, `len(data.name) == 3`: true,
		`max(data.list) == 3 && min(3, 2.5) == 2.5`: true, `int("5") == data.n`: true, `data?.name == "Ada"`: true,
		`sortBy(data.items, .price, "desc")[0].sku == "b"`: true, `groupBy(data.items, .sku).a[0].price == 3`: true,
		`9223372036854775807 + 1 == 9223372036854775808.0`: true,
		`uniq([1, 1, 2]) == [1, 2]`:                        true, `join(["a", "b"], "-") == "a-b"`: true,
	} {
		got, err := holds(t, text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

// A missing value and null count as false.
func TestMissingCountsAsFalse(t *testing.T) {
	for text, want := range map[string]bool{
		`data.x`: false, `not data.x`: true, `data.none`: false, `!data.none`: true, `subject == "a"`: false, `nosuch`: false, `nosuch.a.b`: false,
		`data.a.b.c`: false, `data.a.b.c == 1`: false, `data.a.b.c != 1`: true, `data.name.first.x`: false, `data.list[7].x`: false,
		`data.x > 5`: false, `data.x < 5`: false, `data.x >= 5 or data.n == 5`: true, `not (data.x > 5)`: true,
		`data.x == nil`: true, `data.none == nil`: true, `data.x == false`: true, `data.x != true`: true, `data.x == data.y`: true,
		`data.x and data.paid`: false, `data.x or data.paid`: true, `data.x ? false : true`: true,
		`data.x + 1 > 0`: false, `-data.x < 1`: false, `len(data.x) > 0`: false, `len(data.x) == 0`: false, `lower(data.x) == "a"`: false,
		`any(data.x, # > 1)`: false, `all(data.x, # > 1)`: false, `none(data.x, # > 1)`: false, `not any(data.x, # > 1)`: true,
		`any(data.items, .nosuch)`: false, `all(data.items, .nosuch > 1)`: false,
		`data.x contains "a"`: false, `data.x startsWith "a"`: false, `data.x matches "a"`: false, `data.x in [1]`: false, `1 in data.x`: false,
		`not ("a" in data.x)`: true, `(data.x ?? "d") == "d"`: true, `data.x?.y.z == nil`: true, `nil in [nil]`: false,
		`sum(data.items, .nosuch) == 0`: false, `sum(data.x) > 0`: false, `data.x in data.list`: false, `any(data.items, .nosuch startsWith "a")`: false,
		`any(data.items, len(.nosuch) > 0)`: false, `data.x[:2] == "ab"`: false, `-(data.x) == nil`: true, `{"a": data.x}.a == nil`: true,
		`data.x[0] == 1`: false, `data.x[1:2] == 1`: false, `toJSON(data.x) == "null"`: true, `$env["nosuch"]`: false,
	} {
		got, err := holds(t, text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestConditionFails(t *testing.T) {
	for text, says := range map[string]string{
		`data.n`:                             "its result is a number, not true or false",
		`data.name`:                          "its result is a string",
		`not data.n`:                         "data.n is a number, not true or false",
		`data.n and true`:                    "data.n is a number",
		`data.name > 5`:                      "data.name > 5: a string and a number cannot be compared",
		`data.name + 1 == 2`:                 "data.name + 1: a string and a number cannot be used together",
		`data.n % 0 == 1`:                    "divides by 0",
		`data.n contains "a"`:                `data.n contains "a": a number and a string cannot be used together`,
		`len(filter(data.items, .tags)) > 1`: ".tags is a list, not true or false",
		`data.items[0].tags contains "x"`:    "a list and a string cannot be used together",
		`any(data.n, # > 1)`:                 "any: data.n is a number, not a list",
		`any(data.list, #)`:                  "# is a number, not true or false",
		`len(data.n) > 1`:                    "len: cannot be done with a number",
		`int("x") == 1`:                      `int: cannot be done with "x"`,
		`data.big > 5`:                       "data.big > 5: 12345678901234567890 is too large or too precise a number to compute or compare with",
		`data.big == data.big`:               "12345678901234567890 is too large or too precise",
		`5 in [data.huge]`:                   "1e400 is too large or too precise",
		`{"a": data.big} != {"a": 1}`:        "too large or too precise",
		`data.big`:                           "its result is a number, not true or false",
		`sort([1, "a"])[0] == 1`:             "sort: cannot be done with a list",
		`sortBy(data.items, .tags) == nil`:   "sortBy: .tags is a list, which cannot be a key",
		`+data.paid == 1`:                    "+data.paid: cannot be done with a bool",
		`1 in data.n`:                        "1 in data.n: a number and a number cannot be used together",
	} {
		if got, err := holds(t, text); got || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, %v; want it to fail with %q", text, got, err, says)
		}
	}
}

func holds(t *testing.T, text string) (bool, error) {
	t.Helper()
	p, err := new(expression.Compiler).Condition(text)
	if err != nil {
		return false, err
	}
	return p.Holds(newEvent(t, order))
}

func TestTransform(t *testing.T) {
	for text, want := range map[string]string{
		`{"text": "New app " + data.name}`:                  `{"text":"New app Ada"}`,
		`{"z": 1, "a": data.n, b: [data.price, nil, true]}`: `{"a":5,"b":[12.5,null,true],"z":1}`,
		`data.big`:                               `12345678901234567890`,
		`{"n": data.big, "h": data.huge}`:        `{"h":1e400,"n":12345678901234567890}`,
		`data.items[0]`:                          `{"price":3,"sku":"a","tags":["x"]}`,
		`map(data.items, ({"s": .sku}))`:         `[{"s":"a"},{"s":"b"}]`,
		`data.none`:                              `null`,
		`data.nosuch`:                            `null`,
		`subject`:                                `null`,
		`data.nosuch?.a.b`:                       `null`,
		`data.nosuch.a ?? "x"`:                   `"x"`,
		`data.nosuch ? 1 : 2`:                    `2`,
		`"<&>\u2028\"\\\n"`:                      "\"<&>\\u2028\\\"\\\\\\n\"",
		`9223372036854775807`:                    `9223372036854775807`,
		`9007199254740993 + data.n - data.n`:     `9007199254740993`,
		`9223372036854775807 + 1`:                `9223372036854776000`,
		`-9223372036854775807 * 3`:               `-27670116110564327000`,
		`7 / 2`:                                  `3.5`,
		`6 / 2`:                                  `3`,
		`1 / 3`:                                  `0.3333333333333333`,
		`{(data.name): 1, "Ada": 2}`:             `{"Ada":1}`,
		`toJSON(data.items[1])`:                  `"{\"price\":30,\"sku\":\"b\"}"`,
		`fromJSON("{\"b\":1.10, \"a\": [1e2]}")`: `{"a":[100],"b":1.1}`,
		`toPairs(data.nested)`:                   `[["deep",{"x":1}]]`,
		`keys(data.items[1])`:                    `["price","sku"]`,
		`sort([3, 1, 2.5])`:                      `[1,2.5,3]`,
		`flatten([1, [2, [3]]])`:                 `[1,2,3]`,
		`split("a,b", ",")`:                      `["a","b"]`,
		`1..3`:                                   `[1,2,3]`,
		`trim("xxaxx", "xy")`:                    `"a"`,
		`[abs(-3), abs(-9223372036854775807 - 1), ceil(1.2), floor(-1.2), round(2.5)]`:                                                                           `[3,9223372036854776000,2,-2,3]`,
		`[bitand(6, 3), bitor(6, 3), bitxor(6, 3), bitnand(6, 3), bitshl(1, 4), bitshr(16, 2), bitushr(16, 2), bitnot(0)]`:                                       `[2,7,5,4,16,4,4,-1]`,
		`[trimPrefix("aab", "a"), trimSuffix("aab", "b"), upper("ä"), indexOf("aab", "b"), lastIndexOf("aab", "a"), hasPrefix("ab", "a"), hasSuffix("ab", "a")]`: `["ab","aa","Ä",2,1,true,false]`,
		`[fromBase64(toBase64("hé")), repeat("ab", 2), splitAfter("a,b", ",")[0], split("a,b,c", ",", 2)[1]]`:                                                    `["hé","abab","a,","b,c"]`,
		`[first([1, 2]), last([1, 2]), first([]), get(data, "n"), get([1], 5), take([1, 2, 3], 2), reverse([1, 2])]`:                                             `[1,2,null,5,null,[1,2],[2,1]]`,
		`[values({"a": 1}), fromPairs([["k", 2]]), mean([1, 2]), max(1, [2, 3]), min([]), float("1.5"), int(2.9), len("äö")]`:                                    `[[1],{"k":2},1.5,3,null,1.5,2,2]`,
		`replace("aXbX", "X", "")`:  `"ab"`,
		`"äöü"[1:2]`:                `"ö"`,
		`string(data.n) + "!"`:      `"5!"`,
		`groupBy(data.list, # > 1)`: `{"false":[1],"true":[2,3]}`,
		`median([1, 9, 2])`:         `2`,
		`concat([1], data.list)`:    `[1,1,2,3]`,
		`data.list`:                 `[1,2,3]`,
	} {
		got, err := transform(t, text)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
}

// A number keeps its value, whatever holds it (X2).
func TestNumbersKeepTheirValues(t *testing.T) {
	for raw, want := range map[string]string{
		`12345678901234567890`: "", `1e400`: "", `-1e400`: "", `1e-400`: "", `9223372036854775807`: "", `-9223372036854775808`: "",
		`9223372036854775808`: "9223372036854775808", `0.1000000000000000055511151231257827`: "", `123456789.123456789123`: "",
		`1e99999999999999999999`: "", `0`: "", `5`: "", `-0`: "", `1.10`: "1.1", `0.1e1`: "1", `-1E-2`: "-0.01", `1.0`: "1", `1e2`: "100", `0.0e9`: "0",
		`1.7976931348623157e308`: "1.7976931348623157e+308", `5e-324`: "5e-324", `12345678901234567000`: "12345678901234567000", `0.30000000000000004`: "",
	} {
		if want == "" {
			want = raw
		}
		for text, want := range map[string]string{`data`: want, `{"d": data}`: `{"d":` + want + `}`, `[data, {"x": [data]}]`: `[` + want + `,{"x":[` + want + `]}]`} {
			p, err := new(expression.Compiler).Transform(text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Transform(newEvent(t, `{"data":`+raw+`}`))
			if err != nil || string(got) != want {
				t.Errorf("%s of %s: got %s, %v, want %s", text, raw, got, err, want)
			}
		}
	}
}

// A copied value is the same JSON, except for the order of members, white space and the
// form of numbers.
func TestCopy(t *testing.T) {
	for raw, want := range map[string]string{
		`{"z":1.0,"a":[1e5,{"y":-0.0,"x":null}],"z":2,"\u0062":"\ud800"}`: `{"a":[100000,{"x":null,"y":-0}],"b":"\ufffd","z":2}`,
		` [ ] `: `[]`, `{ }`: `{}`, `""`: `""`, `"<&>é\n"`: `"<&>é\n"`, `null`: `null`, `true`: `true`, `false`: `false`,
		strings.Repeat("[", 900) + strings.Repeat("]", 900): strings.Repeat("[", 900) + strings.Repeat("]", 900),
	} {
		p, err := new(expression.Compiler).Transform(`data`)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Transform(newEvent(t, `{"data":`+raw+`}`))
		if err != nil || string(got) != strings.ReplaceAll(want, `\ufffd`, "\ufffd") {
			t.Errorf("%.60s: got %.60s, %v", raw, got, err)
		}
	}
}

func TestTransformFails(t *testing.T) {
	for text, says := range map[string]string{
		`data.nosuch.a`:                   "read a: data.nosuch is missing or null",
		`"New " + data.nosuch`:            "+: data.nosuch is missing or null",
		`lower(data.nosuch)`:              "lower: data.nosuch is missing or null",
		`map(data.nosuch, #)`:             "map: data.nosuch is missing or null",
		`data.name.first`:                 "read first: data.name is a string",
		`data.list[9]`:                    "which does not have it",
		`1 / 0`:                           "JSON cannot hold",
		`{"a": [0.0 / 0]}`:                "JSON cannot hold",
		`int(data.huge)`:                  "int: cannot be done with the number 1e400, which is too large or too precise",
		`repeat("abc", 999999999)`:        "more work or memory",
		`1..999999999`:                    "more work or memory",
		`map(1..5, repeat("a", 1000000))`: "more work or memory",
		`fromJSON("{")`:                   "the string is not JSON",
		`groupBy(data.items, #)`:          "which cannot be a key",
		`reduce([], #acc)`:                "the list is empty",

		`reduce(1..3000, [#acc], 0)`:                               "nested too deeply",
		`reduce(1..3000, [#acc], 0) == reduce(1..3000, [#acc], 0)`: "nested too deeply",
		`len(flatten(reduce(1..3000, [#acc], 0)))`:                 "nested too deeply",
		`{"a": reduce(1..3000, ({"a": #acc}), 0)}`:                 "nested too deeply",
	} {
		if got, err := transform(t, text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %s, %v; want it to fail with %q", text, got, err, says)
		}
	}
}

func transform(t *testing.T, text string) (string, error) {
	t.Helper()
	p, err := new(expression.Compiler).Transform(text)
	if err != nil {
		return "", err
	}
	got, err := p.Transform(newEvent(t, order))
	return string(got), err
}

func TestEventsOfAtMost64KiB(t *testing.T) {
	p, err := new(expression.Compiler).Condition(`type == "a"`)
	if err != nil {
		t.Fatal(err)
	}
	for size, fits := range map[int]bool{expression.MaxEvent: true, expression.MaxEvent + 1: false} {
		got, err := p.Holds(expression.NewEvent(size, lookup(t, `{"type":"a"}`)))
		if got != fits || (err == nil) != fits {
			t.Errorf("%d bytes: %v, %v", size, got, err)
		}
	}
}

// An event decodes a name once, for all that are run on it.
func TestEventDecodesOnce(t *testing.T) {
	asked := 0
	e := expression.NewEvent(10, func(string) []byte { asked++; return []byte(`{"x":1}`) })
	for range 3 {
		p, err := new(expression.Compiler).Condition(`data.x == 1 and data.y == nil`)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := p.Holds(e); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
	}
	if asked != 1 {
		t.Errorf("the event was asked %d times", asked)
	}
}

// A program may be run from many goroutines, and a machine is used again after an
// evaluation that failed.
func TestConcurrent(t *testing.T) {
	var c expression.Compiler
	good, err := c.Condition(`let x = data.items; any(x, .price > 10) and findLast(x, .price > 1).sku == "b"`)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := c.Condition(`1 + len(map(data.list, {let y = # + 1; y + data.name})) == 2`)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				e := newEvent(t, order)
				if ok, err := good.Holds(e); !ok || err != nil {
					t.Errorf("got %v, %v", ok, err)
				}
				if ok, err := bad.Holds(e); ok || err == nil {
					t.Errorf("got %v, %v, want a failure", ok, err)
				}
			}
		})
	}
	group.Wait()
}

// Of an expression that came by ${…} nothing is shown, also when it fails.
func TestHidden(t *testing.T) {
	p, err := new(expression.Compiler).Transform(`data.name + 1`)
	if err != nil {
		t.Fatal(err)
	}
	hidden := p.Hidden()
	_, err = hidden.Transform(newEvent(t, order))
	if err == nil || strings.Contains(err.Error(), "data") || hidden.String() != "***" || hidden.Reveal() != "data.name + 1" || hidden.Equal(p) {
		t.Errorf("got %v, %s", err, hidden)
	}
}
