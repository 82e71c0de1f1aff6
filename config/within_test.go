package config_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/config"
)

// The place of a problem is that of the character inside of the value, however
// the value is written.
func TestPlaceWithinAValue(t *testing.T) {
	for name, c := range map[string]struct{ text, at string }{
		"plain":               {"    when: data.a and dat.b\n", "6:22"},
		"plain, not ASCII":    {"    when: data.ä and dat.b\n", "6:22"},
		"single quotes":       {"    when: 'data.a and dat.b'\n", "6:23"},
		"doubled quote":       {"    when: 'data.a == ''x'' and dat.b'\n", "6:32"},
		"double quotes":       {`    when: "data.a and dat.b"` + "\n", "6:23"},
		"plain escapes":       {`    when: "data.a == \"x\" and dat.b"` + "\n", "6:32"},
		"other escapes":       {`    when: "data.\x61 and dat.b"` + "\n", "6:11"},
		"literal":             {"    when: |\n      data.a and\n        dat.b\n", "8:9"},
		"literal, first line": {"    when: |\n      dat.b\n", "7:7"},
		"literal, its end":    {"    when: |\n      data.a\n      and\n    enabled: true\n", "8:9"},
		"literal, last line":  {"    when: |\n      data.a\n      and\n", "8:9"},
		"folded, its end":     {"    when: >\n      data.a\n      and\n\n    enabled: true\n", "8:9"},
		"literal, comment":    {"    when: |- # why\n\n      data.a and dat.b\n", "8:18"},
		"literal, indented":   {"    when: |2\n          data.a and\n      dat.b\n", "8:7"},
		"folded":              {"    when: >\n      data.a\n      and dat.b\n", "8:11"},
		"folded, paragraphs":  {"    when: >-\n      data.a\n\n      and\n\n\n      dat.b\n", "12:7"},
		"plain over lines":    {"    when: data.a\n      and\n      dat.b\n", "8:7"},
		"quotes over lines":   {"    when: \"data.a\n      and\n      dat.b\"\n", "8:7"},
		"line ends of DOS":    {"    when: |\r\n      data.a and\r\n      dat.b\r\n", "8:7"},
		"in a mapping":        {"    when: data.a\n  - {name: b, events: [x], url: 'https://b.example', signature: none, when: data.a and dat.b}\n", "7:88"},
		"anchor":              {"    when: &c data.a and dat.b\n", "6:11"},
		"filled":              {"    when: ${NAME}\n", "6:11"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NAME", "data.a and dat.b")
			_, err := config.Parse("f", []byte(hook+c.text), config.Run)
			if err == nil || !strings.HasPrefix(err.Error(), "f:"+c.at+": webhooks[") {
				t.Errorf("got %v, want it at %s", err, c.at)
			}
		})
	}
}

// A command does not judge a value that it cannot fill in.
func TestConditionFromTheEnvironment(t *testing.T) {
	text := []byte(hook + "    when: ${NO_SUCH_CONDITION}\n")
	f, err := config.Parse("f", text, config.Check)
	if err != nil || len(f.Warnings) != 1 || f.Webhooks[0].When != nil {
		t.Errorf("got %v, %v", f, err)
	}
	t.Setenv("NO_SUCH_CONDITION", `data.x == 1`)
	f, err = config.Parse("f", text, config.Run)
	if err != nil || f.Webhooks[0].When.Reveal() != "data.x == 1" || f.Webhooks[0].When.String() != "***" {
		t.Errorf("got %v, %v", f, err)
	}
}

// A default stands where a webhook has none of its own.
func TestDefaultExpressions(t *testing.T) {
	f, err := config.Parse("f", []byte(`defaults: {when: data.a, transform: data}
webhooks:
  - {name: a, url: 'https://a.example', events: [x], signature: none}
  - {name: b, url: 'https://b.example', events: [x], signature: none, when: data.b, transform: '{"id": id}'}
`), config.Run)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"data.a data", `data.b {"id": id}`} {
		if w := f.Webhooks[i]; w.When.String()+" "+w.Transform.String() != want {
			t.Errorf("%s: got %s and %s, want %s", w.Name, w.When, w.Transform, want)
		}
	}
}

func BenchmarkLoadConditions(b *testing.B) {
	var text strings.Builder
	text.WriteString("webhooks:\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "  - name: hook-%d\n    url: https://hooks.example.com/customers\n    events: [a]\n    signature: none\n"+
			"    when: data.customer.id == %d and any(data.items, .price > 10)\n    transform: '{\"text\": \"Order \" + data.name, \"n\": %d}'\n", i, i, i)
	}
	for b.Loop() {
		if _, err := config.Parse("f", []byte(text.String()), config.Run); err != nil {
			b.Fatal(err)
		}
	}
}
