package command_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sidehook/relay/command"
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
			if got := command.Clean(c.text); got != c.want {
				t.Errorf("clean %q: got %q, want %q", c.text, got, c.want)
			}
		})
	}
}

func TestCleanLines(t *testing.T) {
	got := strings.Join(command.CleanLines("one\r\n\ttwo\x1b\rthree\n\n"), "|")
	if want := `one|    two\u001b\rthree`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzClean: nothing that a terminal would act upon gets through, and nothing
// else is changed.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b]0;title\x07", "\u202e\u009b", "a\xffb\xed\xa0\x80", "tab\tand\r\nline\u2028", "\U000e0041é世"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := command.Clean(text)
		if !utf8.ValidString(got) {
			t.Errorf("clean %q: %q is not UTF-8", text, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) {
				t.Errorf("clean %q: %q still has %U", text, got, r)
			}
		}
		if again := command.Clean(got); again != got {
			t.Errorf("clean %q: %q becomes %q", text, got, again)
		}
		printable := utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) })
		if printable && got != text {
			t.Errorf("clean %q: became %q", text, got)
		}
		for _, line := range command.CleanLines(text) {
			if command.Clean(line) != line {
				t.Errorf("lines of %q: %q is not clean", text, line)
			}
		}
	})
}

// TestLogIsClean: what the log prints in colours has no escape but its own,
// whether it stands in the text or only looks like one.
func TestLogIsClean(t *testing.T) {
	const own = "\x1b[" // tint's
	for _, text := range []string{"\x1b]0;title\x07 \u202e", `say \x1b]0;title`, `"\\x1b]0;title"`} {
		var out bytes.Buffer
		command.ColouredLogger(&out).Error("refused", "error", errors.New(text), "text", text, "number", 3)
		for rest := out.String(); ; {
			i := strings.IndexByte(rest, '\x1b')
			if i < 0 {
				break
			}
			if rest = rest[i:]; !strings.HasPrefix(rest, own) {
				t.Errorf("log of %q: a raw escape in %q", text, out.String())
			}
			rest = rest[1:]
		}
		if line := strings.TrimSuffix(out.String(), "\n"); strings.ContainsAny(line, "\n\a\u202e") {
			t.Errorf("log of %q: %q", text, line)
		}
	}
}
