package edit_test

import (
	"errors"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"sidehook/config/edit"
)

var order = []string{"name", "was", "description", "url", "events", "secret", "headers", "enabled", "timeout"}

func parse(t *testing.T, text string) edit.Document {
	t.Helper()
	d, err := edit.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func value(t *testing.T, text string) *yaml.Node {
	t.Helper()
	v, err := edit.Value(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Each case changes the first webhook, w, of a file.
func TestSet(t *testing.T) {
	for _, c := range []struct {
		name, before, key, value, after string
	}{
		{"plain", "webhooks:\n  - name: w\n    url: a # why\n    timeout: 5s\n", "url", "b", "webhooks:\n  - name: w\n    url: b # why\n    timeout: 5s\n"},
		{"keeps double quotes", "webhooks:\n- name: w\n  url: \"a\"\n", "url", "b", "webhooks:\n- name: w\n  url: \"b\"\n"},
		{"keeps single quotes", "webhooks:\n- name: w\n  url: 'it''s' # x\n", "url", "a'b", "webhooks:\n- name: w\n  url: 'a''b' # x\n"},
		{"quotes what needs it", "webhooks:\n- name: w\n  url: a\n", "url", "'*'", "webhooks:\n- name: w\n  url: '*'\n"},
		{"null", "webhooks:\n- name: w\n  secret:\n  url: a\n", "secret", "b", "webhooks:\n- name: w\n  secret: b\n  url: a\n"},
		{"null and a comment", "webhooks:\n- name: w\n  secret: # none\n  url: a\n", "secret", "b", "webhooks:\n- name: w\n  secret: b # none\n  url: a\n"},
		{"over lines", "webhooks:\n- name: w\n  description: one\n    two\n    # no\n  url: a\n", "description", "three", "webhooks:\n- name: w\n  description: three\n    # no\n  url: a\n"},
		{"literal", "webhooks:\n- name: w\n  description: |\n    one\n\n    two\n\n  url: a\n", "description", "three", "webhooks:\n- name: w\n  description: three\n\n  url: a\n"},
		{"list in brackets", "webhooks:\n- name: w\n  events: [a,\n    \"b\"] # all\n  url: a\n", "events", "[a.*, c]", "webhooks:\n- name: w\n  events: [a.*, c] # all\n  url: a\n"},
		{"rows", "webhooks:\n- name: w\n  events:\n    - a # first\n    - b\n    - c # third\n  url: a\n", "events", "[a, c, d]", "webhooks:\n- name: w\n  events:\n    - a # first\n    - c # third\n    - d\n  url: a\n"},
		{"rows without indentation", "webhooks:\n- name: w\n  events:\n  - a\n  url: a\n", "events", "[b, c]", "webhooks:\n- name: w\n  events:\n  - b\n  - c\n  url: a\n"},
		{"rows become a scalar", "webhooks:\n- name: w\n  secret:\n  - a\n  - b\n  url: a\n", "secret", "c", "webhooks:\n- name: w\n  secret: c\n  url: a\n"},
		{"rows, and a comment at the key", "webhooks:\n- name: w\n  headers: # ours\n    a: b\n  url: a\n", "headers", "{c: d}", "webhooks:\n- name: w\n  headers: {c: d} # ours\n  url: a\n"},
		{"added in order", "webhooks:\n- name: w\n  url: a # b\n  enabled: true\n", "events", "[x]", "webhooks:\n- name: w\n  url: a # b\n  events: [x]\n  enabled: true\n"},
		{"added at the end", "webhooks:\n- name: w\n  url: a", "timeout", "5s", "webhooks:\n- name: w\n  url: a\n  timeout: 5s"},
		{"added after a list", "webhooks:\n- name: w\n  events:\n    - a\n\n# other\nx: y\n", "timeout", "5s", "webhooks:\n- name: w\n  events:\n    - a\n  timeout: 5s\n\n# other\nx: y\n"},
		{"within braces", "webhooks: [{name: w, url: a, }]\n", "events", "[x]", "webhooks: [{name: w, url: a, events: [x], }]\n"},
		{"JSON", "{\"webhooks\": [{\"name\": \"w\", \"url\": \"a\"}]}\n", "url", "b", "{\"webhooks\": [{\"name\": \"w\", \"url\": \"b\"}]}\n"},
		{"Windows line ends", "webhooks:\r\n- name: w\r\n  url: a\r\n", "timeout", "5s", "webhooks:\r\n- name: w\r\n  url: a\r\n  timeout: 5s\r\n"},
		{"byte order mark", "\ufeffwebhooks:\n- name: w\n  url: a\n", "url", "b", "\ufeffwebhooks:\n- name: w\n  url: b\n"},
		{"wide characters", "webhooks:\n- {name: w, description: 'über 日本', url: a}\n", "url", "b", "webhooks:\n- {name: w, description: 'über 日本', url: b}\n"},
		{"tag", "webhooks:\n- name: w\n  url: !!str a\n", "url", "b", "webhooks:\n- name: w\n  url: b\n"},
		{"same", "webhooks:\n- name: w\n  url: \"a\"\n", "url", "a", "webhooks:\n- name: w\n  url: \"a\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := parse(t, c.before).Set(edit.Path{"webhooks", 0, c.key}, value(t, c.value), order)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.Text()); got != c.after {
				t.Errorf("got  %q\nwant %q", got, c.after)
			}
		})
	}
}

func TestSetWithin(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"no headers", "webhooks:\n- name: w\n  enabled: true\n", "webhooks:\n- name: w\n  headers: {X-A: b}\n  enabled: true\n"},
		{"null", "webhooks:\n- name: w\n  headers:\n", "webhooks:\n- name: w\n  headers: {X-A: b}\n"},
		{"braces", "webhooks:\n- name: w\n  headers: {X-B: c}\n", "webhooks:\n- name: w\n  headers: {X-B: c, X-A: b}\n"},
		{"empty", "webhooks:\n- name: w\n  headers: {}\n", "webhooks:\n- name: w\n  headers: {X-A: b}\n"},
		{"lines", "webhooks:\n- name: w\n  headers:\n      X-B: c\n  url: a\n", "webhooks:\n- name: w\n  headers:\n      X-B: c\n      X-A: b\n  url: a\n"},
		{"there", "webhooks:\n- name: w\n  headers:\n    X-A: \"c\"\n", "webhooks:\n- name: w\n  headers:\n    X-A: \"b\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := parse(t, c.before).Set(edit.Path{"webhooks", 0, "headers", "X-A"}, edit.String("b"), order)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.Text()); got != c.after {
				t.Errorf("got  %q\nwant %q", got, c.after)
			}
		})
	}
}

