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

// ResendBulk resends the matching deliveries, of all webhooks in the file unless one is
// named. A webhook that was removed can be named only with another one as the receiver.
func (o *operator) ResendBulk(ctx context.Context, b api.BulkRequest) (api.BulkResent, error) {
	active, _ := o.current()
	bulk := query.Bulk{Type: b.Type, Statuses: b.Statuses, Since: b.Since.Time, Until: b.Until.Time, To: b.To}
	if len(bulk.Statuses) == 0 {
		bulk.Statuses = query.Undelivered()
	}
	for _, w := range active.file.Webhooks {
		bulk.Webhooks = append(bulk.Webhooks, w.Name)
	}
	known := func(name string) bool { return slices.Contains(bulk.Webhooks, name) }
	switch {
	case b.To != "" && !known(b.To):
		return api.BulkResent{}, &admin.UnprocessableError{Problem: fmt.Sprintf("webhook %q is not in the file", b.To)}
	case b.To == "" && b.Webhook != "" && !known(b.Webhook):
		return api.BulkResent{}, &admin.NotFoundError{What: fmt.Sprintf(`webhook %q in the file; to send its deliveries to another webhook, add "to"`, b.Webhook)}
	case b.Webhook != "":
		bulk.Webhooks = []string{b.Webhook}
	case b.To != "":
		bulk.Webhooks = nil // also those that were removed
	case len(bulk.Webhooks) == 0:
		return api.BulkResent{}, nil
	}
	done, err := o.journal.ResendBulk(ctx, bulk, b.By)
	var many *query.TooManyError
	if errors.As(err, &many) {
		err = &admin.UnprocessableError{Problem: many.Error() + `; select fewer with "since", "until", "webhook", "type" or "status"`}
	}
	return api.BulkResent{Count: done.Count, Seqs: done.Seqs, Gone: done.Gone}, err
}
