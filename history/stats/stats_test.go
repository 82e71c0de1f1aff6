package stats_test

import (
	"reflect"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/lookup"
	"sidehook/history/stats"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// TestOutages: an outage lasts until the next other state.
func TestOutages(t *testing.T) {
	type state struct {
		name  string
		at    int // minutes
		since int // minutes; 0: at
	}
	failing := func(from, to int) history.Outage {
		o := history.Outage{State: "failing", From: at(from)}
		if to > 0 {
			o.To = at(to)
		}
		return o
	}
	for name, c := range map[string]struct {
		states []state
		want   []history.Outage
	}{
		"none":                   {[]state{{name: "ok", at: 5}}, nil},
		"goes on":                {[]state{{name: "failing", at: 15}}, []history.Outage{failing(15, 0)}},
		"over":                   {[]state{{name: "failing", at: 12}, {name: "ok", at: 14}}, []history.Outage{failing(12, 14)}},
		"repeated by a segment":  {[]state{{name: "failing", at: 12}, {name: "failing", at: 13, since: 12}}, []history.Outage{failing(12, 0)}},
		"first seen when stated": {[]state{{name: "failing", at: 13, since: 12}}, []history.Outage{failing(12, 0)}},
		"then disabled": {
			[]state{{name: "failing", at: 12}, {name: "disabled", at: 13}},
			[]history.Outage{failing(12, 13), {State: "disabled", From: at(13)}},
		},
		"before the span":       {[]state{{name: "failing", at: 1}, {name: "ok", at: 10}}, []history.Outage{}},
		"reaches into it":       {[]state{{name: "failing", at: 1}, {name: "ok", at: 11}}, []history.Outage{failing(1, 11)}},
		"begins with its end":   {[]state{{name: "failing", at: 20}}, []history.Outage{}},
		"begins just before it": {[]state{{name: "failing", at: 19}}, []history.Outage{failing(19, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			all := stats.Outages{}
			for _, s := range c.states {
				d := history.DeliveryRecord{Webhook: "a", At: at(s.at), State: s.name}
				if s.since > 0 {
					d.Since = at(s.since)
				}
				all.Learn(&d)
			}
			if got := all.Within(at(10), at(20))["a"]; !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestTally: minutes count by webhook, within the span, each in its part of the chart.
func TestTally(t *testing.T) {
	tally := stats.NewTally(at(0), at(4), 2)
	for _, m := range []struct {
		webhook string
		at      int
		n       uint64
	}{{"b", 0, 1}, {"a", 1, 2}, {"a", 2, 4}, {"a", 3, 8}, {"a", -1, 16}, {"a", 4, 32}} {
		one := index.Minute{Webhook: m.webhook, At: at(m.at)}
		one.Counts[lookup.CounterOf(history.Delivered)] = m.n
		tally.Add(&one)
	}
	type counts struct {
		name          string
		all           uint64
		first, second uint64
	}
	var got []counts
	for _, w := range tally.Webhooks() {
		got = append(got, counts{w.Name, w.Count(history.Delivered), w.ChartCount(0, history.Delivered), w.ChartCount(1, history.Delivered)})
	}
	if want := []counts{{"a", 14, 2, 12}, {"b", 1, 1, 0}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestSummarize: a webhook is listed if it had attempts, has deliveries that wait, or had an
// outage.
func TestSummarize(t *testing.T) {
	waiting := map[string]uint64{"waits": 3}
	outages := stats.Outages{"failed": {{State: "failing", From: at(1)}}, "well": {}}
	tally := stats.NewTally(at(0), at(4), stats.ChartParts)
	one := index.Minute{Webhook: "busy", At: at(1)}
	one.Counts[lookup.CounterOf(history.Delivered)] = 3
	one.Counts[lookup.CounterOf(history.Exhausted)] = 1
	tally.Add(&one)

	list := stats.Summarize("", at(0), at(4), tally.Webhooks(), waiting, outages)
	var names []string
	for _, w := range list {
		names = append(names, w.Webhook)
		if len(w.Chart) != stats.ChartParts || w.Outages == nil {
			t.Errorf("%s: %d parts, outages %v", w.Webhook, len(w.Chart), w.Outages)
		}
	}
	if want := []string{"busy", "failed", "waits"}; !reflect.DeepEqual(names, want) {
		t.Fatalf("got %v, want %v", names, want)
	}
	if w := list[0]; w.Delivered != 3 || w.GivenUp != 1 || w.SuccessRate == nil || *w.SuccessRate != .75 {
		t.Errorf("got %+v", w)
	}
	if w := list[2]; w.Waiting != 3 || w.SuccessRate != nil {
		t.Errorf("got %+v", w)
	}
	if one := stats.Summarize("waits", at(0), at(4), tally.Webhooks(), waiting, outages); len(one) != 1 || one[0].Webhook != "waits" {
		t.Errorf("got %v", one)
	}
}
