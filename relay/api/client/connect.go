package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"sidehook/relay/api"
)

const dialTimeout = 2 * time.Second

// Options say where the relay listens and who calls.
type Options struct {
	Socket  string // path; "" for none
	HTTP    string // address; "" for none
	Token   string // for HTTP; who can open the socket needs none
	Version string // of the command
}

// NotRunningError reports that no relay answers.
type NotRunningError struct{ tried []string }

func (e *NotRunningError) Error() string {
	if len(e.tried) == 0 {
		return `listen.socket and listen.http are both off or unknown, so that no relay can be asked`
	}
	return fmt.Sprintf(`no relay answers on %s: is "sidehook run" running?`, strings.Join(e.tried, " or "))
}

// Connect finds out where the relay answers. Its error is a *NotRunningError.
func Connect(ctx context.Context, opts Options) (*Client, error) {
	var tried []string
	for _, at := range []struct{ network, address, token string }{
		{"unix", opts.Socket, ""}, {"tcp", loopback(opts.HTTP), opts.Token},
	} {
		if at.address == "" {
			continue
		}
		c, err := dial(ctx, at.network, at.address)
		if err != nil {
			tried = append(tried, withCause(at.address, err))
			continue
		}
		c.token, c.tried, c.userAgent = at.token, tried, api.CommandAgent+opts.Version
		return c, nil
	}
	return nil, &NotRunningError{tried}
}

// dial makes a client if something listens at the address.
func dial(ctx context.Context, network, address string) (*Client, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn.Close()
	c := &Client{address: address, url: "http://localhost", timeout: answerTimeout}
	if network == "tcp" {
		c.url = "http://" + address
	}
	c.http = http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// withCause adds the cause to an address, unless it is only that nobody listens.
func withCause(address string, err error) string {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return address
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		err = number
	}
	return fmt.Sprintf("%s (%s)", address, err)
}

// loopback returns the address at which this machine reaches a listener, "" if
// that is not known.
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
