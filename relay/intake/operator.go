package intake

import (
	"context"
	"encoding/json"
	"fmt"

	"sidehook/history"
	"sidehook/relay/api"
)

// Operator answers those who look at the relay and act on it. Its methods may
// be called at once. Beside the errors below and history's, an error means
// that it cannot answer now.
type Operator interface {
	// Webhooks returns the webhooks, or the one of that name; *NotFoundError.
	Webhooks(ctx context.Context, name string) ([]api.Webhook, error)
	// Enable ends that a webhook is disabled; *NotFoundError.
	Enable(ctx context.Context, name string) error
	// Retry makes all that waits for a webhook due now; *NotFoundError.
	Retry(ctx context.Context, name string) error
	// Test sends a webhook an event of its own and returns the record of the
	// attempt, which is durable on return, whatever it came to; *NotFoundError.
	Test(ctx context.Context, name string) (json.RawMessage, error)
	// Event returns what is known of an event; *NotFoundError.
	Event(ctx context.Context, which history.Which) (api.EventTrace, error)
	// Resend sends an event again, which is durable on return; *NotFoundError,
	// *UnprocessableError.
	Resend(ctx context.Context, which history.Which, to api.ResendRequest) (api.Resent, error)
	// ResendBulk makes deliveries that have ended again, which is durable on
	// return; *NotFoundError, *UnprocessableError.
	ResendBulk(ctx context.Context, b api.BulkRequest) (api.BulkResent, error)
	// Cancel ends waiting deliveries, which is durable on return, and says how
	// many; *NotFoundError for a webhook.
	Cancel(ctx context.Context, which api.CancelRequest) (int, error)
	// Accept records damage of the history as known, durably on return.
	Accept(ctx context.Context, problems []history.Problem) error
	// History opens the history to be looked at; the caller closes it.
	History(ctx context.Context) (*history.Reading, error)
	// Config returns the file in force.
	Config(ctx context.Context) (api.Config, error)
}

// NotFoundError says that there is no such thing.
type NotFoundError struct {
	What string // and its name, such as `webhook "a"`
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no %s", e.What) }

// UnprocessableError says why what is asked cannot be done.
type UnprocessableError struct{ Problem string }

func (e *UnprocessableError) Error() string { return e.Problem }
