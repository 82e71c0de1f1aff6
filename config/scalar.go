package config

import (
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// text is a single value as it was written, with its ${…} filled in.
type text struct {
	string
	at     *value
	filled bool // it has a ${…}: what came in is not shown
	known  bool // every ${…} in it is filled in

	fillings []filled // what came in, in order
}

// text reads a single value of any type as it was written, so that a version
// 1.10 or a name such as no stays what it is. It reports what is no single
// value.
func (l *loader) text(v *value) (text, bool) {
	if v.node.Kind != yaml.ScalarNode || isNull(v.node) {
		l.wrongKind(v, "a single value", "")
		return text{}, false
	}
	if v.node.Style&yaml.TaggedStyle != 0 && v.node.ShortTag() != "!!str" {
		l.fail(v, "has the tag "+v.node.Tag+", which means nothing here", "remove it")
		return text{}, false
	}
	return l.expand(v)
}

// known reads a single value for a key that can make nothing of a ${…} that is
// not filled in.
func (l *loader) known(v *value) (text, bool) {
	t, ok := l.text(v)
	return t, ok && t.known
}

// show quotes the value for a message, unless it may be a secret.
func (t text) show() string {
	if t.filled {
		return "what came by ${…}"
	}
	s := t.string
	if utf8.RuneCountInString(s) > 60 {
		s = string([]rune(s)[:60]) + "…"
	}
	return strconv.Quote(s)
}

// quoted reports whether a value that should be a number or a bool was made a
// string of.
func (t text) quoted() bool {
	const quotes = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return !t.filled && t.at.node.Style&quotes != 0
}

// line reads a text that goes into a header or a name: not empty, without
// control characters, at most most characters.
func (l *loader) line(v *value, most int, into *string) {
	t, ok := l.known(v)
	switch {
	case !ok:
	case t.string == "":
		l.fail(v, "must not be empty", "")
	case hasControl(t.string):
		l.fail(v, "must not hold control characters", "")
	case utf8.RuneCountInString(t.string) > most:
		l.fail(v, fmt.Sprintf("must have at most %d characters, has %d", most, utf8.RuneCountInString(t.string)), "")
	default:
		*into = t.string
	}
}

func (l *loader) bool(v *value, into *bool) {
	t, ok := l.known(v)
	switch {
	case !ok:
	case t.quoted():
		l.fail(v, "must be true or false, not a string", "write it without quotes")
	case t.string == "true":
		*into = true
	case t.string == "false":
		*into = false
	default:
		l.fail(v, "must be true or false, not "+t.show(), l.suggest(t, []string{"true", "false"}))
	}
}

func (l *loader) int(v *value, least, most int, into *int) {
	t, ok := l.known(v)
	if !ok {
		return
	}
	n, err := strconv.Atoi(t.string)
	switch {
	case t.quoted():
		l.fail(v, "must be a whole number, not a string", "write it without quotes")
	case err != nil || n < least || n > most:
		l.fail(v, fmt.Sprintf("must be a whole number from %d to %d, not %s", least, most, t.show()), "")
	default:
		*into = n
	}
}

func (l *loader) duration(v *value, least, most time.Duration, into *time.Duration) {
	t, ok := l.known(v)
	if !ok {
		return
	}
	d, ok := ParseDuration(t.string)
	if !ok {
		l.fail(v, "must be a duration such as 15s, 30d or 1h30m, not "+t.show(), withUnit(t, "s"))
		return
	}
	if d < least || d > most {
		l.fail(v, fmt.Sprintf("must be %s to %s, not %s", FormatDuration(least), FormatDuration(most), t.show()), "")
		return
	}
	*into = d
}

func (l *loader) size(v *value, least, most int, into *int) {
	n := int64(*into)
	l.bytes(v, int64(least), int64(most), &n)
	*into = int(n)
}

func (l *loader) bytes(v *value, least, most int64, into *int64) {
	t, ok := l.known(v)
	if !ok {
		return
	}
	n, ok := parseSize(t.string)
	if !ok {
		l.fail(v, "must be a size such as 64KiB or 10MB, not "+t.show(), withUnit(t, "B"))
		return
	}
	if n < least || n > most {
		l.fail(v, fmt.Sprintf("must be %s to %s, not %s", formatSize(least), formatSize(most), t.show()), "")
		return
	}
	*into = n
}

// withUnit is the hint for a bare number.
func withUnit(t text, unit string) string {
	if _, ok := number(t.string); ok && !t.filled {
		return "write its unit, such as " + t.string + unit
	}
	return ""
}

// choice reads one of several words.
func (l *loader) choice(v *value, words []string, into *string) {
	t, ok := l.known(v)
	if ok && l.oneOf(t, words) {
		*into = t.string
	}
}

func (l *loader) oneOf(t text, words []string) bool {
	if slices.Contains(words, t.string) {
		return true
	}
	l.fail(t.at, "must be "+list(words)+", not "+t.show(), l.suggest(t, words))
	return false
}
