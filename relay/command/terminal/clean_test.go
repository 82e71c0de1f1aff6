package terminal_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sidehook/relay/command/terminal"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"plain":     {`{"ok": true} \n`, `{"ok": true} \n`},
		"letters":   {"Grüße, 世界 é 🎉", "Grüße, 世界 é 🎉"},
		"escape":    {"\x1b[31mred", `\u001b[31mred`},
		"lines":     {"a\nb\r\tc", `a\nb\r\tc`},
		"C1":        {"\u009b2J", `\u009b2J`},
		"raw C1":    {"a\x9b2J", `a\x9b2J`},
		"delete":    {"\x7f\x00", `\u007f\u0000`},
		"bidi":      {"\u202eevil\u2066", `\u202eevil\u2066`},
		"invisible": {"a\u200b\ufeff\u00ad", `a\u200b\ufeff\u00ad`},
		"line ends": {"\u2028\u2029", `\u2028\u2029`},
		"tags":      {"\U000e0041", `\U000e0041`},
		"private":   {"\ue000", `\ue000`},
		"no UTF-8":  {"a\xffb", `a\xffb`},
		"replaced":  {"a\ufffdb", "a\ufffdb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := terminal.Clean(c.text); got != c.want {
				t.Errorf("clean %q: got %q, want %q", c.text, got, c.want)
			}
		})
	}
}

func TestCleanLines(t *testing.T) {
	got := strings.Join(terminal.CleanLines("one\r\n\ttwo\x1b\rthree\n\n"), "|")
	if want := `one|    two\u001b\rthree`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzClean: the result has nothing that a terminal would act on, and nothing else
// is changed.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b]0;title\x07", "\u202e\u009b", "a\xffb\xed\xa0\x80", "tab\tand\r\nline\u2028", "\U000e0041é世"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := terminal.Clean(text)
		if !utf8.ValidString(got) {
			t.Errorf("clean %q: %q is not UTF-8", text, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) {
				t.Errorf("clean %q: %q still has %U", text, got, r)
			}
		}
		if again := terminal.Clean(got); again != got {
			t.Errorf("clean %q: %q becomes %q", text, got, again)
		}
		printable := utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) })
		if printable && got != text {
			t.Errorf("clean %q: became %q", text, got)
		}
		for _, line := range terminal.CleanLines(text) {
			if terminal.Clean(line) != line {
				t.Errorf("lines of %q: %q is not clean", text, line)
			}
		}
	})
}
