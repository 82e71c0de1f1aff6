package relay

import (
	"slices"

	"sidehook/config"
	"sidehook/config/expression"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/route"
)

// decider says which webhooks get an event: those with a glob that matches its
// type, and with a condition, if they have one, that holds. It is immutable.
type decider struct {
	index      *route.Index
	conditions map[string]*expression.Program // by webhook; nil if none has one
}

func newDecider(webhooks []*config.Webhook) (*decider, error) {
	d := &decider{}
	var rules []route.Rule
	for _, w := range webhooks {
		if !w.Enabled {
			continue
		}
		rules = append(rules, route.Rule{Name: w.Name, Globs: w.Events})
		if w.When != nil {
			if d.conditions == nil {
				d.conditions = make(map[string]*expression.Program)
			}
			d.conditions[w.Name] = w.When
		}
	}
	index, err := route.New(rules)
	d.index = index
	return d, err
}

// match names the webhooks that get an event, and among them those whose
// condition failed, with the reason. The event is decoded only if one of them
// has a condition, and once for all of them.
func (d *decider) match(e *event.Event) (to []string, failures []history.Failure) {
	matched := d.index.Match(e.Type)
	if d.conditions == nil {
		return matched, nil
	}
	var about *expression.Event
	owned := false // whether to is no longer the shared slice
	to = matched
	for i, name := range matched {
		condition := d.conditions[name]
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

// eventOf says an event in the words of expressions. What stands as data_base64
// is data, as that string.
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

// transform is what makes a webhook's bodies; nil if its format does.
func transform(w *config.Webhook) func(*event.Event) ([]byte, error) {
	if w.Transform == nil {
		return nil
	}
	return func(e *event.Event) ([]byte, error) { return w.Transform.Transform(eventOf(e)) }
}
