package editor_test

import (
	"reflect"
	"testing"

	"sidehook/relay/console/editor"
)

// Only what differs from the form is changed, and what is hidden is not sent back.
func TestFields(t *testing.T) {
	form := &editor.Form{
		Name: "crm", Base: "b",
		Keys: []editor.Key{
			{Name: "name", Kind: editor.KindText, Origin: editor.FromEntry, Value: "crm"},
			{Name: "description", Kind: editor.KindText, Origin: editor.FromEntry, Value: "Old"},
			{Name: "url", Kind: editor.KindText, Origin: editor.FromEntry, Value: "https://x.example.com/?a=***", Hidden: true},
			{Name: "secret"}, {Name: "headers"}, {Name: "events"},
			{Name: "timeout", Kind: editor.KindYAML, Origin: editor.FromDefaults, Value: "12s"},
			{Name: "when", Kind: editor.KindText, Origin: editor.FromEntry, Value: "a\nb"},
			{Name: "paused", Kind: editor.KindBool},
		},
		Headers: []editor.Header{
			{Name: "X-A", Value: "***", Hidden: true, Origin: editor.FromEntry}, {Name: "X-B", Value: "b", Origin: editor.FromEntry},
			{Name: "X-D", Value: "d", Origin: editor.FromDefaults},
		},
		Events: []string{"b", "a"},
	}
	same := func() map[string][]string {
		return map[string][]string{
			"name": {"crm"}, "description": {"Old"}, "url": {"https://x.example.com/?a=***"}, "secret": {"keep"}, "secret-value": {""},
			"header-name": {"X-A", "X-B", ""}, "header-value": {"***", "b", ""}, "events": {"a"}, "globs": {"b\r\n"},
			"timeout": {""}, "when": {"a\r\nb"}, "paused": {""},
		}
	}
	for name, test := range map[string]struct {
		change   func(f map[string][]string)
		set      []editor.Setting
		unset    []string
		secret   editor.SecretEdit
		problems []editor.Problem
	}{
		"nothing":         {change: func(map[string][]string) {}},
		"a text":          {change: func(f map[string][]string) { f["description"] = []string{" New: "} }, set: []editor.Setting{{Key: "description", Text: " New: "}}},
		"an empty one":    {change: func(f map[string][]string) { f["description"] = []string{""} }, unset: []string{"description"}},
		"YAML":            {change: func(f map[string][]string) { f["timeout"] = []string{" 9s "} }, set: []editor.Setting{{Key: "timeout", YAML: "9s"}}},
		"a default":       {change: func(f map[string][]string) { f["timeout"] = []string{"12s"} }, set: []editor.Setting{{Key: "timeout", YAML: "12s"}}},
		"a switch":        {change: func(f map[string][]string) { f["paused"] = []string{"true"} }, set: []editor.Setting{{Key: "paused", YAML: "true"}}},
		"not sent":        {change: func(f map[string][]string) { delete(f, "when") }},
		"events":          {change: func(f map[string][]string) { f["events"] = []string{"c", "a"}; f["globs"] = []string{"d.*, b"} }, set: []editor.Setting{{Key: "events", List: []string{"b", "a", "c", "d.*"}}}},
		"no event":        {change: func(f map[string][]string) { f["events"], f["globs"] = nil, nil }, unset: []string{"events"}},
		"a new header":    {change: func(f map[string][]string) { f["header-name"][2], f["header-value"][2] = "X-C", "c" }, set: []editor.Setting{{Key: "headers.X-C", Text: "c"}}},
		"another value":   {change: func(f map[string][]string) { f["header-value"][0] = "new" }, set: []editor.Setting{{Key: "headers.X-A", Text: "new"}}},
		"another name":    {change: func(f map[string][]string) { f["header-name"][1] = "x-b" }, set: []editor.Setting{{Key: "headers.x-b", Text: "b"}}, unset: []string{"headers.X-B"}},
		"one header less": {change: func(f map[string][]string) { f["header-name"][0], f["header-value"][0] = "", "" }, unset: []string{"headers.X-A"}},
		"no header":       {change: func(f map[string][]string) { f["header-name"], f["header-value"] = nil, nil }, unset: []string{"headers"}},
		"of the defaults": {change: func(f map[string][]string) { f["header-removed"] = []string{"X-D"} }, set: []editor.Setting{{Key: "headers.X-D", YAML: "null"}}},
		"twice":           {change: func(f map[string][]string) { f["header-name"][1] = "x-a" }, unset: []string{"headers.X-B"}, problems: []editor.Problem{{Key: "headers", Message: "x-a is given twice"}}},
		"no name":         {change: func(f map[string][]string) { f["header-value"][2] = "c" }, problems: []editor.Problem{{Key: "headers", Message: "a header has a value and no name"}}},
		"a secret":        {change: func(f map[string][]string) { f["secret"], f["secret-value"] = []string{"replace"}, []string{" s "} }, secret: editor.SecretEdit{Mode: editor.Replace, Value: " s "}},
		"no secret":       {change: func(f map[string][]string) { f["secret"] = []string{"remove"} }, unset: []string{"secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := same()
			test.change(f)
			got, problems := editor.Fields(f).Edit(form)
			want := editor.Edit{Action: editor.Change, Names: []string{"crm"}, Base: "b", Set: test.set, Unset: test.unset, Secret: test.secret}
			if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(problems, test.problems) {
				t.Errorf("got %+v, %v\nwant %+v, %v", got, problems, want, test.problems)
			}
		})
	}
}
