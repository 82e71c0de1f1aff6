package payload

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"sidehook/relay/api"
	"sidehook/relay/measure"
)

// The limits of what is shown of a change.
const (
	contextLines = 1
	changeLines  = 60
	comparisons  = 1 << 18 // of lines, in memory of two bytes each
)

// Answer is what came of an attempt.
type Answer struct {
	Code    int
	Error   string
	Headers api.Headers
	Body    []byte
}

// Changed returns what changed from one answer to the next: status, headers and the
// lines of the body, with the lines of JSON being its members. It returns "" if nothing
// but the date did.
func Changed(before, after Answer) template.HTML {
	var c change
	if a, b := before.status(), after.status(); a != b {
		c.add(deleted, a)
		c.add(inserted, b)
	}
	c.headers(before.Headers, after.Headers)
	c.body(before.Body, after.Body)
	return c.html()
}

// status returns the first line of an answer.
func (a Answer) status() string {
	if a.Code == 0 {
		return "no answer: " + a.Error
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Code, http.StatusText(a.Code)))
}

// side is where a line is: in the answer before, in the one after, or in both.
type side byte

const (
	both     side = ' '
	deleted  side = '-'
	inserted side = '+'
)

type changedLine struct {
	side side
	text string
}

type change struct{ lines []changedLine }

func (c *change) add(s side, text string) { c.lines = append(c.lines, changedLine{s, text}) }

// headers adds the header lines that only one of the answers has.
func (c *change) headers(before, after api.Headers) {
	missing := func(s side, list, in api.Headers) {
		for _, h := range list {
			if !strings.EqualFold(h.Name, "Date") && !slices.Contains(in, h) {
				c.add(s, h.Name+": "+h.Value)
			}
		}
	}
	missing(deleted, before, after)
	missing(inserted, after, before)
}

// body adds the lines that changed, and those around them.
func (c *change) body(before, after []byte) {
	if bytes.Equal(before, after) {
		return
	}
	of := func(body []byte) Kind {
		if len(body) == 0 {
			return Empty
		}
		return head(body, Options{Bytes: len(body), Cut: true}).kind()
	}
	if of(before) == Binary || of(after) == Binary {
		c.add(deleted, "a body of "+measure.Size(int64(len(before))))
		c.add(inserted, "another body of "+measure.Size(int64(len(after))))
		return
	}
	lines := compare(linesOf(before, of(before)), linesOf(after, of(after)))
	skipped := false
	for i, line := range lines {
		around := lines[max(0, i-contextLines):min(len(lines), i+contextLines+1)]
		if !slices.ContainsFunc(around, func(l changedLine) bool { return l.side != both }) {
			skipped = true
			continue
		}
		if skipped {
			c.add(both, "…")
		}
		skipped = false
		c.lines = append(c.lines, line)
	}
}

// linesOf returns the lines of a body.
func linesOf(body []byte, kind Kind) []string {
	if kind == JSON {
		var b bytes.Buffer
		eachToken(body, indented, func(_ class, token []byte) { b.Write(token) })
		body = b.Bytes()
	}
	if len(body) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
}

// compare returns the lines of two texts in an order that both have.
func compare(before, after []string) (lines []changedLine) {
	add := func(s side, list []string) {
		for _, text := range list {
			lines = append(lines, changedLine{s, text})
		}
	}
	start := 0
	for start < min(len(before), len(after)) && before[start] == after[start] {
		start++
	}
	add(both, before[:start])
	before, after = before[start:], after[start:]
	end := 0
	for end < min(len(before), len(after)) && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	tail := before[len(before)-end:]
	before, after = before[:len(before)-end], after[:len(after)-end]
	for _, same := range common(before, after) {
		add(deleted, before[:same[0]])
		add(inserted, after[:same[1]])
		add(both, before[same[0]:same[0]+1])
		before, after = before[same[0]+1:], after[same[1]+1:]
	}
	add(deleted, before)
	add(inserted, after)
	add(both, tail)
	return lines
}

// common returns the longest list of lines that two texts have in the same order. Each
// is given by how many lines of either text are between it and the one before. There
// are none if the texts are too long to compare.
func common(before, after []string) (list [][2]int) {
	width := len(after) + 1
	if (len(before)+1)*width > comparisons {
		return nil
	}
	length := make([]uint16, (len(before)+1)*width) // of the list for what follows each pair of lines
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if before[i] == after[j] {
				length[i*width+j] = length[(i+1)*width+j+1] + 1
			} else {
				length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1])
			}
		}
	}
	fromI, fromJ := 0, 0
	for i, j := 0, 0; i < len(before) && j < len(after); {
		switch {
		case before[i] == after[j]:
			list = append(list, [2]int{i - fromI, j - fromJ})
			i, j = i+1, j+1
			fromI, fromJ = i, j
		case length[(i+1)*width+j] >= length[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return list
}

// html returns the lines, with one element for those of one side that follow each other.
func (c *change) html() template.HTML {
	if len(c.lines) == 0 {
		return ""
	}
	m := markup{colour: noElements}
	m.write(`<pre class="payload changed">` + "\n")
	for i := 0; i < min(len(c.lines), changeLines); {
		s := c.lines[i].side
		element := map[side]string{deleted: "del", inserted: "ins"}[s]
		if element != "" {
			m.write("<" + element + ">")
		}
		for ; i < min(len(c.lines), changeLines) && c.lines[i].side == s; i++ {
			m.text([]byte(string(s) + " " + cutLine(c.lines[i].text) + "\n"))
		}
		if element != "" {
			m.write("</" + element + ">")
		}
	}
	if more := len(c.lines) - changeLines; more > 0 {
		m.text(fmt.Appendf(nil, "… and %d more lines\n", more))
	}
	m.write("</pre>")
	return m.html()
}

// cutLine limits the length of a line.
func cutLine(line string) string {
	const most = 500
	if len(line) <= most {
		return strings.TrimSuffix(line, "\r")
	}
	return string(head([]byte(line), Options{Bytes: most}).text) + "…"
}
