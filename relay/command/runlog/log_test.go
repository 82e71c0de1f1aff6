package runlog_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"sidehook/relay/command/runlog"
)

// TestLogIsClean: a coloured log has no escapes but its own, even if a text contains
// one or looks like one.
func TestLogIsClean(t *testing.T) {
	const own = "\x1b[" // tint's
	for _, text := range []string{"\x1b]0;title\x07 \u202e", `say \x1b]0;title`, `"\\x1b]0;title"`} {
		var out bytes.Buffer
		runlog.Coloured(&out).Error("refused", "error", errors.New(text), "text", text, "number", 3)
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
