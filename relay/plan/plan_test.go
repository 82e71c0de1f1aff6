package plan_test

import (
	"reflect"
	"testing"

	"sidehook/config"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/plan"
)

// A plan says of each webhook how many of the events it would have got, also where
// it is renamed, switched off, or its condition fails.
func TestPlan(t *testing.T) {
	read := func(text string) *config.File {
		r := config.ReadText("webhooks.yaml", []byte(text), config.Run)
		if r.File == nil {
			t.Fatal(r.Problems)
		}
		return r.File
	}
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
