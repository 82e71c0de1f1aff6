package manual

import (
	"fmt"
	"strings"
	"unicode"
)

// Man is a man page.
type Man struct {
	Name    string // sidehook-config
	Section int
	Summary string // one line, for whatis
	Version string
	Page    Page     // without its title
	SeeAlso []string // sidehook(1)
}

// Roff returns the page in the language of man.
func (m Man) Roff() string {
	var r roff
	r.command("TH", strings.ToUpper(m.Name), fmt.Sprint(m.Section), "", "sidehook "+m.Version, "sidehook")
	// Nothing is hyphenated, as it may be a name to type, and spaces stay as they are.
	r.WriteString(".nr HY 0\n.hy 0\n.ad l\n")
	r.command("SH", "NAME")
	r.line(escape(m.Name) + ` \- ` + escape(m.Summary))
	page := m.Page
	if len(page) > 0 && page[0].kind == heading && page[0].level == 1 {
		page = page[1:]
	}
	if len(page) > 0 && page[0].kind != heading {
		r.command("SH", "DESCRIPTION")
	}
	for _, b := range page {
		r.block(b)
	}
	if len(m.SeeAlso) > 0 {
		r.command("SH", "SEE ALSO")
		r.line(escape(strings.Join(m.SeeAlso, ", ")))
	}
	return r.String()
}

// roff is a text in the language of man.
type roff struct{ strings.Builder }

// command writes a macro with its arguments.
func (r *roff) command(name string, args ...string) {
	r.WriteString("." + name)
	for _, arg := range args {
		r.WriteString(` "` + strings.ReplaceAll(escape(arg), `"`, `\(dq`) + `"`)
	}
	r.WriteByte('\n')
}

// line writes an escaped line of text, which must not look like a macro.
func (r *roff) line(text string) {
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	r.WriteString(text + "\n")
}

func (r *roff) block(b block) {
	switch b.kind {
	case heading:
		if b.level <= 2 {
			r.command("SH", strings.ToUpper(b.text.plain()))
		} else {
			r.command("SS", b.text.plain())
		}
	case paragraph:
		r.command("PP")
		r.line(b.text.roff())
	case item:
		mark := b.mark
		if !strings.HasSuffix(mark, ".") {
			mark = "•"
		}
		r.command("IP", mark, "4")
		r.line(b.text.roff())
	case code:
		r.command("PP")
		r.command("RS", "4")
		r.command("EX")
		for _, line := range b.lines {
			r.line(escape(strings.ReplaceAll(line, "\t", codeIndent)))
		}
		r.command("EE")
		r.command("RE")
	case table:
		r.table(b.rows)
	}
}

// table writes each row as a tagged paragraph: the first cell is the tag. The
// cells between it and the last are named by the head.
func (r *roff) table(rows [][]text) {
	head := rows[0]
	for _, row := range rows[1:] {
		r.command("TP")
		r.line(row[0].bold())
		var parts []string
		for j := 1; j < len(row); j++ {
			cell := row[j].roff()
			switch {
			case cell == "":
			case j < len(row)-1 && j < len(head):
				parts = append(parts, head[j].roff()+": "+cell+".")
			default:
				parts = append(parts, cell)
			}
		}
		r.line(strings.Join(parts, " "))
	}
}

// roff returns a text with its styles.
func (t text) roff() string {
	var b strings.Builder
	for _, s := range t {
		if s.style == normal {
			b.WriteString(escape(s.text))
		} else {
			b.WriteString(`\fB` + escape(s.text) + `\fR`)
		}
	}
	return b.String()
}

// bold returns a text that is bold as a whole.
func (t text) bold() string { return `\fB` + escape(t.plain()) + `\fR` }

// escape keeps roff from reading a text as its own, and from replacing what
// people copy: hyphens, quotes, accents. The result is ASCII.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch r {
		case '\\':
			b.WriteString(`\e`)
		case '-':
			b.WriteString(`\-`)
		case '\'':
			b.WriteString(`\(aq`)
		case '`':
			b.WriteString(`\(ga`)
		case '^':
			b.WriteString(`\(ha`)
		case '~':
			b.WriteString(`\(ti`)
		default:
			if r > unicode.MaxASCII {
				fmt.Fprintf(&b, `\[u%04X]`, r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
