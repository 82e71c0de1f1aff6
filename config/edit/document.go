// Package edit changes single values in the text of a YAML file. It splices the
// text at the places where the values stand, so that every other byte stays as
// it was: comments, order, quoting, indentation and line ends.
//
// A change is made in two ways, on the text and on the tree that the text says;
// if the changed text does not say the changed tree, the change is refused. So a
// change does what it should do and nothing else, or it is not made.
//
// A change of a value that anchors, aliases or merge keys share is refused, with its
// line: it would change more than the named value.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"gopkg.in/yaml.v3"
)

// A Document is the text of a YAML file and what it says. It is immutable: each
// change returns another one. The zero Document is the empty file.
type Document struct {
	text   []byte
	starts []int      // the offset of each line
	root   *yaml.Node // nil where the text has nothing but comments
}

// Parse returns the document of a text. The error is that of the YAML library.
func Parse(text []byte) (doc Document, err error) {
	defer func() {
		if p := recover(); p != nil { // the library does so where it is lost
			doc, err = Document{}, fmt.Errorf("cannot be parsed: %v", p)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var node, second yaml.Node
	if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
		return Document{text: text}, nil
	} else if err != nil {
		return Document{}, err
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return Document{}, errors.New("must be one YAML document")
	}
	root := node.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" && root.Value == "" {
		root = nil
	}
	return Document{text: text, starts: lineStarts(text), root: root}, nil
}

// Text returns the text. It must not be changed.
func (d Document) Text() []byte { return d.text }

// A Path leads to a value from the top of the document: a key of a mapping is a
// string, the place in a sequence, from 0, an int.
type Path []any

// A Refusal says why a change cannot be made by splicing the text.
type Refusal struct {
	Line int // where the text stands in the way, from 1
	Why  string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("line %d: %s; change it in an editor", r.Line, r.Why)
}

func refuse(n *yaml.Node, why string) error { return &Refusal{Line: n.Line, Why: why} }

// Get returns the value at path, and nil where there is none.
func (d Document) Get(path ...any) *yaml.Node {
	n := d.root
	for _, step := range path {
		if n = child(n, step); n == nil {
			return nil
		}
	}
	return n
}

// child returns the value below n that a step of a path leads to. An alias leads
// nowhere.
func child(n *yaml.Node, step any) *yaml.Node {
	switch step := step.(type) {
	case string:
		if i := keyIndex(n, step); i >= 0 {
			return n.Content[i+1]
		}
	case int:
		if n != nil && n.Kind == yaml.SequenceNode && step >= 0 && step < len(n.Content) {
			return n.Content[step]
		}
	}
	return nil
}

// keyIndex returns where in the contents of a mapping a key stands, -1 if it is
// not there or n is no mapping.
func keyIndex(n *yaml.Node, key string) int {
	if n == nil || n.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// own returns the value at path, and refuses a way there that is shared with
// other places of the document. The value is nil where there is none; then it is
// the last step alone that leads nowhere.
func (d Document) own(path Path) (*yaml.Node, error) {
	n := d.root
	for i, step := range path {
		if n == nil {
			return nil, fmt.Errorf("%v: there is no such place in the file", path)
		}
		if err := unshared(n); err != nil {
			return nil, err
		}
		if key, ok := step.(string); ok && n.Kind != yaml.MappingNode && i > 0 {
			return nil, refuse(n, fmt.Sprintf("%v is not a mapping, so that it has no %s", path[i-1], key))
		}
		n = child(n, step)
	}
	return n, nil
}

// unshared returns an error if the node itself stands for another one, is one
// that others stand for, takes in another one, or has a key twice.
func unshared(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return refuse(n, "this is an alias of another place")
	case n.Anchor != "":
		return refuse(n, fmt.Sprintf("the anchor &%s shares this with other places", n.Anchor))
	case keyIndex(n, "<<") >= 0:
		return refuse(n.Content[keyIndex(n, "<<")], "a merge takes in another place")
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Kind == yaml.ScalarNode && seen[key.Value] {
			return refuse(key, fmt.Sprintf("%s stands here for the second time", key.Value))
		}
		seen[n.Content[i].Value] = true
	}
	return nil
}

// unsharedWhole is unshared for the node and all that is in it, as it is needed
// before it is taken away.
func unsharedWhole(n *yaml.Node) error {
	if n.Anchor != "" {
		return unshared(n)
	}
	for _, below := range n.Content {
		if err := unsharedWhole(below); err != nil {
			return err
		}
	}
	return nil
}

// splice is a part of the text, from one offset to another, and what to write
// instead.
type splice struct {
	from, to int
	with     string
}

// commit makes the splices, which stand in the order of the text, and the same
// change on the tree, and returns the new document if both say the same. A change
// at the top of an empty document begins with an empty mapping.
func (d Document) commit(at *yaml.Node, change func(root *yaml.Node), splices ...splice) (Document, error) {
	var text []byte
	done := 0
	for _, s := range splices {
		text = append(text, d.text[done:s.from]...)
		text = append(text, s.with...)
		done = s.to
	}
	text = append(text, d.text[done:]...)

	want := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if d.root != nil {
		want = clone(d.root)
	}
	change(want)
	line := 1
	if at != nil {
		line = at.Line
	}
	changed, err := Parse(text)
	if err != nil || changed.root == nil || !same(changed.root, want) {
		return Document{}, &Refusal{Line: line, Why: "this is written in a way that no command can change safely"}
	}
	return changed, nil
}

func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = nil
	for _, below := range n.Content {
		c.Content = append(c.Content, clone(below))
	}
	return &c
}

// same reports whether two nodes say the same, however they are written.
func same(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.ShortTag() == b.ShortTag() && a.Value == b.Value && a.Anchor == b.Anchor &&
		slices.EqualFunc(a.Content, b.Content, same)
}
