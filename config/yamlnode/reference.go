package yamlnode

import (
	"io/fs"
	"strings"
)

// Reference is the content of a ${…}: ${NAME}, ${file:PATH} or ${cred:NAME}.
type Reference struct {
	Kind string // "file", "cred", or "" for an environment variable
	Name string
}

// String returns the reference as it stands in the file.
func (r Reference) String() string {
	if r.Kind == "" {
		return "${" + r.Name + "}"
	}
	return "${" + r.Kind + ":" + r.Name + "}"
}

func parseReference(inner string) (Reference, bool) {
	kind, name, special := strings.Cut(inner, ":")
	switch {
	case !special:
		return Reference{"", inner}, isVariable(inner)
	case kind == "file":
		return Reference{kind, name}, name != "" && !strings.Contains(name, "\x00")
	case kind == "cred":
		// The name must not lead out of the folder of the credentials.
		return Reference{kind, name}, fs.ValidPath(name) && name != "." && !strings.Contains(name, "/")
	}
	return Reference{}, false
}

// wordLetters are the characters of a name of a variable.
const wordLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

func isVariable(name string) bool {
	return name != "" && strings.Trim(name, wordLetters) == "" && (name[0] < '0' || name[0] > '9')
}

// expand replaces each ${…} of a value by what it stands for, and $${ by ${.
func (r *Reader) expand(v *Value) (Text, bool) {
	t := Text{string: v.Node.Value, At: v, Known: true}
	if !strings.Contains(t.string, "${") {
		return t, !r.bareVariable(t)
	}
	var out strings.Builder
	rest := t.string
	for {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			break
		}
		if literal, ok := strings.CutSuffix(before, "$"); ok {
			out.WriteString(literal + "${")
			rest = after
			continue
		}
		inner, after, closed := strings.Cut(after, "}")
		ref, ok := parseReference(inner)
		if !closed || !ok {
			r.Fail(v, "has an invalid ${…}", "write ${NAME}, ${file:PATH} or ${cred:NAME}, or $${ for a literal ${")
			return Text{}, false
		}
		content, ok := r.resolver.Resolve(v, ref)
		t.Known = t.Known && ok
		t.Filled = append(t.Filled, Filled{ref, content})
		out.WriteString(before + content)
		rest = after
	}
	if t.Known {
		t.string = out.String() + rest
	}
	return t, true
}

// NotReplaced says of a $NAME, as a shell has it, that ${NAME} was meant.
func NotReplaced(variable string) string { return variable + " is not replaced" }

// bareVariable reports a value that is a $NAME where ${NAME} was meant.
func (r *Reader) bareVariable(t Text) bool {
	name, ok := strings.CutPrefix(t.string, "$")
	if !ok || !isVariable(name) || t.string == "$env" { // of an expression
		return false
	}
	r.Fail(t.At, NotReplaced(t.string), "write ${"+name+"}")
	return true
}
