package expression_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidehook/config/expression"
)

// hostile are expressions that do as much as they can with an event of 64 KiB.
func hostile() []string {
	list := []string{
		`any(data.l, data.t contains "aaaaaaaaaaaaaab")`,
		`any(data.l, data.t contains (data.t + "b"))`,
		`any(data.l, lastIndexOf(data.t, "baaaaaaaaaaaaaaaaaaa") > 0)`,
		`any(data.l, data.t matches "(a|b|c)*d$")`,
		`any(data.l, data.t matches "b")`,
		`data.t matches "(a?){400}b$"`,
		`data.t[:4000] matches "(a?){400}b$"`,
		`data.t[:2000] matches "(a*)*(a*)*(a|aa){200}[^a]"`,
		`any(data.l, data.t[:100] matches "((a|aa)(a|aa)){0,40}[^a]")`,
		`any(data.l, "aaaaaaaaaaaaaaaaaaaaaaaa" matches "((a|aa)(a|aa)){0,40}[^a]")`,
		`data.t matches "(?i)[a-z]{1,100}x[a-z]{1,100}$"`,
		`data.t matches "(?i)é[a-z]é|é.é$"`,
		`all(data.l, upper(data.t) != "")`,
		`all(data.l, data.l == data.l)`,
		`len(uniq(0..100000)) > 0`,
		`all(0..99999999, true)`,
		`all(0..200000, all)`,
		`all(0..200000, # >= 0)`,
		`len(sort(map(data.l, data.t + string(#index)))) > 0`,
		`len(replace(data.t, "a", data.t)) > 0`,
		`len(replace(data.t, "", data.t)) > 0`,
		`len(repeat(data.t, 1000000)) > 0`,
		`all(data.l, len(split(data.t, "")) > 0)`,
		`all(data.l, len(trim(data.t, data.t)) > 0)`,
		`all(data.l, len(join(split(data.t, ""), data.t)) > 0)`,
		`all(data.l, len(fromJSON(toJSON(data))) > 0)`,
		`all(data.l, len(toBase64(data.t)) > 0)`,
		`len(groupBy(0..100000, "a" + string(#))) > 0`,
		`len(sortBy(0..100000, -#)) > 0`,
		`reduce(0..100000, #acc + "a", "") != ""`,
		`reduce(0..100000, concat(#acc, [#]), []) != []`,
		`reduce(0..100000, concat(#acc, #acc), [1]) != []`,
		`len(reduce(0..100, [#acc, #acc], [])) > 0 and toJSON(reduce(0..100, [#acc, #acc], [])) != ""`,
		`reduce(0..100, [#acc, #acc], []) == reduce(0..100, [#acc, #acc], [])`,
		`len(flatten(reduce(0..100, [#acc, #acc], []))) > 0`,
		`max(reduce(0..100, [#acc, #acc], [1])) > 0`,
		`all(data.l, median(data.l) > 0)`,
		`all(data.l, float(data.t) > 0)`,
		`all(data.l, ({"a": data.t, "b": [data.l, data.l]}) != nil)`,
		`all(data.l, int("` + strings.Repeat("9", 8000) + `") > 0)`,
		`all(data.l, data.t[1:] != data.t[:1])`,
		`len(5000000000000000000..6000000000000000000) > 0`,
		`len(-9000000000000000000..9000000000000000000) > 0`,
		`len(1..1e300) > 0`,
		`any(data.l, data[data.t] != nil)`,
		`any(data.l, ` + strings.Repeat("data[data.t] != nil or ", 90) + `false)`,
		`any(data.l, ` + strings.Repeat("not data.x or ", 190)[:2600] + ` false)`,
		`any(data.l, ` + strings.Repeat("data.x.y.z.a.b == 1 or ", 80) + `false)`,
		`len(fromPairs(map(data.l, [data.t, 1]))) == 9`,
		`len(map(data.l, ({"a": {"b": {"c": {"d": {}}}}}))) == 0`,
		`len(map(data.l, [[[[[]]]]])) == 0`,
		`all(data.l, keys(data) != nil)`,
		`len(sortBy(map(data.l, data.t), #)) == 0`,
		`len(sort(map(data.l, data.t))) == 0`,
		`toJSON(map(data.l, "` + strings.Repeat("\x01", 100) + `")) == ""`,
		`data.t in map(data.l, data.t + "b")`,
		`all(data.l, data.t not in [data.t + "b", data.t + "c"])`,
		`fromJSON(repeat("[", 9000) + repeat("]", 9000)) == fromJSON(repeat("[", 9000) + repeat("]", 9000))`,
		`sum(map(data.l, sum(data.l))) > 0`,
		`any(data.l, sum(data.l) < 0)`,
		`2 ** 9999999 > 0 and ` + strings.Repeat("(data.t + data.t) != data.t and ", 60) + `true`,
	}
	chain := "data.t"
	for range 100 {
		chain += ` + data.t`
	}
	return append(list, chain+` != ""`)
}

func largest() string {
	t, l := strings.Repeat("a", 32<<10), strings.Repeat("1,", 16_000)
	return fmt.Sprintf(`{"data":{"t":"%s","l":[%s1]}}`, t, l)
}

// No expression holds up the process (X1).
func TestBounded(t *testing.T) {
	text := largest()
	longest, which := time.Duration(0), ""
	for _, source := range hostile() {
		p, err := new(expression.Compiler).Condition(source)
		if err != nil {
			t.Logf("refused: %.80s: %v", source, err)
			continue
		}
		e := newEvent(t, text)
		begin := time.Now()
		_, err = p.Holds(e)
		took := time.Since(begin)
		t.Logf("%8s %.80s: %v", took.Round(10*time.Microsecond), source, err)
		if took > longest {
			longest, which = took, source
		}
	}
	// Far from what is measured, for machines that do much else.
	if longest > 10*time.Second {
		t.Errorf("%s took %s", which, longest)
	}
}
