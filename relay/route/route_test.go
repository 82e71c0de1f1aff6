package route_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"sidehook/relay/route"
)

func newIndex(t testing.TB, rules ...route.Rule) *route.Index {
	t.Helper()
	x, err := route.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// none is the attributes of an event that has none.
func none(func(string, string) bool) {}

func TestMatch(t *testing.T) {
	for glob, types := range map[string]struct{ yes, no []string }{
		"com.qlik.app.created": {
			[]string{"com.qlik.app.created"},
			[]string{"com.qlik.app", "com.qlik.app.created.", "com.qlik.app.created.x", "com.qlik.app.Created", "com.qlik.app.deleted", ""},
		},
		"com.qlik.*": {
			[]string{"com.qlik.app", "com.qlik.", "com.qlik.*"},
			[]string{"com.qlik", "com.qlik.app.created", "com.qlikx.app"},
		},
		"*":  {[]string{"app", "", "sidehook"}, []string{"a.b", "."}},
		"**": {[]string{"app", "a.b.c", "", "..", "sidehook", "sidehooks.x"}, []string{"sidehook.", "sidehook.delivery.exhausted"}},
		"com.qlik.**": {
			[]string{"com.qlik", "com.qlik.app", "com.qlik.app.created"},
			[]string{"com", "com.qlikx", "org.com.qlik"},
		},
		"**.deleted": {
			[]string{"deleted", "app.deleted", "com.qlik.app.deleted", "deleted.deleted"},
			[]string{"deleted.app", "app.undeleted", "sidehook.deleted"},
		},
		"*.*.deleted":    {[]string{"a.b.deleted"}, []string{"a.deleted", "a.b.c.deleted", "sidehook.webhook.deleted"}},
		"a.**.b":         {[]string{"a.b", "a.x.b", "a.b.b", "a.x.y.b"}, []string{"a", "b", "a.b.x", "x.a.b"}},
		"**.a.**.b.**":   {[]string{"a.b", "x.a.y.b.z", "a.a.b.b"}, []string{"b.a", "a", "b"}},
		"**.**":          {[]string{"a", "a.b", ""}, []string{"sidehook.x"}},
		"**.*":           {[]string{"a", "a.b.c"}, []string{"sidehook.x"}},
		"*.**.*":         {[]string{"a.b", "a.b.c"}, []string{"a"}},
		"sidehook.**":    {[]string{"sidehook", "sidehook.webhook.failing", "sidehook."}, []string{"app", "sidehooks.x"}},
		"sidehook.*.low": {[]string{"sidehook.history.low"}, []string{"sidehook.low", "x.history.low"}},
	} {
		x := newIndex(t, route.Rule{Name: "hook", Globs: []string{glob}})
		for _, typ := range types.yes {
			if got := x.Match(typ, none); !slices.Equal(got, []string{"hook"}) {
				t.Errorf("%s: Match(%q) = %q, want it to match", glob, typ, got)
			}
		}
		for _, typ := range types.no {
			if got := x.Match(typ, none); len(got) != 0 {
				t.Errorf("%s: Match(%q) = %q, want none", glob, typ, got)
			}
		}
	}
}

func TestMatchKeepsTheOrderOfTheRules(t *testing.T) {
	x := newIndex(t,
		route.Rule{Name: "z", Globs: []string{"a.*", "a.b", "**"}},
		route.Rule{Name: "never"},
		route.Rule{Name: "y", Globs: []string{"a.b"}},
		route.Rule{Name: "x", Globs: []string{"**.c"}},
		route.Rule{Name: "w", Globs: []string{"**.b"}})
	first := x.Match("a.b", none)
	if want := []string{"z", "y", "w"}; !slices.Equal(first, want) {
		t.Errorf("got %q, want %q", first, want)
	}
	if second := x.Match("a.b", none); &first[0] != &second[0] {
		t.Error("the second answer is another slice")
	}
}

// A glob of many ** can be laid over a type in more ways than anyone can wait
// for; the ways are not tried one by one.
func TestMatchDoesNotTryEveryWay(t *testing.T) {
	x := newIndex(t, route.Rule{Name: "hook", Globs: []string{strings.Repeat("**.a.", 30) + "b"}})
	typ := strings.Repeat("a.", 100)
	if got := x.Match(typ+"b", none); len(got) != 1 {
		t.Errorf("got %q, want it to match", got)
	}
	if got := x.Match(typ+"c", none); len(got) != 0 {
		t.Errorf("got %q, want none", got)
	}
}

func TestWhy(t *testing.T) {
	x := newIndex(t,
		route.Rule{Name: "a", Globs: []string{"x.y", "x.*", "**"}},
		route.Rule{Name: "b", Globs: []string{"**", "x.y"}})
	for _, test := range []struct {
		typ, name, glob string
	}{
		{"x.y", "a", "x.y"},
		{"x.z", "a", "x.*"},
		{"z", "a", "**"},
		{"x.y", "b", "**"},
		{"x.y", "c", ""},
		{"sidehook.test", "a", ""},
	} {
		glob, ok := x.Why(test.typ)[test.name]
		if glob != test.glob || ok != (test.glob != "") {
			t.Errorf("Why(%q, %q) = %q, %v; want %q", test.typ, test.name, glob, ok, test.glob)
		}
	}
}

func TestCheck(t *testing.T) {
	for glob, says := range map[string]string{
		"a": "", "a.b": "", "*": "", "**": "", "a.*.**": "", "a-b.c_d": "",
		"": "empty", ".": "empty word", "a.": "empty word", ".a": "empty word", "a..b": "empty word",
		"a*": "whole words", "a.*b": "whole words", "***": "whole words", "a.**b.c": "whole words",
	} {
		err := route.Check(glob)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("Check(%q): %v, want %q", glob, err, says)
		}
	}
	_, err := route.New([]route.Rule{{Name: "hook", Globs: []string{"a", "b*"}}})
	if err == nil || !strings.Contains(err.Error(), `"hook"`) || !strings.Contains(err.Error(), `"b*"`) {
		t.Errorf("New: %v", err)
	}
}

