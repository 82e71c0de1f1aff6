package relay_test

import (
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"sidehook/relay"
)

// TestManualHasEveryCall: the page names each call that is registered.
func TestManualHasEveryCall(t *testing.T) {
	text, err := os.ReadFile("admin/admin.go")
	if err != nil {
		t.Fatal(err)
	}
	constants, err := os.ReadFile("api/api.go")
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for _, match := range regexp.MustCompile(`(\w+Path) += "(.*)"`).FindAllStringSubmatch(string(constants), -1) {
		paths[match[1]] = match[2]
	}
	calls := regexp.MustCompile(`"(GET|POST)", api\.(\w+Path)`).FindAllStringSubmatch(string(text), -1)
	if len(calls) < 15 {
		t.Fatalf("%d calls, want more", len(calls))
	}
	for _, call := range calls {
		if want := "`" + call[1] + " " + paths[call[2]] + "`"; !strings.Contains(relay.Manual(), want) {
			t.Errorf("the page has not %s", want)
		}
	}
}

// TestManualHasEveryMetric: the page names each metric of a relay, and no other.
func TestManualHasEveryMetric(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "outbox: {postgres: 'postgres://127.0.0.1:1/none'}\nwebhooks:\n"+hook(s, "one", ""))
	h.post("e1")
	s.first(t, "/one")
	_, page, _ := strings.Cut(relay.Manual(), "\n## Metrics\n")
	named := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(page, -1) {
		for name := range strings.SplitSeq(strings.ReplaceAll(row[1], "`", ""), ", ") {
			named["sidehook_"+name] = false
		}
	}
	delete(named, "sidehook_sidehook_")
	ofCluster := func(name string) bool { return strings.HasPrefix(name, "sidehook_cluster_") } // TestClusterMetrics has them
	maps.DeleteFunc(named, func(name string, _ bool) bool { return ofCluster(name) })
	var metrics string
	eventually(t, "the attempt is counted", func() bool {
		metrics = h.metrics(t)
		return strings.Contains(metrics, "# TYPE sidehook_delivery_latency_seconds")
	})
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (sidehook_\w+)`).FindAllStringSubmatch(metrics, -1) {
		if _, ok := named[match[1]]; !ok && !ofCluster(match[1]) {
			t.Errorf("the page has not %s", match[1])
		}
		named[match[1]] = true
	}
	for name, there := range named {
		if !there {
			t.Errorf("the page has %s, which the relay has not", name)
		}
	}
}

// metrics returns the answer of /metrics.
func (h *host) metrics(t *testing.T) string {
	t.Helper()
	resp, err := (&http.Client{Transport: h.transport()}).Get("http://localhost/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
