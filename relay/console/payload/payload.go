// Package payload is how the bytes of a payload look on a page of the console, and what
// changed between two answers of a receiver.
//
// Applications and receivers wrote the bytes, so the package trusts none of them. It
// promises that its HTML has no elements but pre, span, b, del and ins, and no
// attributes but class and a fixed tabindex, whatever the bytes are; that the text of a
// payload is there as it was posted or answered (of JSON only the space between its
// tokens is the relay's); and that characters which cannot be seen, or which move
// others, are shown as their numbers. No number is rounded, no escape changed, and no
// member moved or dropped.
//
// The pages of relay/console call it.
package payload

import (
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"sidehook/relay/measure"
)

// The limits of a payload on a page, where the caller gives none.
const (
	ShownBytes    = 64 << 10
	ShownElements = 1000
)

// Kind is what a payload was taken for.
type Kind string

const (
	Empty  Kind = "empty"
	JSON   Kind = "JSON"
	NDJSON Kind = "NDJSON" // a JSON value a line
	Text   Kind = "text"   // also JSON that is nested too deep, or has an error
	Binary Kind = "binary"
)

// Options are how a payload is shown. The zero value works.
type Options struct {
	Type     string // the media type that it came with, if any
	Cut      bool   // the payload is the beginning of a longer one
	Bytes    int    // how many are shown at most; 0: ShownBytes
	Elements int    // how many elements it may have beside its pre; 0: ShownElements
}

// View is a payload to be shown.
type View struct {
	HTML     template.HTML
	Kind     Kind
	Type     string // of a binary payload: the media type given, or else the likely one
	Size     int    // of the whole payload, in bytes
	Shown    int    // bytes of it that HTML has
	Elements int    // that HTML has
}

// Left returns how many bytes are not shown.
func (v View) Left() int { return v.Size - v.Shown }

// Note says what is not shown, or what a binary payload is; "" if there is nothing to say.
func (v View) Note() string {
	switch {
	case v.Kind == Binary && v.Left() > 0:
		return fmt.Sprintf("%s, %s, the first %s", measure.Size(int64(v.Size)), v.Type, measure.Size(int64(v.Shown)))
	case v.Kind == Binary:
		return fmt.Sprintf("%s, %s", measure.Size(int64(v.Size)), v.Type)
	case v.Left() > 0:
		return fmt.Sprintf("%s of %s shown, %s left", measure.Size(int64(v.Shown)), measure.Size(int64(v.Size)), measure.Size(int64(v.Left())))
	}
	return ""
}

// Render returns a payload as HTML. JSON is coloured if the elements suffice: else its
// keys alone, or nothing.
func Render(body []byte, o Options) View {
	if o.Bytes <= 0 {
		o.Bytes = ShownBytes
	}
	if o.Elements <= 0 {
		o.Elements = ShownElements
	}
	v := View{Kind: Empty, Size: len(body)}
	if len(body) == 0 {
		return v
	}
	shown := head(body, o)
	if v.Kind = shown.kind(); v.Kind == Binary {
		return v.binary(body, o)
	}
	v.Shown = len(shown.text)
	for colour := allTokens; ; colour++ {
		m := markup{b: make([]byte, 0, 2*v.Shown+64), colour: colour, left: o.Elements}
		m.pre(v.Kind, shown.text)
		if !m.tooMany() {
			v.HTML, v.Elements = m.html(), m.elements
			return v
		}
	}
}

// excerpt is a payload, or the beginning of one.
type excerpt struct {
	text []byte
	cut  bool // more follows
}

// head returns the beginning of a payload that is shown. It does not end within a
// character.
func head(body []byte, o Options) excerpt {
	x := excerpt{body, o.Cut}
	if len(body) > o.Bytes {
		x = excerpt{body[:o.Bytes], true}
	}
	if !x.cut {
		return x
	}
	for i := 1; i <= min(utf8.UTFMax-1, len(x.text)-1); i++ {
		if last := x.text[len(x.text)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				x.text = x.text[:len(x.text)-i]
			}
			break
		}
	}
	return x
}

// Inline returns one line of text that others wrote, such as an id or an error.
func Inline(text string) template.HTML {
	m := markup{colour: marksAlone, left: inlineElements}
	m.text([]byte(strings.ToValidUTF8(text, "\uFFFD")))
	if m.tooMany() {
		m = markup{colour: noElements}
		m.text([]byte(strings.ToValidUTF8(text, "\uFFFD")))
	}
	return m.html()
}

// inlineElements is how many elements a line may have.
const inlineElements = 8
