package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sidehook/history"
)

// webhooks has the series of the webhooks in force.
type webhooks struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	latency  *prometheus.HistogramVec

	mu sync.Mutex // to change known, and to make series
	// known are the webhooks in force; the map is replaced, not changed.
	known atomic.Pointer[map[string]*webhook]
}

// webhook is one of these.
type webhook struct {
	name string
	made atomic.Pointer[series] // replaced, not changed; nil until the first attempt
}

// series are the series of a webhook so far.
type series struct {
	attempts map[history.Status]prometheus.Counter
	duration prometheus.Observer
	latency  prometheus.Observer
}

func newWebhooks() *webhooks {
	// Few buckets, since there may be thousands of webhooks.
	w := &webhooks{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidehook_attempts_total",
			Help: "Attempts recorded in the history, by status. A quick try on a broken connection counts as well.",
		}, []string{"webhook", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sidehook_attempt_duration_seconds", Help: "Time of an attempt, from dial to the last byte read.",
			Buckets: []float64{0.005, 0.025, 0.1, 0.5, 2.5, 10, 60},
		}, []string{"webhook"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sidehook_delivery_latency_seconds", Help: "Time from an event's acceptance until it is delivered.",
			Buckets: []float64{0.01, 0.1, 1, 10, 60, 600, 3600, 86400},
		}, []string{"webhook"}),
	}
	w.known.Store(&map[string]*webhook{})
	return w
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
			w.attempts.DeletePartialMatch(prometheus.Labels{"webhook": name})
			w.duration.DeleteLabelValues(name)
			w.latency.DeleteLabelValues(name)
		}
	}
}

// Recorded counts an attempt that is recorded in the history.
func (m *Metrics) Recorded(name string, status history.Status, took time.Duration, accepted time.Time) {
	h := (*m.webhooks.known.Load())[name]
	if h == nil {
		return
	}
	s := h.made.Load()
	if s == nil || s.attempts[status] == nil {
		if s = m.webhooks.make(h, status); s == nil {
			return
		}
	}
	s.attempts[status].Inc()
	if took > 0 { // a canceled delivery had no attempt
		s.duration.Observe(took.Seconds())
	}
	if status == history.Delivered {
		s.latency.Observe(max(0, time.Since(accepted).Seconds()))
	}
}

// make adds the series of a status. It returns nil for a webhook that was just removed,
// since nobody would remove the series again.
func (w *webhooks) make(h *webhook, status history.Status) *series {
	w.mu.Lock()
	defer w.mu.Unlock()
	if (*w.known.Load())[h.name] != h {
		return nil
	}
	s := &series{attempts: map[history.Status]prometheus.Counter{}}
	if old := h.made.Load(); old != nil {
		*s = *old
		s.attempts = maps.Clone(old.attempts)
	} else {
		s.duration = w.duration.WithLabelValues(h.name)
		s.latency = w.latency.WithLabelValues(h.name)
	}
	s.attempts[status] = w.attempts.WithLabelValues(h.name, string(status))
	h.made.Store(s)
	return s
}
