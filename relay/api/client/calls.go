package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sidehook/relay/api"
)

// Time limits of calls that may take longer than others.
const (
	bulkTimeout = 10 * time.Minute // to find and record a million deliveries
	readTimeout = time.Minute      // to read much of a large history
)

// Send posts an event and returns the text of the answer as well. The answer is
// held back until the deliveries had their first attempts, but no longer than wait.
func (c *Client) Send(ctx context.Context, event []byte, wait time.Duration) (answer api.Receipt, text []byte, err error) {
	text, err = c.send(ctx, "application/json", event, wait, &answer)
	return answer, text, err
}

// SendLines is Send for many events, each a line. They are accepted or refused as a
// whole.
func (c *Client) SendLines(ctx context.Context, events []byte, wait time.Duration) (answer api.Receipts, text []byte, err error) {
	text, err = c.send(ctx, "application/x-ndjson", events, wait, &answer)
	return answer, text, err
}

func (c *Client) send(ctx context.Context, contentType string, body []byte, wait time.Duration, answer any) ([]byte, error) {
	header := http.Header{"Content-Type": {contentType}}
	if wait > 0 {
		header.Set("Prefer", fmt.Sprintf("wait=%d", int(wait.Seconds())))
	}
	_, text, err := c.Within(c.timeout+wait).request(ctx, http.MethodPost, api.EventsPath, header, body)
	if err != nil {
		return nil, err
	}
	return text, c.decode(http.MethodPost, api.EventsPath, text, answer)
}

// Events returns a page of accepted events.
func (c *Client) Events(ctx context.Context, q api.EventsQuery) (answer api.Events, err error) {
	err = c.Within(readTimeout).get(ctx, api.EventsPath, q.Values(), &answer)
	return answer, err
}

// EventData returns the data of an event, named by its id or by seq:N, and its content
// type.
func (c *Client) EventData(ctx context.Context, id string) (data []byte, contentType string, err error) {
	header, data, err := c.Within(readTimeout).request(ctx, http.MethodGet, api.Path(api.EventDataPath, id), nil, nil)
	return data, header.Get("Content-Type"), err
}

// Deliveries returns a page of attempts.
func (c *Client) Deliveries(ctx context.Context, q api.DeliveriesQuery) (answer api.Deliveries, err error) {
	err = c.Within(readTimeout).get(ctx, api.DeliveriesPath, q.Values(), &answer)
	return answer, err
}

// Follow visits as many of the newest attempts as the query's limit says, the oldest
// first, and then those that are recorded from now on, until visit is false.
func (c *Client) Follow(ctx context.Context, q api.DeliveriesQuery, visit func(json.RawMessage) bool) error {
	params := q.Values()
	params.Set("follow", "true")
	header := http.Header{"Accept": {"application/x-ndjson"}}
	return c.stream(ctx, api.DeliveriesPath+"?"+params.Encode(), header, func(body io.Reader) error {
		lines := json.NewDecoder(body)
		for {
			var line json.RawMessage
			switch err := lines.Decode(&line); {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				return fmt.Errorf("the relay on %s has ended the list: %w", c.address, err)
			case !visit(line):
				return nil
			}
		}
	})
}

// Stats returns how deliveries went.
func (c *Client) Stats(ctx context.Context, q api.StatsQuery) (answer api.Stats, err error) {
	err = c.Within(readTimeout).get(ctx, api.StatsPath, q.Values(), &answer)
	return answer, err
}

// Webhooks returns a page of webhooks.
func (c *Client) Webhooks(ctx context.Context, q api.WebhooksQuery) (answer api.Webhooks, err error) {
	err = c.get(ctx, api.WebhooksPath, q.Values(), &answer)
	return answer, err
}

// Config returns the configuration in force.
func (c *Client) Config(ctx context.Context) (answer api.Config, err error) {
	err = c.Get(ctx, api.ConfigPath, &answer)
	return answer, err
}

// ResendBulk makes deliveries again, durably on return.
func (c *Client) ResendBulk(ctx context.Context, b api.BulkRequest) (answer api.BulkResent, err error) {
	b.DryRun = false
	_, err = c.Within(bulkTimeout).Post(ctx, api.BulkPath, &b, &answer)
	return answer, err
}

// TryResendBulk returns which deliveries ResendBulk would make again.
func (c *Client) TryResendBulk(ctx context.Context, b api.BulkRequest) (answer api.Selected, err error) {
	b.DryRun = true
	_, err = c.Within(bulkTimeout).Post(ctx, api.BulkPath, &b, &answer)
	return answer, err
}

// ResendProgress returns how far a resend in bulk is, by the id that its answer has.
func (c *Client) ResendProgress(ctx context.Context, id string) (answer api.ResendProgress, err error) {
	err = c.Within(readTimeout).Get(ctx, api.Path(api.ResendProgressPath, id), &answer)
	return answer, err
}

// Cancel ends waiting deliveries, durably on return.
func (c *Client) Cancel(ctx context.Context, r api.CancelRequest) (answer api.Canceled, err error) {
	r.DryRun = false
	_, err = c.Within(bulkTimeout).Post(ctx, api.CancelPath, &r, &answer)
	return answer, err
}

// TryCancel returns which deliveries Cancel would end.
func (c *Client) TryCancel(ctx context.Context, r api.CancelRequest) (answer api.Selected, err error) {
	r.DryRun = true
	_, err = c.Within(bulkTimeout).Post(ctx, api.CancelPath, &r, &answer)
	return answer, err
}

// ConsoleLink makes a link into the console.
func (c *Client) ConsoleLink(ctx context.Context, r api.ConsoleLinkRequest) (answer api.ConsoleLink, err error) {
	_, err = c.Post(ctx, api.LinksPath, &r, &answer)
	return answer, err
}

func (c *Client) get(ctx context.Context, path string, params url.Values, answer any) error {
	return c.Get(ctx, strings.TrimSuffix(path+"?"+params.Encode(), "?"), answer)
}
