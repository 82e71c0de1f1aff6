package fileedit_test

import (
	"strings"
	"testing"

	"sidehook/config/edit"
	"sidehook/relay/fileedit"
)

// The entry of a webhook is found by its own lines, and where these do not say all, in
// the whole file.
func TestEntry(t *testing.T) {
	const list = "defaults: {timeout: 5s}\nwebhooks:\n"
	for name, test := range map[string]struct{ text, entry, lines string }{
		"a list":            {list + "- name: b\n  url: u\n- url: x\n  name: a\n  paused: true\n\n# of c\n- name: c\n", "{url: x, name: a, paused: true}", "- url: x\n  name: a\n  paused: true\n"},
		"indented":          {list + "  - {name: b}\n  - {name: 'a', url: u} # it\n", "{name: 'a', url: u}", "  - {name: 'a', url: u} # it\n"},
		"the only line":     {list + "- name: a", "{name: a}", "- name: a"},
		"in a text":         {list + "- name: b\n  description: |\n    name: a\n- name: a\n  url: u\n", "{name: a, url: u}", ""},
		"a longer name":     {list + "- name: a-b\n- name: a.b\n- name: a\n", "{name: a}", "- name: a\n"},
		"an alias":          {list + "- &b {name: b, retry: [1s]}\n- name: a\n  <<: *b\n", "{name: a, <<: b}", "- name: a\n  <<: *b\n"},
		"in brackets":       {"webhooks: [{name: b}, {name: a}]\n", "{name: a}", ""},
		"name last":         {list + "- {url: u, name: a}\n", "{url: u, name: a}", ""},
		"another section":   {"event_types:\n  x: 'name: a'\nwebhooks: []\n", "", ""},
		"nested lists":      {list + "- name: b\n  events:\n  - x\n  - y\n- events:\n  - x\n  name: a\n", "{events: [x], name: a}", "- events:\n  - x\n  name: a\n"},
		"an absent webhook": {list + "- name: b\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			entry, lines, err := fileedit.Entry([]byte(test.text), "a")
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if entry != nil {
				got = edit.Line(entry)
			}
			if got != test.entry {
				t.Errorf("entry %s, want %s", got, test.entry)
			}
			if test.lines != "" && string(lines) != test.lines {
				t.Errorf("lines %q, want %q", lines, test.lines)
			}
		})
	}
	if _, _, err := fileedit.Entry([]byte("webhooks: ["), "a"); err == nil {
		t.Error("a text that is no YAML has entries")
	}
	defaults, err := fileedit.Defaults([]byte(list + "- name: a\n"))
	if err != nil || defaults == nil || !strings.Contains(edit.Line(defaults), "timeout: 5s") {
		t.Errorf("defaults %v, %v", defaults, err)
	}
}
