package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console"
	"sidehook/relay/console/trace"
)

// Terms returns by what a webhook delivers.
func (o *Operator) Terms(_ context.Context, name string) (trace.Terms, error) {
	active, _ := o.current()
	w := active.Webhooks[name].Config
	if w == nil {
		return trace.Terms{}, unknownWebhook(name)
	}
	terms := trace.Terms{Retry: w.Retry, Age: active.File.History.Keep}
	for _, limit := range active.Limits(name) {
		if limit.Age > 0 {
			terms.Age = min(terms.Age, limit.Age)
		}
	}
	return terms, nil
}

// RequestBody returns what a webhook would get of an event.
func (o *Operator) RequestBody(_ context.Context, name string, which query.EventRef) (body admin.EventData, err error) {
	active, _ := o.current()
	settings := active.Webhooks[name].Settings
	if settings == nil {
		return body, unknownWebhook(name)
	}
	a, e, err := o.find(which)
	if err != nil {
		return body, err
	}
	content, err := settings.Content(&e, a.At)
	if err != nil {
		return body, &admin.UnprocessableError{Problem: err.Error()}
	}
	return admin.EventData{ID: e.ID, ContentType: content.ContentType, Body: content.Body}, nil
}

func unknownWebhook(webhook string) error {
	return &admin.NotFoundError{What: fmt.Sprintf("webhook %q in the file", webhook)}
}

// Namesakes returns the events of an id.
func (o *Operator) Namesakes(_ context.Context, id string, most int) (list []console.Namesake, err error) {
	reader, err := o.journal.Read()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	found, err := reader.Namesakes(id, most)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if e, err := event.Parse(found[i].Event, found[i].Filled); err == nil {
			list = append(list, console.Namesake{Seq: uint64(found[i].Seq), At: found[i].At, Source: e.Source, Type: e.Type})
		}
	}
	return list, nil
}

// PostEvent accepts an event.
func (o *Operator) PostEvent(ctx context.Context, text []byte, by string) (api.Receipt, error) {
	receipt, p := o.intake.Post(ctx, text, by)
	switch {
	case p == nil:
		return receipt, nil
	case p.Status == http.StatusBadRequest:
		return receipt, &admin.BadRequestError{Problem: p.Detail}
	case p.Status < http.StatusInternalServerError && p.Status != http.StatusTooManyRequests:
		return receipt, &admin.UnprocessableError{Problem: p.Detail}
	}
	return receipt, errors.New(p.Detail)
}
