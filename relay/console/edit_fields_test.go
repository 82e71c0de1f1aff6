package console_test

import (
	"reflect"
	"testing"

	"sidehook/relay/console"
)

// Only what differs from the form is changed, and what is hidden is not sent back.
func TestFields(t *testing.T) {
	form := &console.Form{
		Name: "crm", Base: "b",
		Keys: []console.Key{
			{Name: "name", Kind: console.KindText, Origin: console.FromEntry, Value: "crm"},
			{Name: "description", Kind: console.KindText, Origin: console.FromEntry, Value: "Old"},
			{Name: "url", Kind: console.KindText, Origin: console.FromEntry, Value: "https://x.example.com/?a=***", Hidden: true},
			{Name: "secret"}, {Name: "headers"}, {Name: "events"},
			{Name: "timeout", Kind: console.KindYAML, Origin: console.FromDefaults, Value: "12s"},
			{Name: "when", Kind: console.KindText, Origin: console.FromEntry, Value: "a\nb"},
			{Name: "paused", Kind: console.KindBool},
		},
		Headers: []console.Header{
			{Name: "X-A", Value: "***", Hidden: true, Origin: console.FromEntry}, {Name: "X-B", Value: "b", Origin: console.FromEntry},
			{Name: "X-D", Value: "d", Origin: console.FromDefaults},
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
		set      []console.Setting
		unset    []string
		secret   console.SecretEdit
		problems []console.Problem
	}{
		"nothing":         {change: func(map[string][]string) {}},
		"a text":          {change: func(f map[string][]string) { f["description"] = []string{" New: "} }, set: []console.Setting{{Key: "description", Text: " New: "}}},
		"an empty one":    {change: func(f map[string][]string) { f["description"] = []string{""} }, unset: []string{"description"}},
		"YAML":            {change: func(f map[string][]string) { f["timeout"] = []string{" 9s "} }, set: []console.Setting{{Key: "timeout", YAML: "9s"}}},
		"a default":       {change: func(f map[string][]string) { f["timeout"] = []string{"12s"} }, set: []console.Setting{{Key: "timeout", YAML: "12s"}}},
		"a switch":        {change: func(f map[string][]string) { f["paused"] = []string{"true"} }, set: []console.Setting{{Key: "paused", YAML: "true"}}},
		"not sent":        {change: func(f map[string][]string) { delete(f, "when") }},
		"events":          {change: func(f map[string][]string) { f["events"] = []string{"c", "a"}; f["globs"] = []string{"d.*, b"} }, set: []console.Setting{{Key: "events", List: []string{"b", "a", "c", "d.*"}}}},
		"no event":        {change: func(f map[string][]string) { f["events"], f["globs"] = nil, nil }, unset: []string{"events"}},
		"a new header":    {change: func(f map[string][]string) { f["header-name"][2], f["header-value"][2] = "X-C", "c" }, set: []console.Setting{{Key: "headers.X-C", Text: "c"}}},
		"another value":   {change: func(f map[string][]string) { f["header-value"][0] = "new" }, set: []console.Setting{{Key: "headers.X-A", Text: "new"}}},
		"another name":    {change: func(f map[string][]string) { f["header-name"][1] = "x-b" }, set: []console.Setting{{Key: "headers.x-b", Text: "b"}}, unset: []string{"headers.X-B"}},
		"one header less": {change: func(f map[string][]string) { f["header-name"][0], f["header-value"][0] = "", "" }, unset: []string{"headers.X-A"}},
		"no header":       {change: func(f map[string][]string) { f["header-name"], f["header-value"] = nil, nil }, unset: []string{"headers"}},
		"of the defaults": {change: func(f map[string][]string) { f["header-removed"] = []string{"X-D"} }, set: []console.Setting{{Key: "headers.X-D", YAML: "null"}}},
		"twice":           {change: func(f map[string][]string) { f["header-name"][1] = "x-a" }, unset: []string{"headers.X-B"}, problems: []console.Problem{{Key: "headers", Message: "x-a is given twice"}}},
		"no name":         {change: func(f map[string][]string) { f["header-value"][2] = "c" }, problems: []console.Problem{{Key: "headers", Message: "a header has a value and no name"}}},
		"a secret":        {change: func(f map[string][]string) { f["secret"], f["secret-value"] = []string{"replace"}, []string{" s "} }, secret: console.SecretEdit{Mode: console.Replace, Value: " s "}},
		"no secret":       {change: func(f map[string][]string) { f["secret"] = []string{"remove"} }, unset: []string{"secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := same()
			test.change(f)
			got, problems := console.EditOf(form, f)
			want := console.Edit{Action: console.Change, Names: []string{"crm"}, Base: "b", Set: test.set, Unset: test.unset, Secret: test.secret}
			if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(problems, test.problems) {
				t.Errorf("got %+v, %v\nwant %+v, %v", got, problems, want, test.problems)
			}
		})
	}
}

// Types are grouped as people speak of them.
func TestResources(t *testing.T) {
	var types []console.Type
	for _, typ := range []string{"com.qlik.v1.app.created", "com.qlik.v1.app.data-updated", "com.qlik.v1.app.reload.finished", "com.qlik.v1.user.deleted", "com.qlik.v1.stopped", "ping", "shop.category.moved", "other.app.created"} {
		types = append(types, console.Type{Type: typ})
	}
	got := map[string][]string{}
	for _, r := range console.Resources(types) {
		for _, typ := range r.Types {
			got[r.Name] = append(got[r.Name], typ.Name)
		}
	}
	want := map[string][]string{
		"Apps (com.qlik.v1.app)": {"Created", "Data Updated", "Reload Finished"}, "Users": {"Deleted"}, "V1s": {"Stopped"}, "Other": {"Ping"}, "Categories": {"Moved"}, "Apps (other.app)": {"Created"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
