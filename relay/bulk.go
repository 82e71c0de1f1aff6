package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// ResendBulk makes the deliveries that match again: of all webhooks that are in
// the file unless one is named. One that is not there any more is of use only
// where another one is to get what it did not.
func (o *operator) ResendBulk(ctx context.Context, b api.BulkRequest) (api.BulkResent, error) {
	f, _ := o.inForce()
	bulk := query.Bulk{Type: b.Type, Statuses: b.Statuses, Since: b.Since.Time, Until: b.Until.Time, To: b.To}
	if len(bulk.Statuses) == 0 {
		bulk.Statuses = query.Undelivered()
	}
	for _, w := range f.file.Webhooks {
		bulk.Webhooks = append(bulk.Webhooks, w.Name)
	}
	known := func(name string) bool { return slices.Contains(bulk.Webhooks, name) }
	switch {
	case b.To != "" && !known(b.To):
		return api.BulkResent{}, &admin.UnprocessableError{Problem: fmt.Sprintf("no webhook of that name is in the file: %s", b.To)}
	case b.To == "" && b.Webhook != "" && !known(b.Webhook):
		return api.BulkResent{}, &admin.NotFoundError{What: fmt.Sprintf(`webhook %q in the file; with "to", another one gets what it was to get`, b.Webhook)}
	case b.Webhook != "":
		bulk.Webhooks = []string{b.Webhook}
	case b.To != "":
		bulk.Webhooks = nil // also of those that are gone
	case len(bulk.Webhooks) == 0:
		return api.BulkResent{}, nil
	}
	done, err := o.journal.ResendBulk(ctx, bulk, b.By)
	var many *query.TooManyError
	if errors.As(err, &many) {
		err = &admin.UnprocessableError{Problem: many.Error() + `: narrow it down by "since" and "until", "webhook", "type" or "status"`}
	}
	return api.BulkResent{Count: done.Count, Seqs: done.Seqs, Gone: done.Gone}, err
}
