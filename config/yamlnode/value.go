package yamlnode

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Value is a node of the file, and the way that leads to it.
type Value struct {
	Node *yaml.Node // never an alias: what the alias stands for
	Name *yaml.Node // its key; nil in a list and at the top
	Up   *Value     // nil at the top
	At   int        // its index in a list
	file string     // its file; "" unless it is at the top
	// Title is the name under which people know an item of a list: the name of a
	// webhook; "" if it has none.
	Title string
}

// File returns the name of the file in which the value stands.
func (v *Value) File() string {
	for v.Up != nil {
		v = v.Up
	}
	return v.file
}

// Key returns the key of the value, "" in a list and at the top.
func (v *Value) Key() string {
	if v.Name == nil {
		return ""
	}
	return v.Name.Value
}

// Path returns where the value stands, such as webhooks[1] (crm).headers.X-Team.
func (v *Value) Path() string {
	switch {
	case v.Up == nil:
		return ""
	case v.Name == nil && v.Title != "":
		return v.Up.Path() + "[" + strconv.Itoa(v.At) + "] (" + v.Title + ")"
	case v.Name == nil:
		return v.Up.Path() + "[" + strconv.Itoa(v.At) + "]"
	}
	outer, key := v.Up.Path(), v.Name.Value
	if key == "" || strings.Trim(key, wordLetters+"-") != "" {
		return outer + "[" + strconv.Quote(key) + "]"
	}
	if outer == "" {
		return key
	}
	return outer + "." + key
}

// Section returns the key at the top of the file under which the value stands.
func (v *Value) Section() string {
	for v.Up != nil && v.Up.Up != nil {
		v = v.Up
	}
	return v.Key()
}

// IsNull reports whether the value is empty: null, ~ or nothing at all.
func (v *Value) IsNull() bool { return isNull(v.Node) }

// IsMapping reports whether the value is a mapping.
func (v *Value) IsMapping() bool { return v.Node.Kind == yaml.MappingNode }

// IsList reports whether the value is a list.
func (v *Value) IsList() bool { return v.Node.Kind == yaml.SequenceNode }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// kind names the kind of the value in the words of the messages.
func (v *Value) kind() string {
	switch {
	case v.IsMapping():
		return "a mapping"
	case v.IsList():
		return "a list"
	case v.IsNull():
		return "empty"
	}
	return "a single value"
}

// Find returns the value of a key, or nil if the mapping does not have it.
func Find(pairs []Value, key string) *Value {
	for i := range pairs {
		if pairs[i].Name.Value == key {
			return &pairs[i]
		}
	}
	return nil
}

// Peek returns the single value of a key as it is written in the mapping itself,
// "" if there is none. It reports nothing.
func (v *Value) Peek(key string) string {
	if !v.IsMapping() {
		return ""
	}
	for i := 0; i+1 < len(v.Node.Content); i += 2 {
		n := v.Node.Content[i+1]
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		if v.Node.Content[i].Value == key {
			return n.Value
		}
	}
	return ""
}