func TestUnset(t *testing.T) {
	for _, c := range []struct{ name, before, key, after string }{
		{"a line", "webhooks:\n  - name: w\n    url: a # b\n    # c\n    events: [x]\n", "url", "webhooks:\n  - name: w\n    # c\n    events: [x]\n"},
		{"several lines", "webhooks:\n- name: w\n  transform: |\n    a\n    b\n  url: a\n", "transform", "webhooks:\n- name: w\n  url: a\n"},
		{"the last", "webhooks:\n- name: w\n  url: a", "url", "webhooks:\n- name: w\n"},
		{"on the line of the dash", "webhooks:\n-   url: a\n    name: w\n", "url", "webhooks:\n-   name: w\n"},
		{"not there", "webhooks:\n- name: w\n", "url", "webhooks:\n- name: w\n"},
		{"in braces", "webhooks:\n- {name: w, url: a, events: [x]}\n", "url", "webhooks:\n- {name: w, events: [x]}\n"},
		{"first in braces", "webhooks:\n- {url: a, name: w}\n", "url", "webhooks:\n- {name: w}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := parse(t, c.before).Unset(edit.Path{"webhooks", 0, c.key})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.Text()); got != c.after {
				t.Errorf("got  %q\nwant %q", got, c.after)
			}
		})
	}
}

