package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// Resend resends an event.
func (o *Operator) Resend(ctx context.Context, which query.EventRef, to api.ResendRequest) (api.Resent, error) {
	reader, err := o.journal.Read()
	if err != nil {
		return api.Resent{}, err
	}
	defer reader.Close()
	a, err := reader.Event(which)
	if err != nil {
		return api.Resent{}, notFound(which, err)
	}
	e, err := event.Parse(a.Event, a.Filled)
	if err != nil {
		return api.Resent{}, err
	}
	names, gone, err := o.targets(&a, to)
	if err != nil {
		return api.Resent{}, err
	}
	receipt, err := o.journal.Resend(ctx, journal.Resend{Of: a, To: names, By: to.By})
	if errors.Is(err, history.ErrNotFound) {
		err = &admin.NotFoundError{What: fmt.Sprintf("event %q in the history any more; it has just been removed", e.ID)}
	}
	if err != nil {
		return api.Resent{}, err
	}
	answer := api.Resent{ID: e.ID, Seq: receipt.Seq, Webhooks: names, Gone: gone}
	for _, name := range names {
		if !slices.Contains(receipt.To, name) {
			answer.Hastened = append(answer.Hastened, name)
		}
	}
	return answer, nil
}

// targets returns the webhooks that a resend goes to, and those asked for that are not
// in the file.
func (o *Operator) targets(a *history.EventRecord, to api.ResendRequest) (names, gone []string, err error) {
	wanted := to.Webhooks
	switch {
	case len(wanted) == 0 && a.Test != "":
		wanted = []string{a.Test}
	case len(wanted) == 0 && len(a.To) == 0:
		return nil, nil, &admin.UnprocessableError{Problem: "the event was accepted for no webhook; name the webhooks to send it to"}
	case to.All, len(wanted) == 0 && len(a.To) == 1:
		wanted = a.To
	case len(wanted) == 0:
		return nil, nil, &admin.UnprocessableError{Problem: "the event was accepted for several webhooks (" + strings.Join(a.To, ", ") + "); name some of them, or send all"}
	}
	active, _ := o.current()
	for _, name := range wanted {
		if slices.Contains(names, name) || slices.Contains(gone, name) {
			continue
		}
		if _, ok := active.Webhooks[name]; ok {
			names = append(names, name)
		} else {
			gone = append(gone, name)
		}
	}
	if len(names) == 0 {
		return nil, nil, &admin.UnprocessableError{Problem: "not in the file: webhook " + strings.Join(gone, ", ")}
	}
	return names, gone, nil
}
