package manual

import "strings"

// text is the content of a line, a paragraph or a cell.
type text []span

// span is a piece of a text in one style.
type span struct {
	text  string
	style style
}

type style int

const (
	normal style = iota
	bold
	literal // code
)

func (t text) plain() string {
	var b strings.Builder
	for _, s := range t {
		b.WriteString(s.text)
	}
	return b.String()
}

// readText reads code, bold text and links.
func readText(markdown string) text {
	var (
		t     text
		plain strings.Builder
	)
	flush := func() {
		if plain.Len() > 0 {
			t = append(t, span{plain.String(), normal})
			plain.Reset()
		}
	}
	for rest := markdown; rest != ""; {
		if inner, after, ok := between(rest, "`", "`"); ok {
			flush()
			t, rest = append(t, span{inner, literal}), after
			continue
		}
		if inner, after, ok := between(rest, "**", "**"); ok {
			flush()
			for _, s := range readText(inner) {
				if s.style == normal {
					s.style = bold
				}
				t = append(t, s)
			}
			rest = after
			continue
		}
		if label, target, after, ok := link(rest); ok {
			flush()
			t = append(t, readText(label)...)
			if strings.Contains(target, "://") {
				t = append(t, span{" <" + target + ">", normal})
			}
			rest = after
			continue
		}
		plain.WriteByte(rest[0])
		rest = rest[1:]
	}
	flush()
	return t
}

// between returns what stands in a text that begins with open until closing, and
// what comes after it.
func between(text, open, closing string) (inner, after string, ok bool) {
	text, ok = strings.CutPrefix(text, open)
	if !ok {
		return "", "", false
	}
	inner, after, ok = strings.Cut(text, closing)
	return inner, after, ok && inner != ""
}

// link reads [label](target).
func link(text string) (label, target, after string, ok bool) {
	label, after, ok = between(text, "[", "](")
	if !ok || strings.ContainsAny(label, "[]") {
		return "", "", "", false
	}
	target, after, ok = strings.Cut(after, ")")
	return label, target, after, ok
}
