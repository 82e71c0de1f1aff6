package yamlnode

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"sidehook/config/unit"
)

// Text is a single value as it was written, with its ${…} replaced.
type Text struct {
	string
	At    *Value
	Known bool // every ${…} in it was replaced

	Filled []Filled // the texts that replaced each ${…}, in order
}

// Filled is the text that replaced a reference in a value.
type Filled struct {
	By   Reference
	Text string
}

// String returns the text itself. It may be a secret.
func (t Text) String() string { return t.string }

// Hidden reports whether some of the text came by ${…}: it must not be shown.
func (t Text) Hidden() bool { return len(t.Filled) > 0 }

// Show quotes the text for a message, unless it is hidden.
func (t Text) Show() string {
	if t.Hidden() {
		return "the value of ${…}"
	}
	s := t.string
	if utf8.RuneCountInString(s) > 60 {
		s = string([]rune(s)[:60]) + "…"
	}
	return strconv.Quote(s)
}

// isQuoted reports whether quotes make a string of a value that should be a
// number or a bool.
func (t Text) isQuoted() bool {
	const quotes = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return !t.Hidden() && t.At.Node.Style&quotes != 0
}

// Text reads a single value as it was written, whatever its type: a version 1.10
// or a name such as no stays what it is.
func (r *Reader) Text(v *Value) (Text, bool) {
	if v.Node.Kind != yaml.ScalarNode || v.IsNull() {
		r.wrongKind(v, "a single value", "")
		return Text{}, false
	}
	if v.Node.Style&yaml.TaggedStyle != 0 && v.Node.ShortTag() != "!!str" {
		r.Fail(v, "has the tag "+v.Node.Tag+", which is not supported", "remove it")
		return Text{}, false
	}
	return r.expand(v)
}

// Known is Text for a key that cannot use a value with a ${…} that was not
// replaced.
func (r *Reader) Known(v *Value) (Text, bool) {
	t, ok := r.Text(v)
	return t, ok && t.Known
}

// Line reads a text that is not empty, has no control characters, and has at most
// most characters.
func (r *Reader) Line(v *Value, most int, into *string) {
	t, ok := r.Known(v)
	switch {
	case !ok:
	case t.string == "":
		r.Fail(v, "must not be empty", "")
	case strings.ContainsFunc(t.string, unicode.IsControl):
		r.Fail(v, "must not hold control characters", "")
	case utf8.RuneCountInString(t.string) > most:
		r.Fail(v, fmt.Sprintf("must have at most %d characters, has %d", most, utf8.RuneCountInString(t.string)), "")
	default:
		*into = t.string
	}
}

// Bool reads true or false.
func (r *Reader) Bool(v *Value, into *bool) {
	t, ok := r.Known(v)
	switch {
	case !ok:
	case t.isQuoted():
		r.Fail(v, "must be true or false, not a string", "write it without quotes")
	case t.string == "true":
		*into = true
	case t.string == "false":
		*into = false
	default:
		r.Fail(v, "must be true or false, not "+t.Show(), r.Suggest(t, []string{"true", "false"}))
	}
}

// Int reads a whole number from least to most.
func (r *Reader) Int(v *Value, least, most int, into *int) {
	t, ok := r.Known(v)
	if !ok {
		return
	}
	n, err := strconv.Atoi(t.string)
	switch {
	case t.isQuoted():
		r.Fail(v, "must be a whole number, not a string", "write it without quotes")
	case err != nil || n < least || n > most:
		r.Fail(v, fmt.Sprintf("must be a whole number from %d to %d, not %s", least, most, t.Show()), "")
	default:
		*into = n
	}
}

// Duration reads a duration from least to most.
func (r *Reader) Duration(v *Value, least, most time.Duration, into *time.Duration) {
	t, ok := r.Known(v)
	if !ok {
		return
	}
	d, ok := unit.ParseDuration(t.string)
	if !ok {
		r.Fail(v, "must be a duration such as 15s, 30d or 1h30m, not "+t.Show(), meant(t, unit.SuggestDuration(t.string, most)))
		return
	}
	if d < least || d > most {
		r.Fail(v, fmt.Sprintf("must be %s to %s, not %s", unit.FormatDuration(least), unit.FormatDuration(most), t.Show()), "")
		return
	}
	*into = d
}

// Size reads a size from least to most bytes.
func (r *Reader) Size(v *Value, least, most int64, into *int64) {
	t, ok := r.Known(v)
	if !ok {
		return
	}
	n, ok := unit.ParseSize(t.string)
	if !ok {
		r.Fail(v, "must be a size such as 64KiB or 10MB, not "+t.Show(), meant(t, unit.SuggestSize(t.string, least, most)))
		return
	}
	if n < least || n > most {
		r.Fail(v, fmt.Sprintf("must be %s to %s, not %s", unit.FormatSize(least), unit.FormatSize(most), t.Show()), "")
		return
	}
	*into = n
}

// meant is the hint for a value in the wrong form, of which the right form can be guessed.
func meant(t Text, suggestion string) string {
	if suggestion == "" || t.Hidden() {
		return ""
	}
	return "write " + suggestion + ", if that is meant"
}

// Choice reads one of several words.
func (r *Reader) Choice(v *Value, words []string, into *string) {
	t, ok := r.Known(v)
	if ok && r.OneOf(t, words) {
		*into = t.string
	}
}

// OneOf reports whether the text is one of the words. If not, it reports the problem.
func (r *Reader) OneOf(t Text, words []string) bool {
	if slices.Contains(words, t.string) {
		return true
	}
	r.Fail(t.At, "must be "+Or(words)+", not "+t.Show(), r.Suggest(t, words))
	return false
}

// NoControl is said of a text with a control character, mostly a line end, and
// OneLine is the hint for it.
const (
	NoControl = "must not contain control characters"
	OneLine   = "keep it in one line, without a line end or a tab"
)

// HasControl reports whether s holds a control character.
func HasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }
