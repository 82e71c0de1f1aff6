package payload

import (
	"fmt"
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"
)

// colours is which tokens of JSON are elements, from most to fewest.
type colours int

const (
	allTokens  colours = iota
	keysAlone          // and invisible characters
	marksAlone         // invisible characters
	noElements
)

// markup builds HTML. Only text writes what others wrote.
type markup struct {
	b        []byte
	colour   colours
	elements int
	left     int // how many more it may have; negative: there are too many
}

func (m *markup) write(markup string) { m.b = append(m.b, markup...) }

// tooMany reports whether there are more elements than there may be, so that all is in
// vain.
func (m *markup) tooMany() bool { return m.left < 0 && m.colour < noElements }

func (m *markup) html() template.HTML { return template.HTML(m.b) }

// pre writes a payload that is text. A browser drops the line end after the tag, and so
// no line end of the payload.
func (m *markup) pre(kind Kind, text []byte) {
	m.elements++
	m.write(`<pre class="payload">` + "\n")
	switch kind {
	case JSON:
		eachToken(text, indented, m.token)
	case NDJSON:
		eachToken(text, asWritten, m.token)
	default:
		m.text(text)
	}
	m.write("</pre>")
}

// token writes a token of JSON.
func (m *markup) token(c class, text []byte) {
	if c == none || m.colour > keysAlone || m.colour == keysAlone && c != key {
		m.text(text)
		return
	}
	m.open("span", string(c))
	m.text(text)
	m.write("</span>")
}

func (m *markup) open(element, class string) {
	m.elements++
	m.left--
	m.write("<" + element + ` class="` + class + `">`)
}

// text writes what others wrote, so that HTML has none of it as markup. Characters that
// are not seen become their numbers.
func (m *markup) text(text []byte) {
	before := rune(0)
	for len(text) > 0 && !m.tooMany() {
		if n := plain(text); n > 0 {
			m.b = append(m.b, text[:n]...)
			before, text = rune(text[n-1]), text[n:]
			continue
		}
		r, n := utf8.DecodeRune(text)
		after := first(text[n:])
		switch {
		case r == '\r' && after == '\n':
			m.write("&#13;") // a browser takes the character itself for a line end
		case hidden(r, before, after):
			n = m.numbers(text, before)
		case r == '&':
			m.write("&amp;")
		case r == '<':
			m.write("&lt;")
		case r == '>':
			m.write("&gt;")
		case r == '"':
			m.write("&#34;")
		case r == '\'':
			m.write("&#39;")
		default:
			m.b = utf8.AppendRune(m.b, r)
		}
		before, text = r, text[n:]
	}
}

// numbers writes the hidden characters that text begins with as their numbers, in one
// element, and returns their length.
func (m *markup) numbers(text []byte, before rune) (length int) {
	var list []string
	for length < len(text) {
		r, n := utf8.DecodeRune(text[length:])
		after := first(text[length+n:])
		if r == '\r' && after == '\n' || !hidden(r, before, after) {
			break
		}
		list = append(list, fmt.Sprintf("U+%04X", r))
		before, length = r, length+n
	}
	numbers := strings.Join(list, " ")
	if m.colour == noElements {
		m.write("⟨" + numbers + "⟩")
		return length
	}
	m.open("b", "u")
	m.write(numbers + "</b>")
	return length
}

// plain returns how many characters at the beginning of a text need no care.
func plain(text []byte) int {
	for i, c := range text {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x7F || c == '&' || c == '<' || c == '>' || c == '"' || c == '\'' {
			return i
		}
	}
	return len(text)
}

// first returns the first character of a text, 0 if it is empty.
func first(text []byte) rune {
	if len(text) == 0 {
		return 0
	}
	r, _ := utf8.DecodeRune(text)
	return r
}

// hidden reports whether a character cannot be seen, or moves others. One that joins the
// parts of an emoji, or chooses its look, can be seen by its effect.
func hidden(r, before, after rune) bool {
	switch {
	case r < 0x80:
		return r < ' ' && r != '\t' && r != '\n' || r == 0x7F
	case r == 0x200D: // zero width joiner
		return !pictured(before) && before != 0xFE0F || !pictured(after)
	case r == 0xFE0E || r == 0xFE0F: // text or emoji
		return !unicode.IsSymbol(before) && !strings.ContainsRune("#*0123456789‼⁉", before)
	case r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0 || r == 0x2800: // blank letters
		return true
	case r == 0x034F || unicode.Is(unicode.Variation_Selector, r):
		return true
	}
	return !unicode.IsGraphic(r) // control, format, private and unknown characters, line ends
}

// pictured reports whether a character can be a part of an emoji of several.
func pictured(r rune) bool { return unicode.Is(unicode.So, r) || 0x1F3FB <= r && r <= 0x1F3FF }
