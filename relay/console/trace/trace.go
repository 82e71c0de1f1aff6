// Package trace is what the page of an event shows: the event, and what became of it at
// each webhook, with the schedule, the attempts, what a receiver answered, and what changed
// from one answer to the next. It is as small as a page must be, whatever became of the
// event. The console calls it, and writes it with its templates.
package trace

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console/payload"
)

// The limits of what the page of an event shows, so that it has at most 2,500 elements,
// whatever became of the event.
const (
	maxSections   = 10  // webhooks with their attempts
	maxOthers     = 100 // webhooks that are named alone
	maxNotSent    = 40  // webhooks with the reason that they did not get it
	maxWhole      = 10  // attempts with all that is known of them
	maxLines      = 40  // other attempts
	eventElements = 500 // of the event's payload
	// Of the payloads of all answers, and of what changed between them; and of one.
	answersElements = 400
	answerElements  = 150
)

// Operator is what the page of an event has from the relay. Many may call it at once.
type Operator interface {
	// Terms returns by what a webhook delivers now; *admin.NotFoundError if it is not in
	// the file.
	Terms(ctx context.Context, webhook string) (Terms, error)
	// RequestBody returns what a webhook would get of an event now, as its format and its
	// transform make it; *admin.NotFoundError, *admin.UnprocessableError.
	RequestBody(ctx context.Context, webhook string, which query.EventRef) (admin.EventData, error)
	// EventData and Webhook are those of admin.Operator.
	EventData(ctx context.Context, which query.EventRef) (admin.EventData, error)
	Webhook(ctx context.Context, name string) (api.Webhook, error)
}

// Terms are the settings of a webhook that say when it attempts a delivery.
type Terms struct {
	Retry []time.Duration // the waits between attempts
	Age   time.Duration   // after which a delivery ends as expired
}

// Asked narrows what is shown.
type Asked struct {
	Webhook string // what became of the event there; "": at all of them
	Attempt string // the number of one that is shown in any case
}

// View is what the page of an event shows.
type View struct {
	api.EventTrace
	ID, Source, Type string
	Payload          payload.View
	HasData          bool
	Data             *payload.View // the data, where the event has it as base64
	Sections         []*Section
	More             []string       // webhooks that have no section
	NotSent          []api.Decision // with a reason
	MoreNotSent      int
	Unmatched        int    // webhooks whose events do not match
	Copy             string // the JSON of a copy; "": it is too large to be changed in a form
}

// New makes the view of an event.
func New(ctx context.Context, from Operator, trace api.EventTrace, asked Asked) (*View, error) {
	e, err := event.Parse(trace.Event, trace.Filled)
	if err != nil {
		return nil, err
	}
	v := &View{EventTrace: trace, ID: e.ID, Source: e.Source, Type: e.Type}
	raw, _ := e.Data()
	v.HasData = raw != nil
	v.Payload = payload.Render(trace.Event, payload.Options{Elements: eventElements})
	if v.Data, err = binaryData(ctx, from, &trace); err != nil {
		return nil, err
	}
	if v.Copy, err = copyOf(&e); err != nil {
		return nil, err
	}
	b := builder{view: v, event: &e, from: from, now: time.Now().Truncate(10 * time.Second), elements: answersElements, whole: maxWhole, lines: maxLines, asked: asked}
	if err := b.addSections(ctx); err != nil {
		return nil, err
	}
	v.addNotSent()
	return v, nil
}

// Ref names the event for a change, without doubt which one it is.
func (v *View) Ref() string { return fmt.Sprintf("seq:%d", v.Seq) }

// SeqPath is the path of the page that is of this event even if others have its id.
func (v *View) SeqPath() string { return Path(v.Seq) }

// Path is the path of the page of an event.
func Path(seq history.Seq) string { return fmt.Sprintf("/events/seq:%d", seq) }

// binaryData returns the data of an event that has it as base64, which nobody can read.
func binaryData(ctx context.Context, from Operator, trace *api.EventTrace) (*payload.View, error) {
	var encoded struct {
		Data json.RawMessage `json:"data_base64"`
	}
	if err := json.Unmarshal(trace.Event, &encoded); err != nil || encoded.Data == nil {
		return nil, err
	}
	data, err := from.EventData(ctx, query.EventRef{Seq: trace.Seq})
	if err != nil {
		return nil, err
	}
	view := payload.Render(data.Body, payload.Options{Type: data.ContentType, Elements: answerElements})
	return &view, nil
}

// addNotSent adds why other webhooks did not get the event. Those that no glob of theirs
// matches are counted.
func (v *View) addNotSent() {
	for _, d := range v.Webhooks {
		switch {
		case d.Wanted && !d.Now || slices.Contains(v.To, d.Webhook):
		case d.Glob == "":
			v.Unmatched++
		case len(v.NotSent) == maxNotSent:
			v.MoreNotSent++
		default:
			v.NotSent = append(v.NotSent, d)
		}
	}
}

// addSections adds what became of the event at each webhook.
func (b *builder) addSections(ctx context.Context) error {
	if err := b.read(); err != nil {
		return err
	}
	v := b.view
	for _, name := range b.receivers() {
		if only := b.asked.Webhook; only != "" && only != name || len(v.Sections) == maxSections {
			v.More = append(v.More, name)
			continue
		}
		s, err := b.section(ctx, name)
		if err != nil {
			return err
		}
		v.Sections = append(v.Sections, s)
	}
	v.More = v.More[:min(len(v.More), maxOthers)]
	return nil
}

// receivers returns the webhooks of the event: those whose delivery is not over or failed
// come first if there are more than are shown.
func (b *builder) receivers() []string {
	names := slices.Clone(b.view.To)
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(b.view.Test)
	for _, r := range b.resends {
		for _, name := range r.To {
			add(name)
		}
	}
	for i := range b.attempts {
		add(b.attempts[i].Webhook)
	}
	if len(names) > maxSections {
		delivered := func(name string) int {
			if d := b.decision(name); d != nil && d.Status == string(history.Delivered) {
				return 1
			}
			return 0
		}
		slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(delivered(x), delivered(y)) })
	}
	return names
}
