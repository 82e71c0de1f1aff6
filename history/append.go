package history

import (
	"errors"
	"fmt"

	"sidehook/history/event"
	"sidehook/history/internal/jsonl"
)

// Entry is one event on its way into the journal.
type Entry struct {
	Event      event.Event
	To         []string   // the webhooks that it goes to; shared, not changed
	Test       string     // the webhook that it is a test of, which has no queue for it; "" for any other
	Generation Generation // of the configuration that chose them
	By         string     // who posted it, if that is an operator
	Failures   []Failure
}

// Failure is a condition that failed: whether the webhook wants the event is unknown. The
// event goes to it as a delivery that ends as failed without a request, so that people see
// it and can send it again. This is decided and recorded when the event is accepted, since
// the condition may be another one at the time of the delivery.
type Failure struct{ Webhook, Reason string }

// Receipt is the result of Append for one Entry.
type Receipt struct {
	Seq       Seq
	To        []string // of the first acceptance, for a duplicate
	Duplicate bool     // accepted before, and not delivered again
	Spooled   bool     // it waits on this host until the database is back; without Seq
}

// The errors of Append and Resend. Nothing of a refused request is in the journal.
var (
	ErrBusy     = errors.New("too many requests wait for the disk")
	ErrNoRoom   = errors.New("no room left for the history")
	ErrStopping = errors.New("the journal is stopping")
	ErrFailed   = errors.New("the journal has failed")
	// ErrAway passes. The call that returns it may have been done, or not.
	ErrAway = errors.New("the database is away")
)

// Ended reports whether an error of Append or Resend is final: the journal has
// failed or stops, and accepts nothing any more. Any other error may pass.
func Ended(err error) bool { return errors.Is(err, ErrStopping) || errors.Is(err, ErrFailed) }

// ErrNoHistory is the error of a folder without a history.
var ErrNoHistory = errors.New("there is no history yet")

// ErrNotFound is the error if no segment has the record.
var ErrNotFound = jsonl.ErrNotFound

// ErrDamaged is the error if a record is missing, or differs from what was written.
var ErrDamaged = errors.New("damaged")

// ConflictError is the error if the source and id of an event were accepted before
// with other content.
type ConflictError struct {
	Index int // of the entry in its request
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("entry %d: its source and id were accepted before with another content", e.Index)
}
