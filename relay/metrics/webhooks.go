package metrics

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"sidehook/history"
)

// statuses are those that an attempt can have.
var statuses = [...]history.Status{
	history.Delivered, history.Retrying, history.Failed, history.Exhausted, history.Canceled, history.Expired,
}

// webhooks has the series of the webhooks in force.
type webhooks struct {
	duration *prometheus.HistogramVec
	latency  *prometheus.HistogramVec

	mu sync.Mutex // to change known, and to make series
	// known are the webhooks in force; the map is replaced, not changed.
	known atomic.Pointer[map[string]*webhook]
}

// webhook is one of these. Its attempts are plain numbers, since all of them are
// there from the start: an increase from no series at all would be no increase.
type webhook struct {
	name     string
	attempts [len(statuses)]atomic.Uint64
	made     atomic.Pointer[series] // nil until the first attempt
}

// series are those that a webhook has after its first attempt.
type series struct {
	duration prometheus.Observer
	latency  prometheus.Observer
}

func newWebhooks() *webhooks {
	// Few buckets, since there may be thousands of webhooks.
	w := &webhooks{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sidehook_attempt_duration_seconds", Help: "Time of an attempt, from dial to the last byte read.",
			Buckets: []float64{0.005, 0.025, 0.1, 0.5, 2.5, 10, 60},
		}, []string{"webhook"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sidehook_delivery_latency_seconds", Help: "Time until an event is delivered, from its acceptance, or from when its resend was requested.",
			Buckets: []float64{0.01, 0.1, 1, 10, 60, 600, 3600, 86400},
		}, []string{"webhook"}),
	}
	w.known.Store(&map[string]*webhook{})
	return w
}

var attempts = describe("attempts_total", "Attempts recorded in the history, by status. A quick try on a broken connection counts as well.", "webhook", "status")

// Describe implements prometheus.Collector.
func (*webhooks) Describe(ch chan<- *prometheus.Desc) { ch <- attempts }

// Collect implements prometheus.Collector.
func (w *webhooks) Collect(ch chan<- prometheus.Metric) {
	var byStatus [len(statuses)]*dto.LabelPair
	for i, status := range statuses {
		byStatus[i] = label("status", string(status))
	}
	for name, h := range *w.known.Load() {
		webhook := label("webhook", name)
		for i := range statuses {
			ch <- &sample{attempts, []*dto.LabelPair{byStatus[i], webhook}, prometheus.CounterValue, float64(h.attempts[i].Load())}
		}
	}
}

// Keep sets the webhooks in force, and removes the series of others (M3).
func (m *Metrics) Keep(names []string) {
	w := m.webhooks
	w.mu.Lock()
	defer w.mu.Unlock()
	before := *w.known.Load()
	next := make(map[string]*webhook, len(names))
	for _, name := range names {
		if next[name] = before[name]; next[name] == nil {
			next[name] = &webhook{name: name}
		}
	}
	w.known.Store(&next)
	for name, gone := range before {
		if next[name] == nil && gone.made.Load() != nil {
			w.duration.DeleteLabelValues(name)
			w.latency.DeleteLabelValues(name)
		}
	}
}

// Recorded counts an attempt that is recorded in the history, at a delivery that was
// requested at a time: its event was accepted then, or its resend.
func (m *Metrics) Recorded(name string, status history.Status, took time.Duration, requested time.Time) {
	h := (*m.webhooks.known.Load())[name]
	if h == nil {
		return
	}
	s := h.made.Load()
	if s == nil {
		if s = m.webhooks.make(h); s == nil {
			return
		}
	}
	if i := slices.Index(statuses[:], status); i >= 0 {
		h.attempts[i].Add(1)
	}
	if took > 0 { // a canceled delivery had no attempt
		s.duration.Observe(took.Seconds())
	}
	if status == history.Delivered {
		s.latency.Observe(max(0, time.Since(requested).Seconds()))
	}
}

// make makes the series of a webhook. It returns nil for one that was just removed,
// since nobody would remove the series again.
func (w *webhooks) make(h *webhook) *series {
	w.mu.Lock()
	defer w.mu.Unlock()
	if (*w.known.Load())[h.name] != h {
		return nil
	}
	s := h.made.Load()
	if s == nil {
		s = &series{duration: w.duration.WithLabelValues(h.name), latency: w.latency.WithLabelValues(h.name)}
		h.made.Store(s)
	}
	return s
}
