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
	// answerTimeout is how long a relay may take to answer that does nothing long.
	answerTimeout = 5 * time.Second
	// bodyTimeout is how long the rest of an answer that has begun may take beyond that.
	bodyTimeout = 30 * time.Second
	maxAnswer   = 256 << 20
)

// Client calls a relay that was reached.
type Client struct {
	http      http.Client
	url       string // scheme and host
	token     string // for the loopback address only
	userAgent string
	timeout   time.Duration // until an answer begins
	address   string
	tried     []string // addresses before this one, where no relay answered
}

// RefusedError is a refusal by the relay.
type RefusedError struct {
	Status int
	Detail string
	Index  int // of the event in its batch; -1 if it is not about one
}

func (e *RefusedError) Error() string { return e.Detail }

// Within returns a client whose calls may take that long until they are answered.
func (c *Client) Within(timeout time.Duration) *Client {
	patient := *c
	patient.timeout = timeout
	return &patient
}

// Address is where the relay answers.
func (c *Client) Address() string { return c.address }

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
	var header http.Header
	if body != nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	_, text, err := c.request(ctx, method, path, header, body)
	if err != nil {
		return nil, err
	}
	return text, c.decode(method, path, text, answer)
}

func (c *Client) decode(method, path string, text []byte, answer any) error {
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("the server on %s is not sidehook: %s %s: %w", c.address, method, path, err)
	}
	return nil
}

// errSilent ends a call whose answer does not begin.
var errSilent = errors.New("no answer")

// request makes a call and returns the head and the text of its answer.
func (c *Client) request(ctx context.Context, method, path string, header http.Header, body []byte) (http.Header, []byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(c.timeout, func() { cancel(errSilent) })
	defer silent.Stop()
	resp, err := c.do(ctx, method, path, header, body)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	silent.Reset(bodyTimeout)
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, nil, fmt.Errorf("ask the relay on %s: %w", c.address, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, nil, c.refusal(resp, text)
	}
	return resp.Header, text, nil
}

// stream makes a call whose answer is read as it comes.
func (c *Client) stream(ctx context.Context, path string, header http.Header, read func(io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(c.timeout, func() { cancel(errSilent) })
	defer silent.Stop()
	resp, err := c.do(ctx, http.MethodGet, path, header, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	silent.Stop()
	if resp.StatusCode/100 == 2 {
		return read(resp.Body)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("ask the relay on %s: %w", c.address, err)
	}
	return c.refusal(resp, text)
}

// do sends a request and returns the answer, whose body the caller must close.
func (c *Client) do(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		r.Header = header
	}
	r.Header.Set("User-Agent", c.userAgent)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	return resp, nil
}

// unanswered says why there is no answer.
func (c *Client) unanswered(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return fmt.Errorf("the relay on %s takes connections but has not answered within %v: it may be stuck or overloaded, or another program listens there; see its log, and restart it if that continues", c.address, c.timeout)
	}
	return fmt.Errorf("ask the relay on %s: %w", c.address, errors.Unwrap(err))
}

func (c *Client) refusal(resp *http.Response, text []byte) error {
	var problem api.Problem
	if json.Unmarshal(text, &problem) != nil || problem.Detail == "" {
		problem.Detail = fmt.Sprintf("the server on %s is not sidehook: it says %s", c.address, resp.Status)
	}
	if len(c.tried) > 0 && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden) {
		// Over the socket it would not have been refused.
		problem.Detail = fmt.Sprintf("no relay answers on %s, and the one on %s says: %s", strings.Join(c.tried, " or "), c.address, problem.Detail)
	}
	refused := &RefusedError{Status: resp.StatusCode, Detail: problem.Detail, Index: -1}
	if problem.Index != nil {
		refused.Index = *problem.Index
	}
	return refused
}
