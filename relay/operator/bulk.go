package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// ResendBulk resends the matching deliveries, of all webhooks in the file unless some
// are named.
func (o *Operator) ResendBulk(ctx context.Context, b api.BulkRequest) (api.BulkResent, error) {
	bulk, err := o.bulk(b)
	if err != nil || len(bulk.Webhooks) == 0 && b.To == "" {
		return api.BulkResent{}, err
	}
	done, err := o.journal.ResendBulk(ctx, bulk, b.By)
	return api.BulkResent{Count: done.Count, Resend: done.ID, Seqs: done.Seqs, Gone: done.Gone}, tooMany(err)
}

// SelectBulk returns what ResendBulk would resend.
func (o *Operator) SelectBulk(ctx context.Context, b api.BulkRequest) (selected api.Selected, err error) {
	bulk, err := o.bulk(b)
	if err != nil || len(bulk.Webhooks) == 0 && b.To == "" {
		return selected, err
	}
	o.journal.WaitWritten(ctx)
	reader, err := o.journal.Read()
	if err != nil {
		return selected, err
	}
	defer reader.Close()
	matches, err := reader.Bulk(ctx, bulk)
	if err != nil {
		return selected, err
	}
	if matches.Count > query.MaxBulk {
		return selected, tooMany(&query.TooManyError{Count: matches.Count})
	}
	selected.Count, selected.Gone = matches.Count, matches.Gone
	last := history.Seq(0)
	for _, a := range matches.List {
		if a.Of == last {
			continue // to another webhook
		}
		if last = a.Of; len(selected.Events) == api.MaxSelected {
			break
		}
		id, err := reader.EventID(a.Of)
		if err != nil {
			return selected, err
		}
		selected.Events = append(selected.Events, id)
	}
	return selected, nil
}

// bulk returns what a request asks for, in the terms of the history. A webhook that was
// removed can be named only with another one as the receiver.
func (o *Operator) bulk(b api.BulkRequest) (query.Bulk, error) {
	active, _ := o.current()
	bulk := query.Bulk{Type: query.Glob(b.Type), Statuses: b.Statuses, Since: b.Since.Time, Until: b.Until.Time, To: b.To}
	if len(bulk.Statuses) == 0 {
		bulk.Statuses = history.Undelivered()
	}
	for _, w := range active.File.Webhooks {
		bulk.Webhooks = append(bulk.Webhooks, w.Name)
	}
	known := func(name string) bool { return slices.Contains(bulk.Webhooks, name) }
	unknown := slices.IndexFunc(b.Webhooks, func(name string) bool { return !known(name) })
	switch {
	case b.To != "" && !known(b.To):
		return bulk, &admin.UnprocessableError{Problem: fmt.Sprintf("webhook %q is not in the file", b.To)}
	case b.To == "" && unknown >= 0:
		return bulk, &admin.NotFoundError{What: fmt.Sprintf(`webhook %q in the file; to send its deliveries to another webhook, add "to"`, b.Webhooks[unknown])}
	case len(b.Webhooks) > 0:
		bulk.Webhooks = b.Webhooks
	case b.To != "":
		bulk.Webhooks = nil // also those that were removed
	}
	return bulk, nil
}

// tooMany has the error of a selection that is too large say what to do.
func tooMany(err error) error {
	var many *query.TooManyError
	if errors.As(err, &many) {
		err = &admin.UnprocessableError{Problem: many.Error() + `; select fewer with "since", "until", "webhook", "type" or "status"`}
	}
	return err
}
