package report_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/relay/command/report"
	"sidehook/relay/command/terminal"
)

// Attempt returns a line of the deliveries.
func attempt(event, typ, problem string) []byte {
	return fmt.Appendf(nil, `{"n":1,"at":"2026-11-23T14:55:00Z","kind":"attempt","webhook":"app-lifecycle","generation":1,"seq":1,"event":%q,"type":%q,`+
		`"attempt":1,"status":"retrying","code":503,"error":%q,"next":"2026-11-23T15:00:00Z","took_ms":12.417}`, event, typ, problem)
}

// TestTablesFit: no line of a table is wider than the terminal. Ids are complete if
// there is room. Columns are below their heads, also after characters that take two
// columns or none.
func TestTablesFit(t *testing.T) {
	t.Setenv("TZ", "UTC")
	const id = "0193a4c1-5f2e-7c3b-9d7e-2f4a6b8c0d1e"
	lines := [][]byte{
		attempt(id, "com.qlik.v1.app.reload.finished", "503 Service Unavailable"),
		attempt("注文-四七一一", "com.example.注文", "dial tcp: lookup 例え.jp: no such host, which is a long story"),
		attempt("e\u0301te\u0301-1", "a.b", ""),
	}
	for _, width := range []int{40, 60, 80, 100, 120, 200} {
		for name, print := range map[string]func(*strings.Builder) error{
			"history":    func(out *strings.Builder) error { report.HistoryOnTerminal(out, width, lines...); return nil },
			"history -f": func(out *strings.Builder) error { report.FollowedOnTerminal(out, width, lines...); return nil },
			"stats": func(out *strings.Builder) error {
				report.StatsOnTerminal(out, width, "app-lifecycle", "注文")
				return nil
			},
			"list": func(out *strings.Builder) error {
				return report.WebhooksOnTerminal(out, width, strings.ReplaceAll(webhooks, `"why"`, `"x"`))
			},
		} {
			var out strings.Builder
			if err := print(&out); err != nil {
				t.Fatal(err)
			}
			table := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			for _, line := range table {
				if n := terminal.DisplayWidth(line); n > width {
					t.Errorf("%s on %d: %d columns in %q", name, width, n, line)
				}
			}
			if !strings.HasPrefix(name, "history") {
				continue
			}
			at := terminal.DisplayWidth(table[0][:strings.Index(table[0], "STATUS")])
			for i, line := range table[1:] {
				status := strings.Index(line, "retrying")
				if status < 0 || name == "history" && terminal.DisplayWidth(line[:status]) != at { // what is followed widens columns
					t.Errorf("%s on %d: %q is not below its head in\n%s", name, width, "retrying", out.String())
				}
				if i == 0 && width >= 80 && !strings.Contains(line, id) {
					t.Errorf("%s on %d: the id is cut in %q", name, width, line)
				}
				if name == "history -f" && !strings.Contains(line, "14:55:00  ") {
					t.Errorf("%s on %d: the time is cut in %q", name, width, line)
				}
			}
		}
	}
}

// TestStatsOnTerminal: the charts are beside the numbers if there is room.
func TestStatsOnTerminal(t *testing.T) {
	for width, tables := range map[int]int{80: 2, 140: 1, 0: 1} {
		var out strings.Builder
		report.StatsOnTerminal(&out, width, "a", "b")
		if n := strings.Count(out.String(), "WEBHOOK"); n != tables || strings.Count(out.String(), "SINCE") != 1 {
			t.Errorf("on %d: %d tables, not %d\n%s", width, n, tables, out.String())
		}
	}
}
