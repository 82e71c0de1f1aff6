package metrics_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/relay/metrics"
)

// scrape returns the lines of samples whose names begin with a prefix.
func scrape(t testing.TB, m *metrics.Metrics, prefix string) []string {
	t.Helper()
	var text bytes.Buffer
	if err := m.Write(&text); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// check compares samples with those wanted, which stand in the order of a
// scrape.
func check(t *testing.T, m *metrics.Metrics, prefix string, want ...string) {
	t.Helper()
	got := scrape(t, m, prefix)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: got\n%s\nwant\n%s", prefix, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// checkAttempts compares the attempts of a webhook by status; those not given are 0.
func checkAttempts(t *testing.T, m *metrics.Metrics, webhook string, counts map[string]int) {
	t.Helper()
	var got, want []string
	for _, line := range scrape(t, m, "sidehook_attempts_total") {
		if strings.Contains(line, `,webhook="`+webhook+`"}`) {
			got = append(got, line)
		}
	}
	for _, status := range []string{"canceled", "delivered", "exhausted", "expired", "failed", "retrying"} {
		want = append(want, fmt.Sprintf(`sidehook_attempts_total{status=%q,webhook=%q} %d`, status, webhook, counts[status]))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func nothing() metrics.State { return metrics.State{} }

func TestAttempts(t *testing.T) {
	m := metrics.New(metrics.Build{}, nothing)
	m.Keep([]string{"a", "idle"})
	m.Recorded("a", history.Retrying, time.Second, time.Now())
	m.Recorded("a", history.Delivered, 30*time.Millisecond, time.Now().Add(-2*time.Hour))
	m.Recorded("a", history.Canceled, 0, time.Now())
	m.Recorded("stranger", history.Delivered, 30*time.Millisecond, time.Now())
	checkAttempts(t, m, "a", map[string]int{"canceled": 1, "delivered": 1, "retrying": 1})
	checkAttempts(t, m, "idle", nil)
	if got := scrape(t, m, "sidehook_attempts_total"); len(got) != 2*6 {
		t.Errorf("%d series of attempts, want those of two webhooks:\n%s", len(got), strings.Join(got, "\n"))
	}
	check(t, m, `sidehook_attempt_duration_seconds_bucket{webhook="a",le="0.1"}`, `sidehook_attempt_duration_seconds_bucket{webhook="a",le="0.1"} 1`)
	check(t, m, "sidehook_attempt_duration_seconds_count", `sidehook_attempt_duration_seconds_count{webhook="a"} 2`)
	check(t, m, `sidehook_delivery_latency_seconds_bucket{webhook="a",le="3600"}`, `sidehook_delivery_latency_seconds_bucket{webhook="a",le="3600"} 0`)
	check(t, m, "sidehook_delivery_latency_seconds_count", `sidehook_delivery_latency_seconds_count{webhook="a"} 1`)
}

// TestSeriesGo: what is not in force any more has no series, and one that is
// back begins anew (M3).
func TestSeriesGo(t *testing.T) {
	m := metrics.New(metrics.Build{}, nothing)
	m.Keep([]string{"a", "b"})
	for _, name := range []string{"a", "b"} {
		m.Recorded(name, history.Delivered, 30*time.Millisecond, time.Now())
		m.Recorded(name, history.Failed, 1, time.Now())
	}
	m.Keep([]string{"b"})
	m.Recorded("a", history.Delivered, 30*time.Millisecond, time.Now())
	checkAttempts(t, m, "b", map[string]int{"delivered": 1, "failed": 1})
	if got := scrape(t, m, "sidehook_attempts_total"); len(got) != 6 {
		t.Errorf("there are attempts of others than b:\n%s", strings.Join(got, "\n"))
	}
	check(t, m, "sidehook_attempt_duration_seconds_count", `sidehook_attempt_duration_seconds_count{webhook="b"} 2`)
	check(t, m, "sidehook_delivery_latency_seconds_count", `sidehook_delivery_latency_seconds_count{webhook="b"} 1`)
	m.Keep([]string{"a", "b"})
	m.Recorded("a", history.Delivered, 30*time.Millisecond, time.Now())
	check(t, m, `sidehook_attempts_total{status="delivered"`,
		`sidehook_attempts_total{status="delivered",webhook="a"} 1`, `sidehook_attempts_total{status="delivered",webhook="b"} 1`)
}

// TestKeepWhileTelling removes and adds webhooks while attempts are told of:
// none that has gone leaves a series behind.
func TestKeepWhileTelling(t *testing.T) {
	m := metrics.New(metrics.Build{}, nothing)
	var telling sync.WaitGroup
	for range 4 {
		telling.Go(func() {
			for i := range 2000 {
				m.Recorded(fmt.Sprint(i%7), history.Delivered, 30*time.Millisecond, time.Now())
			}
		})
	}
	for i := range 200 {
		m.Keep([]string{fmt.Sprint(i % 7), "x"})
	}
	m.Keep(nil)
	telling.Wait()
	check(t, m, "sidehook_attempt")
	check(t, m, "sidehook_delivery")
}

func TestEvents(t *testing.T) {
	m := metrics.New(metrics.Build{}, nothing)
	m.Answered("accepted", 3)
	m.Answered("413", 1)
	m.Unmatched(2)
	for _, want := range []string{
		`sidehook_events_total{result="accepted"} 3`, `sidehook_events_total{result="duplicate"} 0`, `sidehook_events_total{result="413"} 1`,
		"sidehook_events_unmatched_total 2",
	} {
		name, _, _ := strings.Cut(want, " ")
		check(t, m, name, want)
	}
}

func TestCommits(t *testing.T) {
	m := metrics.New(metrics.Build{}, nothing)
	m.Committed(7, 3*time.Millisecond)
	m.Committed(1, time.Millisecond)
	check(t, m, "sidehook_commit_events_sum", "sidehook_commit_events_sum 8")
	check(t, m, `sidehook_commit_events_bucket{le="1"}`, `sidehook_commit_events_bucket{le="1"} 1`)
	check(t, m, `sidehook_commit_duration_seconds_bucket{le="0.002"}`, `sidehook_commit_duration_seconds_bucket{le="0.002"} 1`)
	check(t, m, "sidehook_commit_duration_seconds_count", "sidehook_commit_duration_seconds_count 2")
}

func TestState(t *testing.T) {
	now := metrics.State{
		Webhooks: []metrics.Webhook{
			{Name: "a", State: "active"},
			{Name: "b", State: "failing", Backlog: queue.Backlog{Events: 3, Bytes: 4096, Oldest: time.Now().Add(time.Hour), InFlight: 1}},
		},
		HistoryBytes: 12, HistoryLimit: 16, DamagedLines: 2, Generation: 5, RefusedFiles: 2, Loaded: time.UnixMilli(1_700_000_000_250),
	}
	m := metrics.New(metrics.Build{Version: "1.2", Revision: "abc", Go: "go1"}, func() metrics.State { return now })
	check(t, m, "sidehook_b",
		`sidehook_backlog_bytes{webhook="a"} 0`, `sidehook_backlog_bytes{webhook="b"} 4096`,
		`sidehook_backlog_events{webhook="a"} 0`, `sidehook_backlog_events{webhook="b"} 3`,
		`sidehook_backlog_oldest_seconds{webhook="a"} 0`, `sidehook_backlog_oldest_seconds{webhook="b"} 0`,
		`sidehook_build_info{goversion="go1",revision="abc",version="1.2"} 1`)
	check(t, m, "sidehook_in_flight", `sidehook_in_flight{webhook="a"} 0`, `sidehook_in_flight{webhook="b"} 1`)
	check(t, m, "sidehook_webhook_state",
		`sidehook_webhook_state{state="active",webhook="a"} 1`, `sidehook_webhook_state{state="failing",webhook="b"} 1`)
	check(t, m, "sidehook_history", "sidehook_history_bytes 12", "sidehook_history_damaged_lines_total 2", "sidehook_history_limit_bytes 16")
	check(t, m, "sidehook_config", "sidehook_config_generation 5", "sidehook_config_included_files_refused 2",
		"sidehook_config_last_reload_success_timestamp_seconds 1.70000000025e+09", "sidehook_config_last_reload_successful 1")

	if got := scrape(t, m, "sidehook_outbox"); len(got) > 0 {
		t.Errorf("without an outbox: %s", got)
	}
	now.Outbox = &metrics.Outbox{Up: true, Oldest: 1500 * time.Millisecond, Accepted: 3, Refused: 1}
	check(t, m, "sidehook_outbox", `sidehook_outbox_events_total{result="accepted"} 3`, `sidehook_outbox_events_total{result="duplicate"} 0`,
		`sidehook_outbox_events_total{result="refused"} 1`, "sidehook_outbox_oldest_seconds 1.5", "sidehook_outbox_up 1")

	now.HistoryBytes, now.Refused = -1, true
	now.Webhooks[1].Backlog.Oldest = time.Now().Add(-time.Hour)
	check(t, m, "sidehook_history", "sidehook_history_damaged_lines_total 2", "sidehook_history_limit_bytes 16")
	check(t, m, "sidehook_config_last_reload_successful", "sidehook_config_last_reload_successful 0")
	if got := scrape(t, m, `sidehook_backlog_oldest_seconds{webhook="b"} 3600.`); len(got) != 1 {
		t.Errorf("an hour's backlog: %s", scrape(t, m, "sidehook_backlog_oldest"))
	}
	for _, name := range []string{"go_goroutines ", "process_resident_memory_bytes "} {
		if len(scrape(t, m, name)) != 1 {
			t.Errorf("there is no %s", name)
		}
	}
}
