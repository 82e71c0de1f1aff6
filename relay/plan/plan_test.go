package plan_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"sidehook/config"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/matching"
	"sidehook/relay/plan"
)

func read(t *testing.T, text string) *config.File {
	t.Helper()
	r := config.ReadText("webhooks.yaml", []byte(text), config.Run)
	if r.File == nil {
		t.Fatal(r.Problems)
	}
	return r.File
}

// A plan says of each webhook how many of the events it would have got, also where
// it is renamed, switched off, or its condition fails.
func TestPlan(t *testing.T) {
	read := func(text string) *config.File { return read(t, text) }
	const hook = ", url: 'https://x.example.com/', signature: none}\n"
	before := read("webhooks:\n- {name: a, events: ['**']" + hook + "- {name: b, events: [x.y]" + hook + "- {name: off, events: ['**']" + hook)
	after := read("webhooks:\n- {name: a, events: ['**'], when: data.n > 1" + hook + "- {name: c, was: b, events: [x.*]" + hook + "- {name: off, enabled: false, events: ['**']" + hook)
	decoder := event.Decoder{Source: "test"}
	plan, err := plan.Make(before, after, func(visit func(*event.Event)) error {
		for _, text := range []string{`{"type":"x.y","data":{"n":1}}`, `{"type":"x.z","data":{"n":2}}`, `{"type":"q.r","id":"e-3","data":{"n":"x"}}`} {
			e, err := decoder.Plain([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			visit(&e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := plan.Counts, []api.PlanCount{{Webhook: "a", Before: 3, After: 2}, {Webhook: "c", Before: 1, After: 2}, {Webhook: "off", Before: 3}}; !reflect.DeepEqual(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	if len(plan.Failures) != 1 || plan.Failures[0].Webhook != "a" || plan.Failures[0].Key != "when" || plan.Failures[0].Event != "e-3" || plan.Failures[0].Events != 1 {
		t.Errorf("failures %+v", plan.Failures)
	}
	if got, want := plan.Renamed, []api.PlanRename{{From: "b", To: "c"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("renamed %v", got)
	}
	if len(plan.Added)+len(plan.Removed)+len(plan.Restart) > 0 {
		t.Errorf("got %+v", plan)
	}
	if plan.Unmatched != (api.PlanUnmatched{}) {
		t.Errorf("unmatched %+v", plan.Unmatched)
	}
}

// TestSameAsAll: a plan has what it has if each event is tried on all webhooks of both
// files.
func TestSameAsAll(t *testing.T) {
	entries := func(change map[int]string) string {
		var text strings.Builder
		text.WriteString("webhooks:\n")
		for i := range 40 {
			entry := fmt.Sprintf("name: w%d, events: [%s], match: {tenant: t%d}", i, []string{"x.*", "x.y", "q.**"}[i%3], i%7)
			switch i % 10 {
			case 4:
				entry += ", when: data.n > 1"
			case 7:
				entry += ", transform: '{sum: data.n + 1}'"
			}
			if other, ok := change[i]; ok {
				entry = other
			}
			if entry != "" {
				fmt.Fprintf(&text, "- {%s, url: 'https://x.example.com/', signature: none}\n", entry)
			}
		}
		return text.String()
	}
	var all []event.Event
	decoder := event.Decoder{Source: "test"}
	for i := range 300 {
		n := fmt.Sprint(i % 4)
		if i%11 == 0 {
			n = `"text"`
		}
		e, err := decoder.Plain(fmt.Appendf(nil, `{"id":"e%d","type":%q,"tenant":"t%d","data":{"n":%s}}`, i, []string{"x.y", "x.z", "q.r.s", "other"}[i%4], i%9, n))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	for name, change := range map[string]map[int]string{
		"nothing":       {},
		"a setting":     {3: "name: w3, events: [x.*], match: {tenant: t3}, timeout: 9s"},
		"events":        {3: "name: w3, events: ['**'], match: {tenant: t3}"},
		"match":         {3: "name: w3, events: [x.*]"},
		"condition":     {3: "name: w3, events: [x.*], when: data.n > 2", 14: "name: w14, events: [q.**]"},
		"transform":     {3: "name: w3, events: ['**'], transform: '{n: data.n * 2}'", 7: "name: w7, events: [x.y], match: {tenant: t0}, transform: '{n: data.n - 1}'"},
		"off":           {3: "name: w3, events: [x.*], match: {tenant: t3}, enabled: false", 5: "name: w5, events: [q.**], match: {tenant: t5}, enabled: false"},
		"removed":       {3: "", 4: "", 5: "", 6: ""},
		"renamed":       {3: "name: other, was: w3, events: [x.*], match: {tenant: t3}"},
		"new":           {3: "name: new, events: [other]"},
		"all of a type": {1: "name: w1, events: [x.y]", 2: "name: w2, events: ['**']"},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := read(t, entries(nil)), read(t, entries(change))
			got, err := plan.Make(before, after, func(visit func(*event.Event)) error {
				for i := range all {
					visit(&all[i])
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			was, wasUnmatched, _ := tryAll(t, before, all)
			is, isUnmatched, failures := tryAll(t, after, all)
			if want := (api.PlanUnmatched{Before: wasUnmatched, After: isUnmatched}); got.Unmatched != want {
				t.Errorf("unmatched: got %v, want %v", got.Unmatched, want)
			}
			want := []api.PlanCount{}
			for _, w := range after.Webhooks {
				former := w.Name
				if _, ok := was[former]; !ok && w.Was != "" {
					former = w.Was
				}
				if b, a := was[former], is[w.Name]; a != b {
					want = append(want, api.PlanCount{Webhook: w.Name, Before: b, After: a})
				}
			}
			for _, name := range got.Removed {
				if was[name] > 0 {
					want = append(want, api.PlanCount{Webhook: name, Before: was[name]})
				}
			}
			if !reflect.DeepEqual(got.Counts, want) {
				t.Errorf("counts: got %v, want %v", got.Counts, want)
			}
			if !reflect.DeepEqual(got.Failures, failures) {
				t.Errorf("failures: got %v, want %v", got.Failures, failures)
			}
		})
	}
}

// tryAll tries events on all webhooks of a file: how many events each gets, how many nobody
// gets, and what fails.
func tryAll(t *testing.T, file *config.File, all []event.Event) (counts map[string]int, unmatched int, failures []api.PlanFailure) {
	m, err := matching.New(file.Webhooks)
	if err != nil {
		t.Fatal(err)
	}
	counts, failures = map[string]int{}, []api.PlanFailure{}
	fail := func(webhook, key, id, reason string) {
		for i := range failures {
			if f := &failures[i]; f.Webhook == webhook && f.Key == key {
				f.Events++
				return
			}
		}
		failures = append(failures, api.PlanFailure{Webhook: webhook, Key: key, Event: id, Reason: reason, Events: 1})
	}
	for i := range all {
		to, failed := m.Match(&all[i])
		if len(to) == 0 {
			unmatched++
		}
		judged := map[string]bool{}
		for _, f := range failed {
			judged[f.Webhook] = true
			fail(f.Webhook, "when", all[i].ID, f.Reason)
		}
		for _, w := range file.Webhooks {
			for _, name := range to {
				if name != w.Name {
					continue
				}
				counts[name]++
				if w.Transform != nil && !judged[name] {
					if _, err := matching.Transform(w)(&all[i]); err != nil {
						fail(name, "transform", all[i].ID, err.Error())
					}
				}
			}
		}
	}
	return counts, unmatched, failures
}

// BenchmarkMake is of an edit of one of 10,000 webhooks.
func BenchmarkMake(b *testing.B) {
	webhooks := func(changed string) *config.File {
		var text strings.Builder
		text.WriteString("webhooks:\n")
		for i := range 10_000 {
			events := "[order.*, user.created]"
			if i == 7777 {
				events = changed
			}
			fmt.Fprintf(&text, "- {name: w%d, events: %s, match: {tenant: t%d}, url: 'https://x.example.com/', signature: none}\n", i, events, i)
		}
		r := config.ReadText("webhooks.yaml", []byte(text.String()), config.Run)
		if r.File == nil {
			b.Fatal(r.Problems)
		}
		return r.File
	}
	before, after := webhooks("[order.*]"), webhooks("[order.paid]")
	decoder := event.Decoder{Source: "test"}
	e, err := decoder.Plain([]byte(`{"type":"order.paid","tenant":"t7777","data":{"n":1}}`))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p, err := plan.Make(before, after, func(visit func(*event.Event)) error {
			for range 20_000 {
				visit(&e)
			}
			return nil
		})
		if err != nil || p.Events != 20_000 {
			b.Fatal(p, err)
		}
	}
}
