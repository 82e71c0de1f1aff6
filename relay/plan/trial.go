package plan

import (
	"cmp"
	"slices"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/matching"
)

// trial routes events as two files would have them routed, and counts. Most webhooks match
// the same events before and after, and are asked only whether any of them gets an event.
type trial struct {
	before, after side // the webhooks that match other events
	judged        side // those that match the same, with an expression that may fail
	plain         side // the rest
	places        map[string]int
	failed        map[failure]*failed
	events        int
}

// side is some webhooks of a file.
type side struct {
	matcher  *matching.Matcher
	webhooks map[string]*config.Webhook
	counts   map[string]int // events by webhook
}

// newTrial needs the keys that differ of each webhook that both files have.
func newTrial(before, after *config.File, differences map[string][]string) (*trial, error) {
	t := &trial{places: map[string]int{}, failed: map[failure]*failed{}}
	var was, is, judged, plain []*config.Webhook
	same := map[string]bool{}
	for i, w := range after.Webhooks {
		t.places[w.Name] = i
		differing, known := differences[w.Name]
		switch {
		case !known || slices.ContainsFunc(differing, decidesEvents):
			is = append(is, w)
			continue
		case w.When != nil || w.Transform != nil:
			judged = append(judged, w)
		default:
			plain = append(plain, w)
		}
		same[w.Name] = true
	}
	for _, w := range before.Webhooks {
		if !same[w.Name] {
			was = append(was, w)
		}
	}
	for into, webhooks := range map[*side][]*config.Webhook{&t.before: was, &t.after: is, &t.judged: judged, &t.plain: plain} {
		m, err := matching.New(webhooks)
		if err != nil {
			return nil, err
		}
		*into = side{m, map[string]*config.Webhook{}, map[string]int{}}
		for _, w := range webhooks {
			into.webhooks[w.Name] = w
		}
	}
	return t, nil
}

// decidesEvents reports whether a key decides which events a webhook gets.
func decidesEvents(key string) bool {
	return slices.Contains([]string{"enabled", "events", "match", "when"}, key)
}

// route counts an event for those that get it, and reports whether anybody does.
func (t *trial) route(e *event.Event) (before, after bool) {
	t.events++
	was, _ := t.before.matcher.Match(e)
	for _, name := range was {
		t.before.counts[name]++
	}
	is, judged := t.try(&t.after, e), t.try(&t.judged, e)
	same := judged > 0
	if !same && (len(was) == 0 || is == 0) {
		any, _ := t.plain.matcher.Match(e)
		same = len(any) > 0
	}
	return same || len(was) > 0, same || is > 0
}

// try routes an event to webhooks of the file after, and returns how many get it.
func (t *trial) try(s *side, e *event.Event) int {
	to, failures := s.matcher.Match(e)
	for _, f := range failures {
		t.fail(f.Webhook, "when", e, f.Reason)
	}
	for _, name := range to {
		s.counts[name]++
		if w := s.webhooks[name]; w.Transform != nil && !slices.ContainsFunc(failures, func(f history.Failure) bool { return f.Webhook == name }) {
			if _, err := matching.Transform(w)(e); err != nil {
				t.fail(name, "transform", e, err.Error())
			}
		}
	}
	return len(to)
}

// failure is an expression that fails.
type failure struct{ webhook, key string }

// failed is how it does.
type failed struct {
	api.PlanFailure
	first int // the event that it failed for first
}

func (t *trial) fail(webhook, key string, e *event.Event, reason string) {
	f := t.failed[failure{webhook, key}]
	if f == nil {
		f = &failed{api.PlanFailure{Webhook: webhook, Key: key, Event: e.ID, Reason: reason}, t.events}
		t.failed[failure{webhook, key}] = f
	}
	f.Events++
}

// failures returns them in the order in which they came up: for an event first the
// conditions and then the transforms, each in the order of the file.
func (t *trial) failures() (list []api.PlanFailure) {
	var all []*failed
	for _, f := range t.failed {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *failed) int {
		return cmp.Or(cmp.Compare(a.first, b.first), -cmp.Compare(a.Key, b.Key), cmp.Compare(t.places[a.Webhook], t.places[b.Webhook]))
	})
	for _, f := range all {
		list = append(list, f.PlanFailure)
	}
	return list
}
