package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/query"
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
	maxNamesakes  = 20  // other events of the id
	eventElements = 500 // of the event's payload
	// Of the payloads of all answers, and of what changed between them; and of one.
	answersElements = 400
	answerElements  = 150
)

// eventView is the page of an event.
type eventView struct {
	api.EventTrace
	ID, Source, Type string
	Path             string // of the page
	Payload          payload.View
	HasData          bool
	Data             *payload.View // the data, where the event has it as base64
	Others           []Namesake
	Sections         []*section
	More             []string       // webhooks that have no section
	NotSent          []api.Decision // with a reason
	MoreNotSent      int
	Unmatched        int    // webhooks whose events do not match
	Copy             string // the JSON of a copy; "": it is too large for a form
	MayEdit          bool
}

// event shows an event and what became of it: /events/ID, where ID may be seq:N, and
// ?source= tells several of one id apart. ?webhook= shows what became of it at one
// webhook, and ?attempt= all of one attempt.
func (h *Handler) event(ctx context.Context, r *request, id string) (*page, error) {
	asked := r.URL.Query()
	trace, err := h.operator.Event(ctx, refOf(r, id))
	if err != nil {
		return nil, err
	}
	e, err := event.Parse(trace.Event, trace.Filled)
	if err != nil {
		return nil, err
	}
	v := &eventView{EventTrace: trace, ID: e.ID, Source: e.Source, Type: e.Type, Path: r.URL.EscapedPath(), MayEdit: r.mayEdit}
	raw, _ := e.Data()
	v.HasData = raw != nil
	v.Payload = payload.Render(trace.Event, payload.Options{Elements: eventElements})
	if v.Data, err = h.binaryData(ctx, &trace); err != nil {
		return nil, err
	}
	if v.Others, err = h.namesakes(ctx, v); err != nil {
		return nil, err
	}
	if v.Copy, err = copyOf(&e); err != nil {
		return nil, err
	}
	if err := h.addSections(ctx, v, &e, asked); err != nil {
		return nil, err
	}
	v.addNotSent()
	return &page{title: e.ID, section: "/events", view: "event", data: v, parts: []string{"deliveries"}}, nil
}

// Ref names the event for a change, without doubt which one it is.
func (v *eventView) Ref() string { return fmt.Sprintf("seq:%d", v.Seq) }

// SeqPath is the path of the page that is of this event even if others have its id.
func (v *eventView) SeqPath() string { return seqPath(uint64(v.Seq)) }

func seqPath(seq uint64) string { return fmt.Sprintf("/events/seq:%d", seq) }

// Path is the page of the event.
func (n Namesake) Path() string { return seqPath(n.Seq) }

// For returns the webhooks that the event was accepted for.
func (v *eventView) For() []string { return v.To }

// AllBody is the change that resends to all webhooks.
func (v *eventView) AllBody() string { return changeOf(resendBody{Event: v.Ref()}) }

// namesakes returns the other events of the id.
func (h *Handler) namesakes(ctx context.Context, v *eventView) ([]Namesake, error) {
	list, err := h.operator.Namesakes(ctx, v.ID, maxNamesakes+1)
	return slices.DeleteFunc(list, func(n Namesake) bool { return n.Seq == uint64(v.Seq) }), err
}

// binaryData returns the data of an event that has it as base64, which nobody can read.
func (h *Handler) binaryData(ctx context.Context, trace *api.EventTrace) (*payload.View, error) {
	var encoded struct {
		Data json.RawMessage `json:"data_base64"`
	}
	if err := json.Unmarshal(trace.Event, &encoded); err != nil || encoded.Data == nil {
		return nil, err
	}
	data, err := h.operator.EventData(ctx, query.EventRef{Seq: trace.Seq})
	if err != nil {
		return nil, err
	}
	view := payload.Render(data.Body, payload.Options{Type: data.ContentType, Elements: answerElements})
	return &view, nil
}

// addNotSent adds why other webhooks did not get the event. Those that no glob of theirs
// matches are counted.
func (v *eventView) addNotSent() {
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
func (h *Handler) addSections(ctx context.Context, v *eventView, e *event.Event, asked url.Values) error {
	b := sectionBuilder{view: v, event: e, handler: h, now: time.Now().Truncate(10 * time.Second), elements: answersElements, whole: maxWhole, lines: maxLines, asked: asked.Get("attempt")}
	if err := b.read(); err != nil {
		return err
	}
	for _, name := range b.receivers() {
		only := asked.Get("webhook")
		if only != "" && only != name || len(v.Sections) == maxSections {
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
func (b *sectionBuilder) receivers() []string {
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
