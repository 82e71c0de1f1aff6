package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// Operator does what the calls ask for. Many may call it at once. Besides the errors
// named below and those of history, an error means that it cannot answer now.
type Operator interface {
	// Webhooks returns the webhooks, or only the one of that name; *NotFoundError.
	Webhooks(ctx context.Context, name string) ([]api.Webhook, error)
	// Enable re-enables a disabled webhook; *NotFoundError.
	Enable(ctx context.Context, name string) error
	// Retry retries all waiting deliveries of a webhook now; *NotFoundError.
	Retry(ctx context.Context, name string) error
	// Test sends a webhook a test event and returns the record of the attempt, which
	// is durable on return, whatever its outcome; *NotFoundError.
	Test(ctx context.Context, name string) (json.RawMessage, error)
	// Event returns what is known of an event; *NotFoundError.
	Event(ctx context.Context, which query.EventRef) (api.EventTrace, error)
	// Resend sends an event again, durably on return; *NotFoundError,
	// *UnprocessableError.
	Resend(ctx context.Context, which query.EventRef, to api.ResendRequest) (api.Resent, error)
	// ResendBulk makes deliveries again that have ended, durably on return;
	// *NotFoundError, *UnprocessableError.
	ResendBulk(ctx context.Context, b api.BulkRequest) (api.BulkResent, error)
	// SelectBulk returns what ResendBulk would do, with the same errors.
	SelectBulk(ctx context.Context, b api.BulkRequest) (api.Selected, error)
	// Cancel ends waiting deliveries, durably on return, and returns how many;
	// *NotFoundError for a webhook.
	Cancel(ctx context.Context, which api.CancelRequest) (int, error)
	// SelectCancel returns what Cancel would do, with the same errors.
	SelectCancel(ctx context.Context, which api.CancelRequest) (api.Selected, error)
	// Accept records damage of the history as known, durably on return.
	Accept(ctx context.Context, problems []history.Problem) error
	// History opens the history for reading; the caller must close it.
	History(ctx context.Context) (History, error)
	// Config returns the configuration in force.
	Config(ctx context.Context) (api.Config, error)
}

// NotFoundError reports that something does not exist.
type NotFoundError struct {
	What string // with its name, such as `webhook "a"`
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no %s", e.What) }

// UnprocessableError reports why a request cannot be fulfilled.
type UnprocessableError struct{ Problem string }

func (e *UnprocessableError) Error() string { return e.Problem }

// problemOf returns the problem of an error of the operator.
func problemOf(err error) *httpd.Problem {
	var (
		missing       *NotFoundError
		unprocessable *UnprocessableError
	)
	switch {
	case errors.As(err, &missing):
		return httpd.Refuse(http.StatusNotFound, err.Error())
	case errors.As(err, &unprocessable):
		return httpd.Refuse(http.StatusUnprocessableEntity, err.Error())
	}
	return httpd.JournalProblem(err)
}
