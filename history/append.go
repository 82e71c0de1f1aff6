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
	Failures   []Failure
}

// Failure is why it could not be judged whether a webhook wants an event: its
// condition failed. The event goes to it all the same, as a delivery that ends
// as failed without a request, so that it is seen and can be sent again. That is
// decided when the event is accepted and stands in its record, since by the time
// of the delivery the condition may be another.
type Failure struct{ Webhook, Reason string }

// Receipt says what became of one Entry.
type Receipt struct {
	Seq       Seq
	To        []string // of the first acceptance, for a duplicate
	Duplicate bool     // accepted before, and not delivered again
}

// Why Append and Resend refuse. Nothing of a refused request is in the journal.
var (
	ErrBusy     = errors.New("too many requests wait for the disk")
	ErrNoRoom   = errors.New("no room left for the history")
	ErrStopping = errors.New("the journal is stopping")
	ErrFailed   = errors.New("the journal has failed")
)

// Ended reports whether an error of Append or Resend is final: the journal has
// failed or stops, and accepts nothing any more. Any other one may pass.
func Ended(err error) bool { return errors.Is(err, ErrStopping) || errors.Is(err, ErrFailed) }

// ErrNoHistory says that a folder holds no history.
var ErrNoHistory = errors.New("there is no history yet")

// ErrNotFound says that no segment holds what was asked for.
var ErrNotFound = jsonl.ErrNotFound

// ErrDamaged says that a record is not there, or not what was written.
var ErrDamaged = errors.New("damaged")

// ConflictError says that an event's source and id were accepted before with
// another content.
type ConflictError struct {
	Index int // of the entry in its request
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("entry %d: its source and id were accepted before with another content", e.Index)
}
