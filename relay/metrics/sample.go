package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// sample is a value that is read for a scrape. Prometheus's own constant metrics do
// the same, but build the labels of each anew: with ten thousand webhooks that is
// most of a scrape.
type sample struct {
	desc   *prometheus.Desc
	labels []*dto.LabelPair // in the order of their names; shared
	kind   prometheus.ValueType
	value  float64
}

// Desc implements prometheus.Metric.
func (s *sample) Desc() *prometheus.Desc { return s.desc }

// Write implements prometheus.Metric.
func (s *sample) Write(to *dto.Metric) error {
	to.Label = s.labels
	if s.kind == prometheus.CounterValue {
		to.Counter = &dto.Counter{Value: &s.value}
	} else {
		to.Gauge = &dto.Gauge{Value: &s.value}
	}
	return nil
}

// label returns a label.
func label(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }
