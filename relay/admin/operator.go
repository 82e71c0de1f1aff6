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
	// Webhooks returns the webhooks that match; *BadRequestError for a cursor.
	Webhooks(ctx context.Context, q api.WebhooksQuery) (api.Webhooks, error)
	// Webhook returns the webhook of that name; *NotFoundError.
	Webhook(ctx context.Context, name string) (api.Webhook, error)
	// Enable re-enables a disabled webhook; *NotFoundError.
	Enable(ctx context.Context, name string) error
	// Retry retries all waiting deliveries of a webhook now; *NotFoundError.
	Retry(ctx context.Context, name string) error
	// Test sends a webhook a test event and returns the record of the attempt, which
	// is durable on return, whatever its outcome; *NotFoundError.
	Test(ctx context.Context, name string) (json.RawMessage, error)
	// Event returns what is known of an event; *NotFoundError.
	Event(ctx context.Context, which query.EventRef) (api.EventTrace, error)
	// EventData returns the data of an event; *NotFoundError.
	EventData(ctx context.Context, which query.EventRef) (EventData, error)
	// Stats returns how deliveries went; *NotFoundError for a webhook.
	Stats(ctx context.Context, q api.StatsQuery) ([]history.WebhookStats, error)
	// Resend sends an event again, durably on return; *NotFoundError,
	// *UnprocessableError.
	Resend(ctx context.Context, which query.EventRef, to api.ResendRequest) (api.Resent, error)
	// ResendBulk makes deliveries again that have ended, durably on return;
	// *NotFoundError, *UnprocessableError.
	ResendBulk(ctx context.Context, b api.BulkRequest) (api.BulkResent, error)
	// SelectBulk returns what ResendBulk would do, with the same errors.
	SelectBulk(ctx context.Context, b api.BulkRequest) (api.Selected, error)
	// ResendProgress returns how far a ResendBulk is; *NotFoundError.
	ResendProgress(ctx context.Context, id string) (api.ResendProgress, error)
	// Cancel ends waiting deliveries, durably on return, and returns how many;
	// *NotFoundError for a webhook.
	Cancel(ctx context.Context, which api.CancelRequest) (int, error)
	// SelectCancel returns what Cancel would do, with the same errors.
	SelectCancel(ctx context.Context, which api.CancelRequest) (api.Selected, error)
	// Accept records damage of the history as known, durably on return.
	Accept(ctx context.Context, problems []history.Problem) error
	// History opens the history for reading; the caller must close it.
	History(ctx context.Context) (History, error)
	// ConsoleLink makes a link into the console; *UnprocessableError.
	ConsoleLink(ctx context.Context, l api.ConsoleLinkRequest) (api.ConsoleLink, error)
	// Config returns the configuration in force.
	Config(ctx context.Context) (api.Config, error)
}

// EventData is the data of an event as its own bytes.
type EventData struct {
	ID          string
	ContentType string
	Body        []byte
}

// BadRequestError reports what of a request makes no sense.
type BadRequestError struct{ Problem string }

func (e *BadRequestError) Error() string { return e.Problem }

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
		bad           *BadRequestError
	)
	switch {
	case errors.As(err, &missing):
		return httpd.Refuse(http.StatusNotFound, err.Error())
	case errors.As(err, &bad):
		return httpd.Refuse(http.StatusBadRequest, err.Error())
	case errors.As(err, &unprocessable):
		return httpd.Refuse(http.StatusUnprocessableEntity, err.Error())
	}
	return httpd.JournalProblem(err)
}
