package manual

import (
	"strings"

	"sidehook/relay/command/terminal"
)

// wrap breaks a text at its spaces into lines of at most that width. A word that
// is longer is broken where the width ends.
func (p printer) wrap(t text, width int) []text {
	width = max(width, 1)
	var (
		lines []text
		line  text
		used  int
	)
	end := func() { lines, line, used = append(lines, line), nil, 0 }
	for _, w := range p.words(t) {
		if used > 0 && used+1+p.measure(w) > width {
			end()
		}
		if used > 0 {
			line, used = append(line, span{" ", normal}), used+1
		}
		for p.measure(w) > width {
			head, rest := p.split(w, width)
			line = append(line, head...)
			end()
			w = rest
		}
		line, used = append(line, w...), used+p.measure(w)
	}
	if used > 0 || len(lines) == 0 {
		end()
	}
	return lines
}

// words returns the words of a text, each of one or more spans. Code is made of
// words, too, whose quotes stay with the first and the last.
func (p printer) words(t text) []text {
	var (
		words []text
		word  text
	)
	for _, s := range t {
		shown := span{p.shown(s), s.style}
		if s.style == literal {
			shown.style = quoted
		}
		for i, part := range strings.Split(shown.text, " ") {
			if i > 0 && len(word) > 0 {
				words, word = append(words, word), nil
			}
			if part != "" {
				word = append(word, span{part, shown.style})
			}
		}
	}
	if len(word) > 0 {
		words = append(words, word)
	}
	return words
}

// quoted is code that has its quotes.
const quoted style = -1

// split cuts a word that is wider than that width.
func (p printer) split(w text, width int) (head, rest text) {
	for i, s := range w {
		columns := terminal.DisplayWidth(s.text)
		if columns <= width {
			head, width = append(head, s), width-columns
			continue
		}
		at := len(strings.TrimSuffix(terminal.Cut(s.text, width+1), "…"))
		if at == 0 && len(head) == 0 {
			at = len(s.text) // a character wider than a line stays whole
		}
		if at > 0 {
			head = append(head, span{s.text[:at], s.style})
		}
		if at < len(s.text) {
			rest = append(rest, span{s.text[at:], s.style})
		}
		return head, append(rest, w[i+1:]...)
	}
	return head, nil
}
