// Package metrics counts what the relay does and writes it in Prometheus's text format.
// It is the only package that knows Prometheus. The others report what happens through
// functions in their options; the current state is read for each scrape.
//
// It promises:
//
//	M1  Counting takes no lock and does not allocate, after the first attempt of a
//	    webhook.
//	M2  A webhook without an attempt costs an entry in a table. Its attempts are there
//	    as 0, so that the first loss is an increase.
//	M3  The series of a webhook are removed with it, except its backlog while deliveries
//	    wait.
//
// The relay makes one Metrics, and passes its methods to the packages that report.
package metrics

import (
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// Build describes the binary.
type Build struct {
	Version, Revision, Go string
}

// Metrics counts. It is safe for concurrent use.
type Metrics struct {
	registry  *prometheus.Registry
	events    map[string]prometheus.Counter // by result; never changed
	unmatched prometheus.Counter
	records   prometheus.Histogram
	synced    prometheus.Histogram
	accepted  prometheus.Histogram // nil without a cluster
	webhooks  *webhooks

	writing sync.Mutex // one scrape at a time, since it may be large
}

// The results of events that are not refused with a status.
var results = []string{"accepted", "duplicate"}

var refusals = []int{400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503, 507}

// New returns metrics without webhooks. It calls current once for each scrape.
func New(build Build, current func() State) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		events:   map[string]prometheus.Counter{},
		webhooks: newWebhooks(),
		unmatched: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sidehook_events_unmatched_total", Help: "Events that were accepted, and that no webhook wanted.",
		}),
		records: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sidehook_commit_events", Help: "Events of a group commit.",
			Buckets: []float64{1, 4, 16, 64, 256, 1024},
		}),
		synced: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sidehook_commit_duration_seconds", Help: "Time of a group commit's fsync.",
			Buckets: []float64{0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5},
		}),
	}
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sidehook_events_total",
		Help: "Events posted, by result: accepted, duplicate, or the status they were refused with. A request that was not read counts as one event.",
	}, []string{"result"})
	all := results
	for _, status := range refusals {
		all = append(all, strconv.Itoa(status))
	}
	for _, result := range all {
		m.events[result] = events.WithLabelValues(result)
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sidehook_build_info", Help: "What this sidehook was built from; always 1.",
		ConstLabels: prometheus.Labels{"version": build.Version, "revision": build.Revision, "goversion": build.Go},
	})
	info.Set(1)
	m.registry.MustRegister(
		events, m.unmatched, m.records, m.synced, info,
		m.webhooks, m.webhooks.duration, m.webhooks.latency, &collector{current},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Answered counts events by result.
func (m *Metrics) Answered(result string, events int) {
	if c, ok := m.events[result]; ok {
		c.Add(float64(events))
	}
}

// Unmatched counts events that no webhook wanted.
func (m *Metrics) Unmatched(events int) { m.unmatched.Add(float64(events)) }

// Committed counts a group commit.
func (m *Metrics) Committed(records int, took time.Duration) {
	m.records.Observe(float64(records))
	m.synced.Observe(took.Seconds())
}

// Clustered has the metrics of accepting in a cluster, too. It is called once.
func (m *Metrics) Clustered() {
	m.accepted = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "sidehook_cluster_accept_wait_seconds", Help: "Time that requests waited for the database of the cluster, from the first of a group commit.",
		Buckets: []float64{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10},
	})
	m.registry.MustRegister(m.accepted)
}

// Waited counts a group commit in a cluster.
func (m *Metrics) Waited(took time.Duration) { m.accepted.Observe(took.Seconds()) }

// Write writes all metrics.
func (m *Metrics) Write(w io.Writer) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	families, err := m.registry.Gather()
	if err != nil {
		return err
	}
	encoder := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	return nil
}
