package admin

import (
	"context"

	"sidehook/history"
	"sidehook/history/query"
)

// History reads the records of events and deliveries, as of the call that opened it and later. One
// goroutine uses it, and must close it.
type History interface {
	// Attempts calls visit for each matching attempt, the newest first, until visit
	// returns false.
	Attempts(q query.Query, visit func(*history.DeliveryRecord) bool) error
	// Newest returns the number of the newest record.
	Newest() (history.LineNo, error)
	// Follow calls visit for each record after a number, and waits for new ones, until
	// ctx is done or visit returns an error. It returns that error.
	Follow(ctx context.Context, after history.LineNo, visit func(*history.DeliveryRecord) error) error
	// Events calls visit for each matching accepted event, the newest first, until
	// visit returns false.
	Events(ctx context.Context, q query.EventQuery, visit func(*query.AcceptedEvent) bool) error
	// NewestEvent returns the seq of the newest event or resend, 0 if there is none.
	NewestEvent() (history.Seq, error)
	Close() error
}

// Files reads the history of the files engine.
func Files(r *query.Reader) History { return files{r} }

type files struct{ *query.Reader }

func (f files) Follow(ctx context.Context, after history.LineNo, visit func(*history.DeliveryRecord) error) error {
	for follower := f.Reader.Follow(after); ; {
		record, err := follower.Next(ctx)
		if err != nil {
			return err
		}
		if err := visit(&record); err != nil {
			return err
		}
	}
}
