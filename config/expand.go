package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// expand fills in the ${…} of a value, and makes ${ of $${.
func (l *loader) expand(v *value) (text, bool) {
	t := text{string: v.node.Value, at: v, known: true}
	if !strings.Contains(t.string, "${") {
		return t, !l.bare(t)
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
			l.fail(v, "has a ${ that begins no reference", "write ${NAME}, ${file:PATH} or ${cred:NAME}, or $${ for a literal ${")
			return text{}, false
		}
		filling, ok := l.fill(v, ref)
		t.filled, t.known = true, t.known && ok
		t.fillings = append(t.fillings, filled{ref, filling})
		out.WriteString(before + filling)
		rest = after
	}
	if t.known {
		t.string = out.String() + rest
	}
	return t, true
}

// bare reports a $NAME where ${NAME} was meant, as a shell has it: nothing would
// be filled in.
func (l *loader) bare(t text) bool {
	name, ok := strings.CutPrefix(t.string, "$")
	if !ok || !isVariable(name) || t.string == "$env" { // of an expression
		return false
	}
	l.fail(t.at, "is "+t.string+" as it stands: nothing is filled in", "write ${"+name+"}")
	return true
}

// reference is what stands in ${…}.
type reference struct {
	kind string // "file", "cred", or "" for an environment variable
	name string
}

// String writes it as the file does.
func (r reference) String() string {
	if r.kind == "" {
		return "${" + r.name + "}"
	}
	return "${" + r.kind + ":" + r.name + "}"
}

func parseReference(inner string) (reference, bool) {
	kind, name, special := strings.Cut(inner, ":")
	switch {
	case !special:
		return reference{"", inner}, isVariable(inner)
	case kind == "file":
		return reference{kind, name}, name != "" && !strings.Contains(name, "\x00")
	case kind == "cred":
		// It stays within the folder of the credentials.
		return reference{kind, name}, fs.ValidPath(name) && name != "." && !strings.Contains(name, "/")
	}
	return reference{}, false
}

func isVariable(name string) bool {
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && c != '_' || i == 0 && '0' <= c && c <= '9' {
			return false
		}
	}
	return name != ""
}

// fill returns what ref stands for. It says false if there is no such thing, and
// reports that.
func (l *loader) fill(v *value, ref reference) (string, bool) {
	filling, err := l.lookUp(ref)
	if err == nil {
		return filling, true
	}
	l.missing(v, err)
	return "", false
}

// missing reports that what the value names cannot be read here. What it is for
// the relay, in another environment and as another user, check cannot tell.
func (l *loader) missing(v *value, err error) {
	_, judged := errors.AsType[unusable](err)
	switch {
	case l.mode == Check && !judged:
		l.warn(v, err.Error(), "run will not start without it")
	case l.mode == Tools && v.path() == "listen.token":
		// A command beside the relay can do without the token: there is the socket.
		l.warn(v, err.Error(), "")
	default:
		l.fail(v, err.Error(), "")
	}
}

func (l *loader) lookUp(ref reference) (string, error) {
	here := ""
	if l.mode == Check {
		here = " here"
	}
	switch ref.kind {
	case "file":
		n := l.readNamed(l.resolve(ref.name), maxNamed)
		return n.content, n.err
	case "cred":
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", fmt.Errorf("credential %s cannot be read: CREDENTIALS_DIRECTORY is not set%s", ref.name, here)
		}
		n := l.readNamed(filepath.Join(dir, ref.name), maxNamed)
		return n.content, n.err
	}
	filling, ok := os.LookupEnv(ref.name)
	if !ok {
		return "", fmt.Errorf("environment variable %s is not set%s", ref.name, here)
	}
	return filling, nil
}

// resolve makes a path of the process of one in the file.
func (l *loader) resolve(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(l.found.file), path)
}
