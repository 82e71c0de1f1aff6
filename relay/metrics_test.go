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

// TestMetrics runs all that is counted once, and looks for each row of the
// table in a scrape, which is as Prometheus wants it.
func TestMetrics(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", "")+hook(s, "off", ", enabled: false"))
	h.post("e1")
	h.post("e1")
	eventually(t, "e1 is delivered", func() bool {
		return strings.Contains(h.scrape(), `sidehook_attempts_total{status="delivered",webhook="one"} 1`)
	})
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h.call("POST", "/v1/events", `{"type":"sidehook.x"}`, nil)
	h.post("e2")
	eventually(t, "e2 waits", func() bool {
		return strings.Contains(h.scrape(), `sidehook_attempts_total{status="retrying",webhook="one"} 2`)
	})
	h.r.Refused(errors.New("a bad edit"))

	text := h.scrape()
	for _, want := range []string{
		`sidehook_events_total{result="accepted"} 2`,
		`sidehook_events_total{result="duplicate"} 1`,
		`sidehook_events_total{result="422"} 1`,
		`sidehook_attempt_duration_seconds_count{webhook="one"} 3`,
		`sidehook_delivery_latency_seconds_count{webhook="one"} 1`,
		`sidehook_backlog_events{webhook="one"} 1`,
		`sidehook_backlog_bytes{webhook="one"} `,
		`sidehook_backlog_oldest_seconds{webhook="one"} `,
		`sidehook_in_flight{webhook="one"} 0`,
		`sidehook_webhook_state{state="active",webhook="one"} 1`,
		`sidehook_webhook_state{state="off",webhook="off"} 1`,
		`sidehook_commit_events_sum 2`,
		`sidehook_commit_duration_seconds_count 2`,
		`sidehook_history_bytes `,
		`sidehook_history_limit_bytes 1.073741824e+10`,
		`sidehook_history_damaged_lines_total 0`,
		`sidehook_config_generation 1`,
		`sidehook_config_last_reload_successful 0`,
		`sidehook_config_last_reload_success_timestamp_seconds `,
		`sidehook_build_info{`,
		`go_goroutines `,
		`process_open_fds `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("there is no %s", want)
		}
	}

	// What waits for a webhook that is gone is told of; the rest of it is gone.
	h.apply("webhooks: []\n")
	text = h.scrape()
	for want, there := range map[string]bool{
		`sidehook_webhook_state{state="orphaned",webhook="one"} 1`: true,
		`sidehook_backlog_events{webhook="one"} 1`:                 true,
		`sidehook_config_last_reload_successful 1`:                 true,
		`sidehook_config_generation 2`:                             true,
		`sidehook_attempts_total{`:                                 false,
		`sidehook_attempt_duration_seconds_count`:                  false,
		`webhook="off"`: false,
	} {
		if strings.Contains(text, want) != there {
			t.Errorf("%s in the scrape: %v, want %v", want, !there, there)
		}
	}
}

// TestMetricsOfMany scrapes 10,000 webhooks; 500 ms are promised on a machine
// that does nothing else, which a test cannot count on.
func TestMetricsOfMany(t *testing.T) {
	const most = 3 * time.Second
	s := newReceiver(t)
	var webhooks bytes.Buffer
	webhooks.WriteString("webhooks:\n")
	for i := range 10_000 {
		webhooks.WriteString(hook(s, fmt.Sprint("webhook-", i), ""))
	}
	h := newHost(t, webhooks.String())
	begun := time.Now()
	text := h.scrape()
	took := time.Since(begun)
	if n := strings.Count(text, "\nsidehook_webhook_state{"); n != 10_000 {
		t.Errorf("%d webhooks in the scrape", n)
	}
	if took > most {
		t.Errorf("it took %v, longer than %v", took, most)
	}
	t.Logf("%v for %d bytes", took, len(text))
}
