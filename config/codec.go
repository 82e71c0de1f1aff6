package config

import (
	"fmt"
	"slices"
	"time"

	"sidehook/config/expression"
	"sidehook/config/jsonschema"
	"sidehook/config/pacing"
	"sidehook/config/unit"
	"sidehook/config/yamlnode"
)

// plain reads a value that depends on nothing but itself.
func plain[V any](read func(*yamlnode.Reader, *yamlnode.Value, *V)) func(*loader, *yamlnode.Value, *V) {
	return func(l *loader, v *yamlnode.Value, into *V) { read(l.Reader, v, into) }
}

func same[V comparable](a, b V) bool { return a == b }

// text is a text that read judges. It is not shown while it is empty.
func text(s schema, read func(*loader, *yamlnode.Value, *string)) codec[string] {
	if s["type"] == nil && s["enum"] == nil {
		s["type"] = "string"
	}
	return codec[string]{schema: s, read: read, equal: same[string], show: showText}
}

// line is a text of one line that is not empty.
func line(most int) codec[string] {
	return text(schema{"minLength": 1, "maxLength": most}, func(l *loader, v *yamlnode.Value, into *string) { l.Line(v, most, into) })
}

// path is the path of a file or folder.
func path() codec[string] {
	return text(schema{"minLength": 1}, (*loader).filePath)
}

// oneOf is one of several words.
func oneOf(words ...string) codec[string] {
	return text(schema{"enum": words}, func(l *loader, v *yamlnode.Value, into *string) { l.Choice(v, words, into) })
}

// boolean is true or false. Its digest has no quotes.
func boolean() codec[bool] {
	return codec[bool]{
		schema: schema{"type": "boolean"},
		read:   func(l *loader, v *yamlnode.Value, into *bool) { l.Bool(v, into) },
		equal:  same[bool],
		digest: func(name string, v bool) string { return fmt.Sprintf("%s %t\n", name, v) },
	}
}

func integer(least, most int) codec[int] {
	return codec[int]{
		schema: schema{"type": "integer", "minimum": least, "maximum": most},
		read:   func(l *loader, v *yamlnode.Value, into *int) { l.Int(v, least, most, into) },
		equal:  same[int],
	}
}

func duration(least, most time.Duration) codec[time.Duration] {
	return codec[time.Duration]{
		schema: jsonschema.Duration(),
		read:   func(l *loader, v *yamlnode.Value, into *time.Duration) { l.Duration(v, least, most, into) },
		equal:  same[time.Duration],
		show:   func(d time.Duration) any { return unit.FormatDuration(d) },
	}
}

// never is the word for a time that does not come.
const never = "never"

// durationOrNever is a duration of 1s to 365d, or never, which is 0.
func durationOrNever() codec[time.Duration] {
	return codec[time.Duration]{
		schema: jsonschema.Either(jsonschema.Duration(), schema{"const": never}),
		read: func(l *loader, v *yamlnode.Value, into *time.Duration) {
			switch t, ok := l.Known(v); {
			case !ok:
			case t.String() == never:
				*into = 0
			default:
				l.Duration(v, pacing.LeastAge, pacing.MostAge, into)
			}
		},
		equal:  same[time.Duration],
		absent: never,
		show: func(d time.Duration) any {
			if d == 0 {
				return nil
			}
			return unit.FormatDuration(d)
		},
	}
}

// shownAs is the same codec for a value whose absence is shown, too: it is not
// the default.
func shownAs[V comparable](word string, c codec[V]) codec[V] {
	show := c.show
	c.absent, c.show = nil, func(v V) any {
		if shown := show(v); shown != nil {
			return shown
		}
		return word
	}
	return c
}

// shownIf is the same codec for a value that is shown only if it is given.
func shownIf[V any](given func(V) bool, c codec[V]) codec[V] {
	show := c.show
	c.show = func(v V) any {
		if !given(v) {
			return nil
		}
		return show(v)
	}
	return c
}

// secret is a text that is shown as ***.
func secret(read func(*yamlnode.Reader, *yamlnode.Value, *Secret)) codec[Secret] {
	return shownIf(func(s Secret) bool { return !s.IsZero() }, codec[Secret]{
		schema: schema{"type": "string", "minLength": 1},
		read:   plain(read),
		show:   func(s Secret) any { return s },
	})
}

func size[V int | int64](least, most V) codec[V] {
	return codec[V]{
		schema: jsonschema.Size(),
		read: func(l *loader, v *yamlnode.Value, into *V) {
			n := int64(*into)
			l.Size(v, int64(least), int64(most), &n)
			*into = V(n)
		},
		equal: same[V],
		show:  func(n V) any { return unit.FormatSize(int64(n)) },
	}
}

// list is a list whose items are shown by show.
func list[V comparable](s schema, read func(*loader, *yamlnode.Value, *[]V), show func([]V) any) codec[[]V] {
	return codec[[]V]{schema: s, read: read, equal: slices.Equal[[]V], show: show}
}

// section is a mapping with keys of its own.
func section[T any](s schema, keys []key[T], read func(*loader, *yamlnode.Value, *T)) codec[T] {
	if read == nil {
		read = func(l *loader, v *yamlnode.Value, into *T) { readKeys(l, l.Pairs(v, ""), keys, into) }
	}
	return codec[T]{schema: s, read: read, show: func(t T) any { return pairsOf(keys, &t, leaveOut) }}
}

func program(read func(*loader, *yamlnode.Value, **expression.Program)) codec[*expression.Program] {
	return codec[*expression.Program]{
		schema: schema{"type": "string"},
		read:   read,
		equal:  (*expression.Program).Equal,
		show: func(p *expression.Program) any {
			if p == nil {
				return nil
			}
			return p.String()
		},
		digest: func(name string, p *expression.Program) string {
			if p == nil {
				return ""
			}
			return fmt.Sprintf("%s %q\n", name, p.Reveal())
		},
	}
}

func address(read func(*loader, *yamlnode.Value, *URL)) codec[URL] {
	return codec[URL]{
		schema: schema{"type": "string", "format": "uri"},
		read:   read,
		equal:  URL.Equal,
		show:   func(u URL) any { return showText(u.Redacted()) },
		digest: func(name string, u URL) string { return fmt.Sprintf("%s %q\n", name, u.Reveal()) },
	}
}

// showText shows nothing for an empty text.
func showText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// showList shows nothing for an empty list.
func showList[V any](list []V) any {
	if len(list) == 0 {
		return nil
	}
	return list
}
