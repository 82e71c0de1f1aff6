package query_test

import (
	"strings"
	"testing"

	"sidehook/history/query"
)

func TestGlob(t *testing.T) {
	for glob, types := range map[query.Glob]struct{ yes, no []string }{
		"":             {[]string{"a", "a.b", "sidehook.test"}, nil},
		"a.b":          {[]string{"a.b"}, []string{"a", "a.b.c", "a.B", "a.b.", ""}},
		"a.*":          {[]string{"a.b", "a.", "a.*"}, []string{"a", "a.b.c", "b.a"}},
		"*":            {[]string{"a", ""}, []string{"a.b", "."}},
		"**":           {[]string{"a", "a.b.c", "sidehook.test", ""}, nil},
		"a.**":         {[]string{"a", "a.b", "a.b.c"}, []string{"b", "ab", "b.a"}},
		"**.b":         {[]string{"b", "a.b", "b.b", "a.b.b"}, []string{"b.a", "ab", "a.b.c"}},
		"a.**.b":       {[]string{"a.b", "a.x.b", "a.b.x.b"}, []string{"a", "b", "a.b.x"}},
		"**.a.**.b.**": {[]string{"a.b", "x.a.y.b.z", "a.a.b.b"}, []string{"b.a", "a", "b"}},
		"*.**.*":       {[]string{"a.b", "a.b.c"}, []string{"a"}},
		"**.**":        {[]string{"a", "a.b"}, nil},
		"sidehook.*":   {[]string{"sidehook.test"}, []string{"sidehook", "sidehook.a.b"}},
	} {
		for _, typ := range types.yes {
			if !glob.Match(typ) {
				t.Errorf("%q does not match %q", glob, typ)
			}
		}
		for _, typ := range types.no {
			if glob.Match(typ) {
				t.Errorf("%q matches %q", glob, typ)
			}
		}
	}
	// The ways to lay many ** over a type are not tried one by one.
	many := query.Glob(strings.Repeat("**.a.", 30) + "b")
	if typ := strings.Repeat("a.", 100); !many.Match(typ+"b") || many.Match(typ+"c") {
		t.Error("many **: wrong")
	}
	for text, says := range map[string]string{"a.*": "", "a..b": "", "**": "", "a*": `"a*" mixes`, "***": "mixes", "a.b*.c": `"b*" mixes`} {
		if _, err := query.ParseGlob(text); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
