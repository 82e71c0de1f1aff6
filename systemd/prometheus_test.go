package systemd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"sidehook/config"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/relay"
	"sidehook/relay/outbox"
)

// rule is an alert.
type rule struct{ Alert, Expr string }

func alerts(t *testing.T) (rules []rule) {
	t.Helper()
	text, err := os.ReadFile("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	if len(rules) == 0 {
		t.Fatal("alerts.yaml has no alerts")
	}
	return rules
}

// query is what the dashboard asks Prometheus for one of its panels.
type query struct{ panel, expr string }

func dashboard(t *testing.T) (queries []query) {
	t.Helper()
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct {
				Name  string
				Query json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			queries = append(queries, query{p.Title, target.Expr})
		}
	}
	for _, v := range board.Templating.List {
		// label_values(SELECTOR, LABEL), which is Grafana's own.
		var q struct{ Query string }
		if json.Unmarshal(v.Query, &q) != nil {
			continue // the choice of a data source
		}
		inner, ok := strings.CutPrefix(q.Query, "label_values(")
		if i := strings.LastIndex(inner, ", "); ok && i > 0 {
			queries = append(queries, query{"$" + v.Name, "sum by (" + strings.TrimSuffix(inner[i+2:], ")") + ") (" + inner[:i] + ")"})
		} else {
			t.Errorf("the variable %s asks %q", v.Name, q.Query)
		}
	}
	if len(queries) == 0 {
		t.Fatal("dashboard.json asks nothing")
	}
	return queries
}

// promtool runs promtool, or skips the test where it is not here.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip(err)
	}
	if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestAlerts has each alert fire when it must, and not before.
func TestAlerts(t *testing.T) {
	promtool(t, "check", "rules", "alerts.yaml")
	promtool(t, "test", "rules", "alerts_test.yaml")
	tests, err := os.ReadFile("alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range alerts(t) {
		if !strings.Contains(string(tests), "{alertname: "+r.Alert+",") || !strings.Contains(string(tests), "- alertname: "+r.Alert+"\n") {
			t.Errorf("alerts_test.yaml has no test of %s that it fires, or none that it does not", r.Alert)
		}
	}
}

// TestDashboardParses has Prometheus parse what the dashboard asks, with a value for
// each variable of Grafana's.
func TestDashboardParses(t *testing.T) {
	variables := strings.NewReplacer("$__rate_interval", "5m", "$__range", "6h", "$job", ".*", "$instance", ".*", "$webhook", ".*")
	type recording struct{ Record, Expr string }
	var rules []recording
	for i, q := range dashboard(t) {
		rules = append(rules, recording{fmt.Sprint("query_", i), variables.Replace(q.expr)})
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}

// The labels that Prometheus itself adds.
var targetLabels = []string{"job", "instance"}

// TestMetricsExist holds the alerts and the dashboard to what a running relay shows:
// each metric exists, with each label that is asked of it. Those of an outbox and of a
// cluster come from a relay that has them.
func TestMetricsExist(t *testing.T) {
	shared := regexp.MustCompile(`sidehook_(outbox|cluster)_`)
	hold := func(t *testing.T, shown map[string][]string, asks func(expr string) bool) {
		for _, r := range alerts(t) {
			if asks(r.Expr) {
				holds(t, "the alert "+r.Alert, r.Expr, shown)
			}
		}
		for _, q := range dashboard(t) {
			if asks(q.expr) {
				holds(t, "the panel "+q.panel, q.expr, shown)
			}
		}
	}
	t.Run("files", func(t *testing.T) {
		hold(t, scrape(t, ""), func(expr string) bool { return !shared.MatchString(expr) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := postgrestest.Start(t, "fsync=off").OwnerURL()
		if err := database.Install(t.Context(), url, "sidehook_history", ""); err != nil {
			t.Fatal(err)
		}
		app, err := outbox.ParseDatabase(url, "app")
		if err != nil {
			t.Fatal(err)
		}
		if err := outbox.Init(t.Context(), app); err != nil {
			t.Fatal(err)
		}
		shown := scrape(t, fmt.Sprintf("outbox: {postgres: '%[1]s'}\ncluster: {postgres: '%[1]s', schema: sidehook_history, sync: storage}\n", url))
		hold(t, shown, func(string) bool { return true })
	})
}

var (
	selector = regexp.MustCompile(`\b((?:sidehook|process|go)_\w+)(\{[^}]*\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	grouping = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
)

// holds wants an expression to ask for nothing that is not shown.
func holds(t *testing.T, who, expr string, shown map[string][]string) {
	t.Helper()
	var labels []string // of all metrics of the expression
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		has, ok := shown[m[1]]
		if !ok {
			t.Errorf("%s asks for %s, which no relay shows", who, m[1])
			continue
		}
		for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(has, l[1]) && !slices.Contains(targetLabels, l[1]) {
				t.Errorf("%s asks for the label %s of %s, which has %v", who, l[1], m[1], has)
			}
		}
		labels = append(labels, has...)
	}
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		for l := range strings.SplitSeq(m[1], ",") {
			if l = strings.TrimSpace(l); !slices.Contains(labels, l) && !slices.Contains(targetLabels, l) {
				t.Errorf("%s groups by %s, and there is %v", who, l, labels)
			}
		}
	}
}

// scrape runs a relay, with more in its file, until it has delivered an event, and returns
// the labels of each series that it shows, by name.
func scrape(t *testing.T, more string) map[string][]string {
	t.Helper()
	arrived := make(chan struct{}, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{} }))
	t.Cleanup(receiver.Close)
	path := filepath.Join(t.TempDir(), "webhooks.yaml")
	text := more + "listen: {http: '127.0.0.1:0', socket: off}\nwebhooks: [{name: orders, url: '" + receiver.URL + "', events: ['**'], allow: [http, any-host, 127.0.0.0/8]}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := config.Load(path, config.Run)
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan []net.Addr, 1)
	r, err := relay.New(file, relay.Options{Opened: func(addrs []net.Addr) { opened <- addrs }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	url := "http://" + (<-opened)[0].String()
	answer, err := http.Post(url+"/v1/events", "application/json", strings.NewReader(`{"type": "order.paid"}`))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	<-arrived
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		shown := series(t, url)
		if shown["sidehook_delivery_latency_seconds_bucket"] != nil {
			return shown
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("the attempt is not counted")
		}
	}
}

// series are the labels of what /metrics shows, as Prometheus names the series.
func series(t *testing.T, url string) map[string][]string {
	t.Helper()
	answer, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	shown := map[string][]string{}
	for name, f := range families {
		for _, m := range f.Metric {
			for _, l := range m.Label {
				shown[name] = append(shown[name], l.GetName())
			}
			if m.Histogram != nil {
				shown[name+"_bucket"] = append(slices.Clone(shown[name]), "le")
				shown[name+"_sum"], shown[name+"_count"] = slices.Clone(shown[name]), slices.Clone(shown[name])
			}
		}
		if shown[name] == nil {
			shown[name] = []string{}
		}
	}
	return shown
}
