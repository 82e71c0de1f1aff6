package console

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/console/trace"
)

// EventOperator is what the page of an event knows and does beyond the API. Many may call
// it at once.
type EventOperator interface {
	trace.Operator
	// Namesakes returns the events that have an id, the newest first, at most so many.
	Namesakes(ctx context.Context, id string, most int) ([]Namesake, error)
	// PostEvent accepts an event, durably on return, as the API does with JSON; the
	// errors of admin.Operator.
	PostEvent(ctx context.Context, event []byte, by string) (api.Receipt, error)
}

// Namesake is one of several events of one id.
type Namesake struct {
	Seq    uint64
	At     time.Time
	Source string
	Type   string
}

// Path is the page of the event.
func (n Namesake) Path() string { return trace.Path(history.Seq(n.Seq)) }
