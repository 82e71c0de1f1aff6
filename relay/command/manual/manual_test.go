package manual_test

import (
	"slices"
	"strings"
	"testing"

	"sidehook/config"
	"sidehook/history"
	"sidehook/relay"
	"sidehook/relay/command/manual"
	"sidehook/relay/command/terminal"
	"sidehook/systemd"
)

const sample = "# The title\n" + `
A paragraph of ` + "`code here`" + `, **bold text**, a [link](other.md#part)
and a [site](https://example.com).

## A part

- one
- two that is longer than
  one line

1. first

| key | default | meaning |
| --- | --- | --- |
| ` + "`a`" + ` | | the first \| only |
| b | ` + "`1`" + ` | the second, whose cell is long |

    indented

    code

` + "```yaml\nkey: 'a-b'   # ^~\\\n.x\n```\n\n## Another part\n\nEnd.\n"

func printed(page manual.Page, screen terminal.Screen) string {
	var b strings.Builder
	screen.Writer = &b
	page.Print(&screen)
	return b.String()
}

func TestPrint(t *testing.T) {
	want := `THE TITLE

A paragraph of ` + "`code" + `
here` + "`" + `, bold text, a
link and a site
<https://example.com>.

A PART

- one
- two that is longer
  than one line
1. first

key  default  meaning
` + "`a`" + `           the first
              | only
b    ` + "`1`" + `      the
              second,
              whose
              cell is
              long

    indented

    code

    key: 'a-b'   # ^~\
    .x

ANOTHER PART

End.
`
	if got := printed(manual.Read(sample), terminal.Screen{Width: 23}); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPrintWithColours(t *testing.T) {
	want := "\x1b[1mTITLE\x1b[0m\n\n\x1b[1mcode\x1b[0m and \x1b[1mbold\x1b[0m.\n"
	if got := printed(manual.Read("# Title\n\n`code` and **bold**."), terminal.Screen{Width: 80, Colour: true}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSections(t *testing.T) {
	page := manual.Read(sample)
	if got, want := printed(page.Sections("Another part"), terminal.Screen{}), "ANOTHER PART\n\nEnd.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := page.Headings(2), []string{"A part", "Another part"}; !slices.Equal(got, want) {
		t.Errorf("headings: got %q, want %q", got, want)
	}
}

func TestRoff(t *testing.T) {
	got := manual.Man{Name: "sidehook-x", Section: 5, Summary: "a page", Version: "1.2", Page: manual.Read(sample), SeeAlso: []string{"sidehook(1)"}}.Roff()
	want := `.TH "SIDEHOOK\-X" "5" "" "sidehook 1.2" "sidehook"
.nr HY 0
.hy 0
.ad l
.SH "NAME"
sidehook\-x \- a page
.SH "DESCRIPTION"
.PP
A paragraph of \fBcode here\fR, \fBbold text\fR, a link and a site <https://example.com>.
.SH "A PART"
.IP "\[u2022]" "4"
one
.IP "\[u2022]" "4"
two that is longer than one line
.IP "1." "4"
first
.TP
\fBa\fR
the first | only
.TP
\fBb\fR
default: \fB1\fR. the second, whose cell is long
.PP
.RS "4"
.EX
indented

code
.EE
.RE
.PP
.RS "4"
.EX
key: \(aqa\-b\(aq   # \(ha\(ti\e
\&.x
.EE
.RE
.SH "ANOTHER PART"
.PP
End.
.SH "SEE ALSO"
sidehook(1)
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestManual holds M1 and M2 for the pages that there are.
func TestManual(t *testing.T) {
	for name, markdown := range map[string]string{"config": config.Manual(), "relay": relay.Manual(), "history": history.Manual(), "systemd": systemd.Manual()} {
		page := manual.Read(markdown)
		want := characters(printed(page, terminal.Screen{}))
		for _, width := range []int{60, 80, 200} {
			text := printed(page, terminal.Screen{Width: width})
			if got := characters(text); got != want {
				t.Errorf("%s: on %d columns the text is another", name, width)
			}
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if terminal.DisplayWidth(line) > width && !strings.HasPrefix(line, "    ") {
					t.Errorf("%s: wider than %d columns: %s", name, width, line)
				}
			}
		}
		all := strings.ToLower(printed(page, terminal.Screen{Width: 100}))
		for word := range strings.FieldsSeq(markdown) {
			if strings.ContainsAny(word, "|[]()`*#") {
				continue
			}
			if !strings.Contains(all, strings.ToLower(word)) && !strings.HasPrefix(word, "---") {
				t.Errorf("%s: lost %q", name, word)
			}
		}
	}
}

// characters returns those of a text but for spaces, sorted.
func characters(text string) string {
	list := []rune(strings.Join(strings.Fields(text), ""))
	slices.Sort(list)
	return string(list)
}
