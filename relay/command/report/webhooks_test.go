package report_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sidehook/relay/command/report"
)

const webhooks = `[
{"name":"app-lifecycle","url":"https://hooks.example.com/a/rather/long/path/that/goes/on","events":["com.qlik.v1.app.*","com.qlik.v1.user.created"],
 "state":"failing","since":"2026-11-23T14:55:00Z","why":"503 Service Unavailable","backlog":{"events":1204,"bytes":4096,"oldest_seconds":190},
 "last_hour":{"delivered":199,"failed":3,"given_up":1,"p50_ms":12.4,"p99_ms":1250},"last_error":"503 Service Unavailable: a long story \u001b[31m of what went wrong"},
{"name":"idle","url":"https://x.example","events":["**"],"state":"off","backlog":{"events":0},"last_hour":{"delivered":0,"failed":0}}]`

// TestWebhookTable: the table fits the terminal with complete names, and a sentence
// below it says why a webhook is failing.
func TestWebhookTable(t *testing.T) {
	t.Setenv("TZ", "UTC")
	for _, width := range []int{0, 200, 120, 80} {
		var out strings.Builder
		if err := report.WebhooksOnTerminal(&out, width, webhooks); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 4 {
			t.Fatalf("width %d:\n%s", width, out.String())
		}
		for _, line := range lines[:3] {
			if n := utf8.RuneCountInString(line); width > 0 && n > width {
				t.Errorf("width %d: %d characters in %q", width, n, line)
			}
		}
		want := [][]string{
			{"NAME", "STATE", "LAST "},
			{"app-lifecycle", "failing", "1204 (3m10s)", "503 S"},
			{"idle", "off", "0", "-"},
			{"app-lifecycle is failing since ", ": 503 Service Unavailable"},
		}
		if width != 80 { // there is room for all
			want[0] = append(want[0], "P50/P99", "EVENTS")
			want[1] = append(want[1], "99% of 200", "12.4ms/1.25s")
			want[2] = append(want[2], "**")
		}
		for i, parts := range want {
			for _, part := range parts {
				if !strings.Contains(lines[i], part) {
					t.Errorf("width %d: no %q in %q", width, part, lines[i])
				}
			}
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("width %d: an escape in %q", width, out.String())
		}
	}
}

// TestLastError: it has its age.
func TestLastError(t *testing.T) {
	at, err := json.Marshal(time.Now().Add(-3 * time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	hook := `[{"name":"crm","state":"failing","last_error":"503 Service Unavailable","last_error_at":` + string(at) + `,"last_hour":{"failed":2}}]`
	if err := report.WebhooksOnTerminal(&out, 0, hook); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3m ago: 503 Service Unavailable", "  -  "} { // none has ended
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
