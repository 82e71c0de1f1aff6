package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"sidehook/config"
)

// client asks the running relay: over the socket if it opens, else at the
// loopback address with the token.
type client struct {
	http  http.Client
	url   string // scheme and host
	token string // for the loopback address only: whoever opens the socket needs none
	where string
	past  []string // where no relay answered before
}

const (
	dialTimeout   = 2 * time.Second
	answerTimeout = 30 * time.Second
	maxAnswer     = 256 << 20
)

// noRelayError says that no relay runs.
type noRelayError struct{ tried []string }

func (e *noRelayError) Error() string {
	if len(e.tried) == 0 {
		return `listen.socket and listen.http are both off or unknown, so that no relay can be asked`
	}
	return fmt.Sprintf(`no relay answers on %s: is "sidehook run" running?`, strings.Join(e.tried, " or "))
}

// connect finds out where the relay answers.
func connect(ctx context.Context, in config.Listen) (*client, error) {
	var missing noRelayError
	try := func(network, address string) *client {
		dialer := &net.Dialer{Timeout: dialTimeout}
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
				address = fmt.Sprintf("%s (%s)", address, cause(err))
			}
			missing.tried = append(missing.tried, address)
			return nil
		}
		conn.Close()
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		}
		c := &client{where: address, url: "http://localhost"}
		c.http = http.Client{
			Timeout:   answerTimeout,
			Transport: &http.Transport{DialContext: dial, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		}
		return c
	}
	if in.Socket != "" {
		if c := try("unix", in.Socket); c != nil {
			return c, nil
		}
	}
	if address := loopback(in.HTTP); address != "" {
		if c := try("tcp", address); c != nil {
			c.url, c.token, c.past = "http://"+address, in.Token.Reveal(), missing.tried
			return c, nil
		}
	}
	return nil, &missing
}

// loopback is the address at which this machine reaches a listener, "" if that
// is not known.
func loopback(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return ""
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}

// cause is the last word of an error of the network.
func cause(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}

// refusedError is what the relay said against a call.
type refusedError struct {
	Status int
	Detail string
}

func (e *refusedError) Error() string { return e.Detail }

// agent is by which the relay knows its own commands: intake's CommandAgent,
// which this package does not import.
const agent = "sidehook-cli/"

// call makes a call and returns the answer, if it is one of success.
func (c *client) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("User-Agent", agent+thisBuild().Version)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask the relay on %s: %w", c.where, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("ask the relay on %s: %w", c.where, err)
	}
	if resp.StatusCode/100 == 2 {
		return answer, nil
	}
	var problem struct{ Detail string }
	if json.Unmarshal(answer, &problem) != nil || problem.Detail == "" {
		problem.Detail = fmt.Sprintf("what answers on %s is not sidehook: it says %s", c.where, resp.Status)
	}
	if len(c.past) > 0 && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden) {
		// Over the socket it would not have been refused.
		problem.Detail = fmt.Sprintf("no relay answers on %s, and the one on %s says: %s", strings.Join(c.past, " or "), c.where, problem.Detail)
	}
	return nil, &refusedError{resp.StatusCode, problem.Detail}
}

// get makes a call that answers with JSON.
func (c *client) get(ctx context.Context, path string, into any) error {
	answer, err := c.call(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("what answers on %s is not sidehook: GET %s: %w", c.where, path, err)
	}
	return nil
}

// relay connects to the relay of the configuration.
func (c *cli) relay(ctx context.Context) (*client, error) {
	file, err := c.load(config.Tools)
	if err != nil {
		return nil, err
	}
	return connect(ctx, file.Listen)
}