// An item that is appended and removed again leaves the text as it was.
func TestAppendAndRemove(t *testing.T) {
	entry := "{name: new, url: b, events: [x.*]}"
	for _, c := range []struct{ name, before, after string }{
		{"after one", "webhooks:\n  - name: w\n    url: a\n", "webhooks:\n  - name: w\n    url: a\n  - name: new\n    url: b\n    events: [x.*]\n"},
		{"no line end", "webhooks:\n- name: w", "webhooks:\n- name: w\n- name: new\n  url: b\n  events: [x.*]"},
		{"wide dashes", "webhooks:\n  -   name: w\n", "webhooks:\n  -   name: w\n  -   name: new\n      url: b\n      events: [x.*]\n"},
		{"blank lines", "webhooks:\n- name: v\n\n- name: w\n\ndefaults: {}\n", "webhooks:\n- name: v\n\n- name: w\n\n- name: new\n  url: b\n  events: [x.*]\n\ndefaults: {}\n"},
		{"a comment at the end of the last", "webhooks:\n- name: w\n  # url: a\n# end\n", "webhooks:\n- name: w\n  # url: a\n- name: new\n  url: b\n  events: [x.*]\n# end\n"},
		{"brackets", "webhooks: [{name: w}] # all\n", "webhooks: [{name: w}, {name: new, url: b, events: [x.*]}] # all\n"},
		{"none", "webhooks: []\n# end\n", "webhooks:\n  - name: new\n    url: b\n    events: [x.*]\n# end\n"},
		{"none, and a comment", "webhooks: [] # none yet\n", "webhooks: # none yet\n  - name: new\n    url: b\n    events: [x.*]\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := parse(t, c.before)
			d, err := before.Append(edit.Path{"webhooks"}, value(t, entry))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.Text()); got != c.after {
				t.Errorf("appended:\n%s\nwant:\n%s", got, c.after)
			}
			d, err = d.Remove(edit.Path{"webhooks"}, len(d.Get("webhooks").Content)-1)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.Text()); strings.TrimRight(got, "\n") != strings.TrimRight(c.before, "\n") {
				t.Errorf("removed again:\n%s\nwant:\n%s", got, c.before)
			}
		})
	}
}

func TestAppendFirst(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"", "webhooks:\n  - name: new\n"},
		{"# mine\n", "# mine\nwebhooks:\n  - name: new\n"},
		{"source: a", "source: a\nwebhooks:\n  - name: new"},
		{"webhooks:\nsource: a\n", "webhooks:\n  - name: new\nsource: a\n"},
		{"webhooks: ~\n", "webhooks:\n  - name: new\n"},
	} {
		d, err := parse(t, c.before).Append(edit.Path{"webhooks"}, value(t, "name: new"))
		if err != nil {
			t.Errorf("%q: %v", c.before, err)
		} else if got := string(d.Text()); got != c.after {
			t.Errorf("%q: got %q, want %q", c.before, got, c.after)
		}
	}
}

func TestRemove(t *testing.T) {
	text := "webhooks:\n  # all\n  - name: a # first\n    url: x\n    # gone with a\n\n  # about b\n  - name: b\n  -\n    name: c\n"
	for i, want := range []string{
		"webhooks:\n  # all\n\n  # about b\n  - name: b\n  -\n    name: c\n",
		"webhooks:\n  # all\n  - name: a # first\n    url: x\n    # gone with a\n\n  # about b\n  -\n    name: c\n",
		"webhooks:\n  # all\n  - name: a # first\n    url: x\n    # gone with a\n\n  # about b\n  - name: b\n",
	} {
		d, err := parse(t, text).Remove(edit.Path{"webhooks"}, i)
		if err != nil {
			t.Error(err)
		} else if got := string(d.Text()); got != want {
			t.Errorf("without %d:\n%s\nwant:\n%s", i, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, text string
		line       int
		change     func(edit.Document) (edit.Document, error)
	}{
		{"alias", "x: &a\n  name: w\nwebhooks:\n- *a\n", 4, set("url", "b")},
		{"anchor", "webhooks:\n- &a\n  name: w\n- *a\n", 2, set("url", "b")},
		{"merge", "x: &a {url: b}\nwebhooks:\n- name: w\n  <<: *a\n", 4, set("url", "b")},
		{"value of an alias", "x: &a [5s]\nwebhooks:\n- name: w\n  retry: *a\n", 4, set("retry", "[]")},
		{"anchored value", "webhooks:\n- name: w\n  retry: &a [5s]\n- name: v\n  retry: *a\n", 3, set("retry", "[]")},
		{"comments in a list that goes", "webhooks:\n- name: w\n  secret:\n  - a # why\n", 4, set("secret", "b")},
		{"no mapping", "webhooks:\n- w\n", 2, set("url", "b")},
		{"an entry with an anchor", "webhooks:\n- name: w\n  retry: &a [5s]\n- name: v\n  retry: *a\n", 3, func(d edit.Document) (edit.Document, error) {
			return d.Remove(edit.Path{"webhooks"}, 0)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.change(parse(t, c.text))
			var refused *edit.Refusal
			if !errors.As(err, &refused) || refused.Line != c.line {
				t.Errorf("got %v, want a refusal at line %d", err, c.line)
			}
		})
	}
}

func set(key, text string) func(edit.Document) (edit.Document, error) {
	return func(d edit.Document) (edit.Document, error) {
		v, err := edit.Value(text)
		if err != nil {
			return d, err
		}
		return d.Set(edit.Path{"webhooks", 0, key}, v, order)
	}
}
