package relay_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// scrape is what GET /metrics answers.
func (h *host) scrape() string {
	h.t.Helper()
	client := http.Client{Transport: h.transport()}
	resp, err := client.Get("http://localhost/metrics")
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		h.t.Fatalf("scrape: %d %s %v", resp.StatusCode, body, err)
	}
	return string(body)
}

// TestMetrics has a row for each metric: it runs all that is counted once, and
// looks for its lines in a scrape.
func TestMetrics(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "outbox: {postgres: 'postgres://127.0.0.1:1/none'}\nwebhooks:\n"+hook(s, "one", "")+hook(s, "off", ", enabled: false"))
	h.post("e1")
	h.post("e1")
	eventually(t, "e1 is delivered", func() bool {
		return strings.Contains(h.scrape(), `sidehook_attempts_total{status="delivered",webhook="one"} 1`)
	})
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h.call("POST", "/v1/events", `{"type":"sidehook.x"}`, nil)
	h.call("POST", "/v1/events", `{"type":"nobody.wants.it"}`, nil)
	h.post("e2")
	eventually(t, "e2 waits", func() bool {
		return strings.Contains(h.scrape(), `sidehook_attempts_total{status="retrying",webhook="one"} 2`)
	})
	h.r.Refused(errors.New("a bad edit"))

	text := "\n" + h.scrape()
	for _, row := range []struct {
		name, kind string
		lines      []string // how they begin, after the name
	}{
		{"sidehook_events_total", "counter", []string{`{result="accepted"} 3`, `{result="duplicate"} 1`, `{result="422"} 1`}},
		{"sidehook_events_unmatched_total", "counter", []string{` 1`}},
		{"sidehook_attempts_total", "counter", []string{
			`{status="delivered",webhook="one"} 1`, `{status="retrying",webhook="one"} 2`, `{status="failed",webhook="one"} 0`,
			`{status="exhausted",webhook="one"} 0`, `{status="expired",webhook="one"} 0`, `{status="canceled",webhook="one"} 0`,
			`{status="delivered",webhook="off"} 0`, `{status="exhausted",webhook="off"} 0`,
		}},
		{"sidehook_attempt_duration_seconds", "histogram", []string{`_count{webhook="one"} 3`, `_bucket{webhook="one",le="60"} 3`}},
		{"sidehook_delivery_latency_seconds", "histogram", []string{`_count{webhook="one"} 1`, `_bucket{webhook="one",le="86400"} 1`}},
		{"sidehook_backlog_events", "gauge", []string{`{webhook="one"} 1`, `{webhook="off"} 0`}},
		{"sidehook_backlog_bytes", "gauge", []string{`{webhook="one"} `, `{webhook="off"} 0`}},
		{"sidehook_backlog_oldest_seconds", "gauge", []string{`{webhook="one"} `, `{webhook="off"} 0`}},
		{"sidehook_in_flight", "gauge", []string{`{webhook="one"} 0`, `{webhook="off"} 0`}},
		{"sidehook_webhook_state", "gauge", []string{`{state="active",webhook="one"} 1`, `{state="off",webhook="off"} 1`}},
		{"sidehook_commit_events", "histogram", []string{`_sum 3`, `_count 3`}},
		{"sidehook_commit_duration_seconds", "histogram", []string{`_count 3`}},
		{"sidehook_history_bytes", "gauge", []string{` `}},
		{"sidehook_history_limit_bytes", "gauge", []string{` 1.073741824e+10`}},
		{"sidehook_history_damaged_lines_total", "counter", []string{` 0`}},
		{"sidehook_outbox_up", "gauge", []string{` 0`}},
		{"sidehook_outbox_oldest_seconds", "gauge", []string{` 0`}},
		{"sidehook_outbox_events_total", "counter", []string{`{result="accepted"} 0`, `{result="duplicate"} 0`, `{result="refused"} 0`}},
		{"sidehook_config_included_files_refused", "gauge", []string{` 0`}},
		{"sidehook_config_generation", "gauge", []string{` 1`}},
		{"sidehook_config_last_reload_successful", "gauge", []string{` 0`}},
		{"sidehook_config_last_reload_success_timestamp_seconds", "gauge", []string{` 1.`}},
		{"sidehook_build_info", "gauge", []string{`{`}},
		{"go_goroutines", "gauge", []string{` `}},
		{"process_open_fds", "gauge", []string{` `}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, line := range append([]string{"# TYPE " + row.name + " " + row.kind}, row.lines...) {
				if line[0] != '#' {
					line = row.name + line
				}
				if !strings.Contains(text, "\n"+line) {
					t.Errorf("there is no %s", line)
				}
			}
		})
	}

	// Of a webhook that was removed the metrics have its backlog, and nothing else.
	h.apply("webhooks: []\n")
	text = h.scrape()
	for want, there := range map[string]bool{
		`sidehook_webhook_state{state="orphaned",webhook="one"} 1`: true,
		`sidehook_backlog_events{webhook="one"} 1`:                 true,
		`sidehook_config_last_reload_successful 1`:                 true,
		`sidehook_config_generation 2`:                             true,
		`sidehook_attempts_total{`:                                 false,
		`sidehook_attempt_duration_seconds_count`:                  false,
		`webhook="off"`:    false,
		`sidehook_outbox_`: false,
	} {
		if strings.Contains(text, want) != there {
			t.Errorf("%s in the scrape: %v, want %v", want, !there, there)
		}
	}
}

// TestLatencyOfResend: it is counted from when the resend was requested, since the
// time before says nothing of the delivery.
func TestLatencyOfResend(t *testing.T) {
	t.Parallel()
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	sum := func(count int) (seconds float64) {
		t.Helper()
		eventually(t, fmt.Sprint(count, " are delivered"), func() bool {
			text := h.scrape()
			_, after, _ := strings.Cut(text, `sidehook_delivery_latency_seconds_sum{webhook="one"} `)
			fmt.Sscan(after, &seconds)
			return strings.Contains(text, fmt.Sprintf("sidehook_delivery_latency_seconds_count{webhook=\"one\"} %d\n", count))
		})
		return seconds
	}
	h.post("e1")
	first := sum(1)
	time.Sleep(2 * time.Second)
	requested := time.Now()
	if code := h.call("POST", "/v1/events/e1/resend", "", nil); code != 202 {
		t.Fatalf("resend: %d", code)
	}
	if got, most := sum(2)-first, time.Since(requested).Seconds(); got > most {
		t.Errorf("the resend took %.3f s, want at most the %.3f s since its request", got, most)
	}
}

// TestMetricsOfMany scrapes 10,000 webhooks. It says how long that took, and no
// more: 500 ms are promised on a machine that does nothing else.
func TestMetricsOfMany(t *testing.T) {
	t.Parallel()
	s := newReceiver(t)
	var webhooks bytes.Buffer
	webhooks.WriteString("webhooks:\n")
	for i := range 10_000 {
		webhooks.WriteString(hook(s, fmt.Sprint("webhook-", i), ""))
	}
	h := newHost(t, webhooks.String())
	begun := time.Now()
	text := h.scrape()
	t.Logf("%v for %d bytes", time.Since(begun), len(text))
	if n := strings.Count(text, "\nsidehook_webhook_state{"); n != 10_000 {
		t.Errorf("%d webhooks in the scrape", n)
	}
}