// More types than the cache holds, asked for from many sides at once.
func TestMatchFromManyGoroutines(t *testing.T) {
	x := newIndex(t,
		route.Rule{Name: "all", Globs: []string{"**"}},
		route.Rule{Name: "one", Globs: []string{"t.7.**"}})
	tail := strings.Repeat("x", 1000)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 5000 {
				typ := fmt.Sprintf("t.%d.%s", i%4000, tail)
				want := 1
				if i%4000 == 7 {
					want = 2
				}
				if got := x.Match(typ, none); len(got) != want || got[0] != "all" {
					t.Errorf("Match(%.10q) = %q", typ, got)
					return
				}
			}
		})
	}
	wg.Wait()
}

// reference is the definition of a glob, without any thought of speed.
func reference(glob, typ string) bool {
	if strings.HasPrefix(typ, "sidehook.") && glob != "sidehook" && !strings.HasPrefix(glob, "sidehook.") {
		return false
	}
	return referenceWords(strings.Split(glob, "."), strings.Split(typ, "."))
}

func referenceWords(glob, typ []string) bool {
	switch {
	case len(glob) == 0:
		return len(typ) == 0
	case glob[0] == "**":
		return referenceWords(glob[1:], typ) || len(typ) > 0 && referenceWords(glob, typ[1:])
	case len(typ) == 0:
		return false
	}
	return (glob[0] == "*" || glob[0] == typ[0]) && referenceWords(glob[1:], typ[1:])
}

// FuzzMatch: an index of any globs gives what each of them says by itself.
func FuzzMatch(f *testing.F) {
	f.Add("a.b *.b **.b a.** a.*.b", "a.b")
	f.Add("** **.** **.a.**.b *.**.*", "a.a.b.b")
	f.Add("sidehook.** ** *.x sidehook.*", "sidehook.x")
	f.Add("a.**.**.b **.a.** **.a.b a.**.b", "a.b.a.b")
	f.Fuzz(func(t *testing.T, globs, typ string) {
		if strings.Count(globs, "**") > 12 || strings.Count(typ, ".") > 12 {
			t.Skip("the reference takes too long")
		}
		var rules []route.Rule
		var want []string
		for i, glob := range strings.Split(globs, " ") {
			if route.Check(glob) != nil {
				continue
			}
			name := fmt.Sprint(i)
			rules = append(rules, route.Rule{Name: name, Globs: []string{glob}})
			if reference(glob, typ) {
				want = append(want, name)
			}
		}
		x := newIndex(t, rules...)
		for range 2 { // found, then from the cache
			if got := x.Match(typ, none); !slices.Equal(got, want) {
				t.Errorf("globs %q, type %q: got %q, want %q", globs, typ, got, want)
			}
		}
		for _, rule := range rules {
			if _, ok := x.Why(typ)[rule.Name]; ok != slices.Contains(want, rule.Name) {
				t.Errorf("globs %q: Why(%q, %q) = %v", globs, typ, rule.Name, ok)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	rules := make([]route.Rule, 10_000)
	for i := range rules {
		rules[i] = route.Rule{Name: fmt.Sprint("hook-", i), Globs: []string{fmt.Sprintf("com.example.t%d.*", i), "com.everyone.**"}}
	}
	for name, typ := range map[string]string{
		"none":   "com.example.other.created",
		"one":    "com.example.t5000.created",
		"all":    "com.everyone.created",
		"longer": strings.Repeat("com.example.", 10) + "t5000",
	} {
		b.Run(name+"/cached", func(b *testing.B) {
			x := newIndex(b, rules...)
			b.ReportAllocs()
			for b.Loop() {
				x.Match(typ, none)
			}
		})
		b.Run(name+"/found", func(b *testing.B) {
			x := newIndex(b, rules...)
			b.ReportAllocs()
			for b.Loop() {
				route.Find(x, typ)
			}
		})
	}
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newIndex(b, rules...)
		}
	})
}
