package config

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Print writes the file in force as YAML: every webhook complete, with what came
// from defaults and profile, and secrets as ***.
func (f *File) Print(w io.Writer) error {
	top := newMapping()
	top.add("source", str(f.Source))
	top.add("listen", f.Listen.node())
	top.add("history", f.History.node())
	if f.EventTypes != nil {
		types := newMapping()
		for _, name := range slices.Sorted(maps.Keys(f.EventTypes)) {
			types.add(name, str(f.EventTypes[name]))
		}
		top.add("event_types", types.Node)
	}
	hooks := &yaml.Node{Kind: yaml.SequenceNode}
	for _, hook := range f.Webhooks {
		hooks.Content = append(hooks.Content, nodeOf(hook.pairs(true)))
	}
	if len(hooks.Content) == 0 {
		hooks.Style = yaml.FlowStyle
	}
	top.add("webhooks", hooks)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(top.Node); err != nil {
		return fmt.Errorf("print %s: %w", f.Path, err)
	}
	return e.Close()
}

func (in Listen) node() *yaml.Node {
	m := newMapping()
	m.add("http", orOff(in.HTTP))
	m.add("socket", orOff(in.Socket))
	m.add("socket_mode", str(fmt.Sprintf("%04o", in.SocketMode)))
	if !in.Token.IsZero() {
		m.add("token", str(in.Token.String()))
	}
	m.add("max_event_size", str(formatSize(int64(in.MaxEventSize))))
	return m.Node
}

func orOff(s string) *yaml.Node {
	if s == "" {
		s = "off"
	}
	return str(s)
}

func (h History) node() *yaml.Node {
	unmatched := "keep"
	if h.DropUnmatched {
		unmatched = "drop"
	}
	m := newMapping()
	m.add("dir", str(h.Dir))
	m.add("keep", str(FormatDuration(h.Keep)))
	m.add("max_size", str(formatSize(h.MaxSize)))
	m.add("response_body", str(formatSize(int64(h.ResponseBody))))
	m.add("unmatched", str(unmatched))
	return m.Node
}

// Words returns the rules lifted, as the file has them.
func (a Allow) Words() []string {
	var words []string
	if a.HTTP {
		words = append(words, "http")
	}
	if a.AnyHost {
		words = append(words, "any-host")
	}
	if a.ShortSecret {
		words = append(words, "short-secret")
	}
	for _, prefix := range a.Prefixes {
		words = append(words, prefix.String())
	}
	return words
}

func each[T any](list []T, write func(T) string) []string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = write(v)
	}
	return words
}

// mapping is a YAML mapping whose keys keep their order.
type mapping struct{ *yaml.Node }

func newMapping() mapping { return mapping{&yaml.Node{Kind: yaml.MappingNode}} }

func (m mapping) add(key string, value *yaml.Node) {
	m.Content = append(m.Content, scalar("!!str", key), value)
}

func scalar(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// str is a text as a value, in which ${ would begin a reference.
func str(text string) *yaml.Node {
	return scalar("!!str", strings.ReplaceAll(text, "${", "$${"))
}

func ints(numbers []int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, number := range numbers {
		n.Content = append(n.Content, scalar("!!int", strconv.Itoa(number)))
	}
	return n
}

func strs(texts []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range texts {
		n.Content = append(n.Content, str(text))
	}
	return n
}
