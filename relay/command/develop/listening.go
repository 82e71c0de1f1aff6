// Package develop helps people who develop a receiver. It is a receiver on this machine
// that prints each request, and it verifies a request that was captured.
//
// It promises that both say of a signature that does not verify which part differs, and
// that no secret is printed.
//
// The commands listen and verify of relay/command call it.
package develop

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"sidehook/config"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/receiver"
	"sidehook/relay/sign"
)

// DefaultListenAddress is where listen listens if neither an argument nor the URL
// of the webhook says where.
const DefaultListenAddress = "127.0.0.1:9000"

// Listening is a receiver on this machine, which prints each request.
type Listening struct {
	Address string // "" for where the webhook's URL leads

	Scheme  sign.Scheme
	Secrets []string        // none: signatures are not verified
	Webhook *config.Webhook // that the requests are of, nil if it is not known

	TLS              bool
	Respond, Forward string // how it answers
	JSON             bool

	Out, Err *terminal.Screen
}

// Run receives requests until a signal.
func (l *Listening) Run(ctx context.Context) error {
	var err error
	p := &requestPrinter{out: l.Out, err: l.Err, json: l.JSON, verifies: len(l.Secrets) > 0}
	rec := &receiver.Receiver{Scheme: l.Scheme, Secrets: l.Secrets, Seen: p.print}
	if l.Forward != "" {
		if u, err := url.Parse(l.Forward); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return usage.Invalid("forward", l.Forward, "a URL such as http://127.0.0.1:3000/webhooks")
		}
		rec.Forward = &receiver.Forward{URL: l.Forward}
		rec.Forward.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	} else if rec.Script, err = receiver.ParseScript(l.Respond); err != nil {
		return usage.Errorf("--respond: %s", err)
	}
	listener, err := net.Listen("tcp", l.listenAddress())
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := http.Server{Handler: rec, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	authority := ""
	if l.TLS {
		cache, err := os.UserCacheDir()
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		var certificate tls.Certificate
		if certificate, authority, err = receiver.KeptCertificate(filepath.Join(cache, "sidehook")); err != nil {
			return errors.Join(fmt.Errorf("make a certificate: %w", err), listener.Close())
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	l.introduce(listener.Addr().(*net.TCPAddr), authority)
	defer p.end()
	return l.serve(ctx, &server, listener)
}

// serve answers requests until a signal.
func (l *Listening) serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ended := context.AfterFunc(ctx, func() { server.Close() })
	defer ended()
	err := error(nil)
	if l.TLS {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// listenAddress returns the address that was given, or where the webhook's URL leads on
// this machine.
func (l *Listening) listenAddress() string {
	if l.Address != "" {
		if !strings.Contains(l.Address, ":") {
			return "127.0.0.1:" + l.Address // a port alone
		}
		return l.Address
	}
	if l.Webhook != nil {
		if u, err := url.Parse(l.Webhook.URL.Reveal()); err == nil && u.Port() != "" {
			if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
				return net.JoinHostPort(u.Hostname(), u.Port())
			}
		}
	}
	return DefaultListenAddress
}

// introduce says where the receiver listens, and what the file needs to reach it.
func (l *Listening) introduce(at *net.TCPAddr, authority string) {
	scheme, host := "http", at.String()
	if at.IP.IsUnspecified() {
		host = fmt.Sprintf("localhost:%d", at.Port)
	}
	if authority != "" {
		scheme, host = "https", fmt.Sprintf("localhost:%d", at.Port)
	}
	address := scheme + "://" + host + "/"
	l.Err.Linef("listening on %s; press Ctrl-C to end", address)
	if l.Webhook == nil || !strings.HasPrefix(l.Webhook.URL.Reveal(), scheme+"://"+host) {
		allow := []string{"any-host", "127.0.0.0/8"}
		if at.IP.To4() == nil || authority != "" {
			allow = append(allow, `"::1/128"`)
		}
		if authority == "" {
			allow = slices.Insert(allow, 0, "http")
		}
		l.Err.Linef("a webhook in the file reaches it with:")
		l.Err.Linef("    url: %s", address)
		if authority != "" {
			l.Err.Linef("    tls: {ca_file: %s}", authority)
		}
		l.Err.Linef("    allow: [%s]", strings.Join(allow, ", "))
	}
	if len(l.Secrets) == 0 {
		l.Err.Linef("signatures are not verified: give --webhook NAME, or --secret")
	}
}
