package expression_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/expr-lang/expr"

	"sidehook/config/expression"
)

// Where nothing is missing and no number is out of the ordinary, an expression
// means what it means to the library's own machine.
func TestAgreesWithTheLibrary(t *testing.T) {
	const text = `{"type":"a.b","source":"s","subject":"sub","id":"7","time":"2026-11-23T14:55:00Z",
	"data":{"n":5,"f":2.5,"neg":-3,"s":"Hello, wörld","t":true,"l":[3,1,2],"w":["b","a","c"],"o":{"x":1,"y":{"z":[1,2]}},"e":[],
	"items":[{"sku":"a","price":3,"on":true},{"sku":"b","price":30,"on":false},{"sku":"c","price":7.5,"on":true}],"nested":[1,[2,[3]]],"csv":"a,b,,c"}}`
	env := map[string]any{}
	if err := json.Unmarshal([]byte(text), &env); err != nil {
		t.Fatal(err)
	}
	env = whole(env).(map[string]any)
	for _, source := range []string{
		`data.n + 1`, `data.n - 1.5`, `data.n * data.f`, `data.n / 2`, `data.n % 3`, `-data.n % 3`, `data.n ** 2`, `2 ^ 3 ^ 2`, `-data.neg`, `+data.n`,
		`-2 ** 2`, `1 + 2 * 3 - 4 / 2`, `(1 + 2) * 3`, `7 % 4 * 2`, `data.n == 5.0`, `data.n != 5`, `data.f > 2`, `1 < data.n < 5`, `1 < data.n <= 5`,
		`data.s == "Hello, wörld"`, `data.s < "I"`, `data.s contains "wör"`, `data.s startsWith "He"`, `data.s endsWith "d"`, `data.s matches "^H.*d$"`,
		`data.s not contains "x"`, `not (data.s matches "x")`, `"x" not in data.o`, `"x" in data.o`, `2 in data.l`, `5 in data.l`, `data.n in 1..9`, `"a" in ["a"]`,
		`data.t and data.n > 3`, `data.t && false`, `false or data.t`, `not data.t`, `!data.t || data.t`, `data.t ? 1 : 2`, `data.n > 9 ? "a" : data.n > 4 ? "b" : "c"`,
		`if data.t { 1 } else { 2 }`, `if !data.t { 1 } else if data.n == 5 { 3 } else { 2 }`, `nil ?? 3`, `data.n ?? 3`, `data?.o?.y.z[1]`, `data.o["x"]`, `data.o.y.z[-1]`,
		`data.l[0]`, `data.l[1:]`, `data.l[:-1]`, `data.l[1:2]`, `data.l[5:]`, `data.l[-2:]`, `"hello"[1:3]`, `data.w[0] + data.w[1]`, `let x = data.n; x * x`, `let x = 1; let y = x + 1; [x, y]`,
		`1; 2`, `[1, "a", nil, true, 1.5]`, `{"a": 1, b: {"c": [data.n]}}`, `{(data.s): 1}`, `1..4`, `4..1`, `data.l == [3, 1, 2]`, `data.o == {"x": 1, "y": {"z": [1, 2]}}`, `data.l != data.w`,
		`all(data.l, # > 0)`, `all(data.e, false)`, `any(data.l, # > 2)`, `any(data.e, true)`, `none(data.l, # > 5)`, `one(data.l, # > 2)`, `filter(data.l, # > 1)`, `map(data.l, # * 2)`,
		`map(data.items, .sku)`, `map(filter(data.items, .on), .price)`, `find(data.items, .price > 5).sku`, `findLast(data.items, .on).sku`, `findIndex(data.l, # == 2)`, `findLastIndex(data.l, # < 3)`,
		`findIndex(data.l, # == 9)`, `findLastIndex(data.l, # == 9)`, `find(data.l, # == 9)`, `count(data.l, # > 1)`, `count(map(data.items, .on))`, `sum(data.l)`, `sum(data.items, .price)`, `sum([])`, `map(1..3, # + #index)`,
		`groupBy(data.items, .sku).b`, `sortBy(data.items, .price)`, `sortBy(data.items, .price, "desc")`, `sortBy(data.l, -#)`, `reduce(data.l, #acc + #)`, `reduce(data.l, #acc + #, 10)`, `reduce(data.w, #acc + #, "")`,
		`data.l | map(# + 1) | sum()`, `data.items | filter(.on) | map(.sku) | join("-")`, `data.items | count(.on)`, `filter(data.items, {.price > 5 and .on})`, `map(data.l, {let d = # * 2; d + 1})`,
		`len(data.s)`, `len(data.l)`, `len(data.o)`, `abs(data.neg)`, `abs(-2.5)`, `ceil(2.1)`, `floor(-2.1)`, `round(2.5)`, `ceil(2)`, `int(2.9)`, `int("42")`, `int(-2.9)`, `float("1.5")`, `float(2)`,
		`string(5)`, `string("a")`, `string(true)`, `string(2.5)`, `trim("  a ")`, `trim("xxaxx", "x")`, `trimPrefix("ab", "a")`, `trimSuffix("ab", "b")`, `upper(data.s)`, `lower(data.s)`,
		`split(data.csv, ",")`, `split(data.csv, ",", 2)`, `splitAfter(data.csv, ",")`, `splitAfter(data.csv, ",", 2)`, `split("abc", "")`, `replace("aaa", "a", "b")`, `replace("aaa", "a", "b", 2)`,
		`repeat("ab", 3)`, `join(data.w, "+")`, `join(data.w)`, `indexOf("abcb", "b")`, `lastIndexOf("abcb", "b")`, `indexOf("a", "x")`, `hasPrefix("ab", "a")`, `hasSuffix("ab", "a")`,
		`max(1, 2.5, 2)`, `max(data.l)`, `min(data.l)`, `min(3, [1, 2])`, `mean(data.l)`, `median(data.l)`, `median([1, 2, 3, 4])`, `mean([])`, `fromBase64(toBase64("hi"))`, `toBase64(data.s)`,
		`first(data.l)`, `last(data.l)`, `first(data.e)`, `last(data.e)`, `get(data.o, "x")`, `get(data.o, "nope")`, `get(data.l, 1)`, `take(data.l, 2)`, `take(data.l, 9)`, `sort(keys(data.o))`, `keys({"a": 1})`,
		`values({"a": 1})`, `toPairs({"a": 1})`, `reverse(data.l)`, `uniq([1, 2, 1, "a", "a"])`, `concat(data.l, data.w)`, `concat([1])`, `flatten(data.nested)`,
		`sort(data.l)`, `sort(data.w, "desc")`, `sort(data.l, "asc")`, `bitand(6, 3)`, `bitor(6, 3)`, `bitxor(6, 3)`, `bitnand(6, 3)`, `bitnot(5)`, `bitshl(1, 3)`, `bitshr(-8, 1)`, `bitushr(8, 1)`,
		`type + source`, `subject == "sub"`, `id`, `fromJSON("[1, {\"a\": 2.5}]")`, `fromJSON("{\"a\": null}").a`, `"a\tb" + 'c' + ` + "`d`", `0x1F + 0b11 + 0o17 + 1_000`, `1e3`, `.5 + 1`,
	} {
		p, err := new(expression.Compiler).Transform(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		body, err := p.Transform(newEvent(t, text))
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		program, err := expr.Compile(source, expr.Env(env), expr.DisableBuiltin("type"))
		if err != nil {
			t.Errorf("the library: %s: %v", source, err)
			continue
		}
		its, err := expr.Run(program, env)
		if err != nil {
			t.Errorf("the library: %s: %v", source, err)
			continue
		}
		its, err = json.Marshal(its)
		if err != nil {
			t.Errorf("the library: %s: %v", source, err)
			continue
		}
		var got, want any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Errorf("%s: %v", source, err)
		}
		if err := json.Unmarshal(its.([]byte), &want); err != nil {
			t.Errorf("%s: %v", source, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %s, and from the library %s", source, body, its)
		}
	}
}

// whole makes int of the numbers that are whole.
func whole(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = whole(v[key])
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case float64:
		if v == float64(int(v)) {
			return int(v)
		}
	}
	return v
}
