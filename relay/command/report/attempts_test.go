package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sidehook/relay/command/report"
)

// TestLongIDsOnTerminal: a very long id does not push other columns off the screen.
func TestLongIDsOnTerminal(t *testing.T) {
	const uuid = "e65c1481-e8a4-4be1-a5ca-27dfcde077d7"
	line := func(id string) []byte {
		return fmt.Appendf(nil, `{"n":1,"at":"2026-11-23T14:55:00Z","kind":"attempt","webhook":"app","event":%q,"type":"a.b","attempt":1,"status":"delivered"}`, id)
	}
	var out bytes.Buffer
	report.HistoryOnTerminal(&out, 0, line(uuid), line(strings.Repeat("x", 200)))
	if text := out.String(); !strings.Contains(text, uuid) || !strings.Contains(text, strings.Repeat("x", 39)+"…  a.b") {
		t.Errorf("printed\n%s", text)
	}
}
