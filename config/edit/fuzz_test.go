package edit_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"sidehook/config/edit"
)

// FuzzSet holds that a change which is made says what it should, and that all
// lines but those of the changed value are those that they were.
func FuzzSet(f *testing.F) {
	example, err := os.ReadFile("../../webhooks.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example), 40, "timeout", "5s")
	f.Add("a: b # c\nd:\n- e: |+\n    f\n\n  g: 'h\n    i'\n", 3, "k", "\"*\"")
	f.Add("{a: [b, {c: d}], e: }\n", 1, "e", "[x]")
	f.Add("a:\r\n  - &x b\r\n  - *x\r\n", 2, "a", "~")
	f.Fuzz(func(t *testing.T, text string, place int, key, with string) {
		d, err := edit.Parse([]byte(text))
		if err != nil {
			t.Skip("not YAML")
		}
		value, err := edit.Value(with)
		if err != nil || plainKeys(value) != nil {
			t.Skip("not a value")
		}
		paths := mappings(d.Get(), nil)
		if len(paths) == 0 || place < 0 || plainKeys(d.Get()) != nil {
			t.Skip("no mapping")
		}
		parent := paths[place%len(paths)]
		mapping := d.Get(parent...)
		if mapping == nil || mapping.Kind != yaml.MappingNode {
			t.Skip("below a key that stands there twice")
		}
		if keys := len(mapping.Content) / 2; keys > 0 && place%3 > 0 {
			key = mapping.Content[place%keys*2].Value
		}
		path := append(slices.Clone(parent), key)
		old := d.Get(path...)
		changed, err := d.Set(path, value, nil)
		if err != nil {
			return // refused
		}
		if got := changed.Get(path...); got == nil || say(got) != say(value) {
			t.Fatalf("%q: %v is %q, want %q, in %q", text, path, say(got), say(value), changed.Text())
		}
		first, last := 0, 0 // of the lines of the old value
		if old != nil {
			first, last = old.Line, nextLine(d.Get(), old)
		}
		if strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\u0085\u2028\u2029") {
			t.Skip("lines that the check below does not know")
		}
		if at := lost(text, string(changed.Text()), first, last); at > 0 {
			t.Fatalf("%q: setting %v changed line %d: %q", text, path, at, changed.Text())
		}
		without, err := changed.Unset(path)
		if err != nil {
			return
		}
		if without.Get(path...) != nil {
			t.Fatalf("%q: %v is still there: %q", text, path, without.Text())
		}
	})
}

// plainKeys returns a key within n that is no scalar.
func plainKeys(n *yaml.Node) *yaml.Node {
	for i, below := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && below.Kind != yaml.ScalarNode {
			return below
		}
		if found := plainKeys(below); found != nil {
			return found
		}
	}
	return nil
}

// mappings returns the paths of all mappings below n that keys alone lead to.
func mappings(n *yaml.Node, path edit.Path) []edit.Path {
	if n == nil {
		return nil
	}
	var list []edit.Path
	switch n.Kind {
	case yaml.MappingNode:
		list = append(list, path)
		for i := 0; i < len(n.Content); i += 2 {
			list = append(list, mappings(n.Content[i+1], append(slices.Clone(path), n.Content[i].Value))...)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			list = append(list, mappings(item, append(slices.Clone(path), i))...)
		}
	}
	return slices.DeleteFunc(list, func(p edit.Path) bool { return len(p) > 8 })
}

// say writes what a node says, however it is written.
func say(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	words := []string{n.ShortTag(), n.Value}
	for _, below := range n.Content {
		words = append(words, say(below))
	}
	return "(" + strings.Join(words, " ") + ")"
}

// nextLine returns the line of the first node that comes after n and what is in
// it, and a very late one after the last.
func nextLine(root, n *yaml.Node) int {
	const end = 1 << 30
	found, next := false, end
	var walk func(at *yaml.Node)
	walk = func(at *yaml.Node) {
		if at == n {
			found = true
			return
		}
		if found && next == end {
			next = at.Line
		}
		for _, below := range at.Content {
			walk(below)
		}
	}
	walk(root)
	return next
}

// lost returns the first line of before, from 1, that is missing in after, not
// counting those from first to last. Lines that were lengthened count as there.
func lost(before, after string, first, last int) int {
	lines := strings.SplitAfter(after, "\n")
	for i, line := range strings.SplitAfter(before, "\n") {
		if line = strings.TrimSpace(line); line == "" || i+1 >= first && i+1 <= last && last > 0 {
			continue
		}
		at := slices.IndexFunc(lines, func(l string) bool {
			l = strings.TrimSpace(l)
			return l == line || len(l) > len(line) && strings.HasPrefix(l, line[:1])
		})
		if at < 0 {
			return i + 1
		}
		lines = lines[at+1:]
	}
	return 0
}
