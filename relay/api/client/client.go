// Package client calls the HTTP API of the running relay, for the commands: over
// the socket if it can be opened, else at the loopback address with the token.
//
// It promises that an error says where it asked and what to do, and that a
// refusal is a *RefusedError with the relay's own words.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"sidehook/relay/api"
)

const (
	answerTimeout = 30 * time.Second
	maxAnswer     = 256 << 20
)

// Client calls a relay that was reached.
type Client struct {
	http      http.Client
	url       string // scheme and host
	token     string // for the loopback address only
	userAgent string
	address   string
	tried     []string // addresses before this one, where no relay answered
}

// RefusedError is a refusal by the relay.
type RefusedError struct {
	Status int
	Detail string
}

func (e *RefusedError) Error() string { return e.Detail }

// Within returns a client whose calls may take that long.
func (c *Client) Within(timeout time.Duration) *Client {
	patient := *c
	patient.http.Timeout = timeout
	return &patient
}

// Get makes a call and decodes the answer.
func (c *Client) Get(ctx context.Context, path string, answer any) error {
	_, err := c.call(ctx, http.MethodGet, path, nil, answer)
	return err
}

// Post makes a call with a JSON request: a type of api, a json.RawMessage that is
// sent as it is, or nil for none. It decodes the answer, and returns its text as
// well.
func (c *Client) Post(ctx context.Context, path string, request, answer any) (text []byte, err error) {
	body, raw := request.(json.RawMessage)
	if request != nil && !raw {
		if body, err = json.Marshal(request); err != nil {
			return nil, err
		}
	}
	return c.call(ctx, http.MethodPost, path, body, answer)
}

func (c *Client) call(ctx context.Context, method, path string, body []byte, answer any) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("User-Agent", c.userAgent)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask the relay on %s: %w", c.address, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("ask the relay on %s: %w", c.address, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, c.refusal(resp, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return nil, fmt.Errorf("what answers on %s is not sidehook: %s %s: %w", c.address, method, path, err)
	}
	return text, nil
}

func (c *Client) refusal(resp *http.Response, text []byte) error {
	var problem api.Problem
	if json.Unmarshal(text, &problem) != nil || problem.Detail == "" {
		problem.Detail = fmt.Sprintf("what answers on %s is not sidehook: it says %s", c.address, resp.Status)
	}
	if len(c.tried) > 0 && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden) {
		// Over the socket it would not have been refused.
		problem.Detail = fmt.Sprintf("no relay answers on %s, and the one on %s says: %s", strings.Join(c.tried, " or "), c.address, problem.Detail)
	}
	return &RefusedError{resp.StatusCode, problem.Detail}
}
