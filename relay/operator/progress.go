package operator

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// resendProgress is the progress of the resends in bulk that were last asked for.
type resendProgress struct {
	sync.Mutex
	known map[string]*query.ResendProgress // by their ids
}

// resendsKept is of how many resends in bulk the progress is kept, so that a caller who
// asks again and again has only what is new read.
const resendsKept = 8

// ResendProgress returns how far a resend in bulk is.
func (o *Operator) ResendProgress(ctx context.Context, id string) (api.ResendProgress, error) {
	o.journal.WaitWritten(ctx)
	reader, err := o.journal.Read()
	if err != nil {
		return api.ResendProgress{}, err
	}
	defer reader.Close()
	o.resends.Lock()
	defer o.resends.Unlock()
	p := o.resends.known[id]
	for ok := p != nil; ; {
		if !ok {
			if p, err = reader.Resend(ctx, id); errors.Is(err, history.ErrNotFound) {
				err = &admin.NotFoundError{What: fmt.Sprintf("resend %.100q in the history", id)}
			}
			if err != nil {
				return api.ResendProgress{}, err
			}
		}
		if ok, err = reader.Update(ctx, p); err != nil {
			return api.ResendProgress{}, err
		}
		if ok {
			break
		}
	}
	if len(o.resends.known) >= resendsKept && o.resends.known[id] == nil {
		clear(o.resends.known)
	}
	o.resends.known[id] = p
	return api.ResendProgress{Count: p.Count, Delivered: p.Delivered, Waiting: p.Waiting(), GivenUp: p.GivenUp}, nil
}
