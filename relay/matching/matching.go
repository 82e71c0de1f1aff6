// Package matching decides which webhooks get an event, and says why: by the globs of
// their events, their match and their condition. A matcher is made of the webhooks of one
// configuration, is immutable, and may be used by many at once. relay has one of the
// configuration in force; relay/plan tries events on one of another file.
package matching

import (
	"slices"

	"sidehook/config"
	"sidehook/config/expression"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/route"
)

// Matcher finds the webhooks that get an event: those with a glob that matches its
// type, whose match it has the attributes of, and whose condition, if they have one, is
// true. It is immutable.
type Matcher struct {
	index      *route.Index
	conditions map[string]*expression.Program // by webhook; nil if none has one
}

// New makes the matcher of the webhooks of a file.
func New(webhooks []*config.Webhook) (*Matcher, error) {
	m := &Matcher{}
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

// Match returns the webhooks that get an event, and those of them whose condition
// failed, with the reason. The event is decoded once, and only if one of them has a
// condition.
func (m *Matcher) Match(e *event.Event) (to []string, failures []history.Failure) {
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

// MayMatch returns the webhooks whose globs match a type, whatever else they require. The
// list is shared, and must not be changed.
func (m *Matcher) MayMatch(typ string) []string { return m.index.MayMatch(typ) }

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

// Transform returns the function that makes a webhook's bodies, nil if its format
// does.
func Transform(w *config.Webhook) func(*event.Event) ([]byte, error) {
	if w.Transform == nil {
		return nil
	}
	return func(e *event.Event) ([]byte, error) { return w.Transform.Transform(eventOf(e)) }
}
