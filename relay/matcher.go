package relay

import (
	"slices"

	"sidehook/config"
	"sidehook/config/expression"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/route"
)

// matcher finds the webhooks that get an event: those with a glob that matches its
// type, whose match it has the attributes of, and whose condition, if they have one, is
// true. It is immutable.
type matcher struct {
	index      *route.Index
	conditions map[string]*expression.Program // by webhook; nil if none has one
}

func newMatcher(webhooks []*config.Webhook) (*matcher, error) {
	m := &matcher{}
	var rules []route.Rule
	for _, w := range webhooks {
		if !w.Enabled {
			continue
		}
		rule := route.Rule{Name: w.Name, Globs: w.Events}
		for _, a := range w.Match {
			rule.Match = append(rule.Match, route.Attribute(a))
		}
		rules = append(rules, rule)
		if w.When != nil {
			if m.conditions == nil {
				m.conditions = make(map[string]*expression.Program)
			}
			m.conditions[w.Name] = w.When
		}
	}
	index, err := route.New(rules)
	m.index = index
	return m, err
}

// match returns the webhooks that get an event, and those of them whose condition
// failed, with the reason. The event is decoded once, and only if one of them has a
// condition.
func (m *matcher) match(e *event.Event) (to []string, failures []history.Failure) {
	matched := m.index.Match(e.Type, attributesOf(e))
	if m.conditions == nil {
		return matched, nil
	}
	var about *expression.Event
	owned := false // to is a copy of the shared slice
	to = matched
	for i, name := range matched {
		condition := m.conditions[name]
		wanted := true
		if condition != nil {
			if about == nil {
				about = eventOf(e)
			}
			holds, err := condition.Holds(about)
			if wanted = holds || err != nil; err != nil {
				failures = append(failures, history.Failure{Webhook: name, Reason: err.Error()})
			}
		}
		switch {
		case wanted && owned:
			to = append(to, name)
		case !wanted && !owned:
			to, owned = slices.Clone(matched[:i]), true
		}
	}
	return to, failures
}

// eventOf returns an event as expressions see it. data_base64 is data, as a string.
func eventOf(e *event.Event) *expression.Event {
	return expression.NewEvent(e.Given(), func(name string) []byte {
		switch name {
		case "type", "source", "id", "time":
			return e.Attribute(name)
		case "subject": // in the 0.1 envelope it is an extension
			if raw := e.Attribute(name); raw != nil {
				return raw
			}
		case "data":
			data, _ := e.Data()
			return data
		}
		return e.Extension(name)
	})
}

// transform returns the function that makes a webhook's bodies, nil if its format
// does.
func transform(w *config.Webhook) func(*event.Event) ([]byte, error) {
	if w.Transform == nil {
		return nil
	}
	return func(e *event.Event) ([]byte, error) { return w.Transform.Transform(eventOf(e)) }
}
