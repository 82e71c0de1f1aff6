package command

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/receiver"
)

type listenFlags struct {
	verificationFlags
	tls              bool
	respond, forward string
	json             bool
}

// defaultListenAddress is where listen listens if neither an argument nor the URL
// of the webhook says where.
const defaultListenAddress = "127.0.0.1:9000"

func (c *cli) listenCommand() *cobra.Command {
	var f listenFlags
	cmd := &cobra.Command{
		Use:   "listen [ADDRESS]",
		Short: "Receive webhooks on this machine, for developing",
		Long: "Receives webhooks on this machine, prints each request, and says whether its\n" +
			"signature verifies; if not, which part differs. It answers as --respond says,\n" +
			"the last answer for ever: a status (500*3: three times; 429:5: with\n" +
			"Retry-After), or hang:30s for no answer. ADDRESS is " + defaultListenAddress + ", or\n" +
			"where the webhook's url leads.",
		Example: "  sidehook listen --webhook orders --respond '500*3,200'\n" +
			"  sidehook listen 127.0.0.1:9000 --forward http://127.0.0.1:3000/webhooks",
		Args: func(_ *cobra.Command, args []string) error { return usage.AtMostOne("ADDRESS", args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.listen(cmd.Context(), args, f, cmd.Flags().Changed)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.tls, "tls", false, "listen with HTTPS and a certificate of its own")
	cmd.Flags().StringVar(&f.respond, "respond", "200", "the `ANSWERS`, one a request, separated by commas")
	cmd.Flags().StringVar(&f.forward, "forward", "", "pass each request on to this `URL`, and answer as it does")
	usage.JSONFlag(cmd, &f.json)
	return cmd
}

func (c *cli) listen(ctx context.Context, args []string, f listenFlags, changed func(string) bool) error {
	if f.forward != "" && changed("respond") {
		return usage.Together("--forward", "--respond")
	}
	scheme, secrets, webhook, err := f.resolve(c, changed)
	if err != nil {
		return err
	}
	p := &requestPrinter{c: c, json: f.json, verifies: len(secrets) > 0}
	rec := &receiver.Receiver{Scheme: scheme, Secrets: secrets, Seen: p.print}
	if f.forward != "" {
		if u, err := url.Parse(f.forward); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return usage.Invalid("forward", f.forward, "a URL such as http://127.0.0.1:3000/webhooks")
		}
		rec.Forward = &receiver.Forward{URL: f.forward}
		rec.Forward.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	} else if rec.Script, err = receiver.ParseScript(f.respond); err != nil {
		return usage.Errorf("--respond: %s", err)
	}
	listener, err := net.Listen("tcp", listenAddress(args, webhook))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := http.Server{Handler: rec, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	authority := ""
	if f.tls {
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
	c.introduce(listener.Addr().(*net.TCPAddr), authority, webhook, p.verifies)
	return c.serve(ctx, &server, listener, f.tls)
}

// serve answers requests until a signal.
func (c *cli) serve(ctx context.Context, server *http.Server, listener net.Listener, secure bool) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ended := context.AfterFunc(ctx, func() { server.Close() })
	defer ended()
	err := error(nil)
	if secure {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// listenAddress returns the argument, or where the webhook's URL leads on this machine.
func listenAddress(args []string, webhook *config.Webhook) string {
	if len(args) > 0 {
		if !strings.Contains(args[0], ":") {
			return "127.0.0.1:" + args[0] // a port alone
		}
		return args[0]
	}
	if webhook != nil {
		if u, err := url.Parse(webhook.URL.Reveal()); err == nil && u.Port() != "" {
			if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
				return net.JoinHostPort(u.Hostname(), u.Port())
			}
		}
	}
	return defaultListenAddress
}

// introduce says where the receiver listens, and what the file needs to reach it.
func (c *cli) introduce(at *net.TCPAddr, authority string, webhook *config.Webhook, verifies bool) {
	scheme, host := "http", at.String()
	if at.IP.IsUnspecified() {
		host = fmt.Sprintf("localhost:%d", at.Port)
	}
	if authority != "" {
		scheme, host = "https", fmt.Sprintf("localhost:%d", at.Port)
	}
	address := scheme + "://" + host + "/"
	c.err.Linef("listening on %s; press Ctrl-C to end", address)
	if webhook == nil || !strings.HasPrefix(webhook.URL.Reveal(), scheme+"://"+host) {
		allow := []string{"any-host", "127.0.0.0/8"}
		if at.IP.To4() == nil || authority != "" {
			allow = append(allow, `"::1/128"`)
		}
		if authority == "" {
			allow = slices.Insert(allow, 0, "http")
		}
		c.err.Linef("a webhook in the file reaches it with:")
		c.err.Linef("    url: %s", address)
		if authority != "" {
			c.err.Linef("    tls: {ca_file: %s}", authority)
		}
		c.err.Linef("    allow: [%s]", strings.Join(allow, ", "))
	}
	if !verifies {
		c.err.Linef("signatures are not verified: give --webhook NAME, or --secret")
	}
}

// requestPrinter prints requests, one after the other.
type requestPrinter struct {
	c              *cli
	json, verifies bool

	mu    sync.Mutex
	begun bool
}

// listened is what --json prints of a request.
type listened struct {
	At       time.Time         `json:"at"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body,omitempty"`
	Base64   []byte            `json:"body_base64,omitempty"` // of a body that is not UTF-8
	Verified *signatureResult  `json:"signature,omitempty"`
	Answer   string            `json:"answer"`
}

func (p *requestPrinter) print(r receiver.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.json {
		p.printJSON(r)
		return
	}
	out := p.c.out
	if !p.begun {
		p.begun = true
		out.Line(out.Paint(terminal.Faint, "TIME "+r.At.Format("-07:00")))
	}
	parts := []string{r.At.Format("15:04:05.000"), "  ", terminal.Clean(r.Method + " " + r.Path)}
	if r.Attempt > 0 {
		parts = append(parts, fmt.Sprintf("  attempt %d", r.Attempt))
	}
	switch {
	case r.Problem != nil:
		parts = append(parts, "  ", out.Paint(terminal.Red, "not verified"))
	case p.verifies:
		parts = append(parts, "  ", out.Paint(terminal.Green, "verified"))
	}
	parts = append(parts, "  answer ", terminal.Clean(r.Answer))
	out.Line(parts...)
	if r.Problem != nil {
		out.Linef("    %s", r.Problem)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			out.Line("    ", out.Paint(terminal.Faint, terminal.Clean(name+": ")), terminal.Clean(value))
		}
	}
	p.printBody(r.Body)
	out.Line()
}

// printBody prints JSON indented, other text as it is, and of anything else its size.
func (p *requestPrinter) printBody(body []byte) {
	var pretty bytes.Buffer
	text := string(body)
	if json.Indent(&pretty, body, "", "  ") == nil {
		text = pretty.String()
	}
	if !utf8.ValidString(text) {
		p.c.out.Linef("    (%d bytes that are not text)", len(body))
		return
	}
	if len(text) == 0 {
		p.c.out.Linef("    (no body)")
		return
	}
	for _, line := range terminal.CleanLines(text) {
		p.c.out.Line("    ", line)
	}
}

func (p *requestPrinter) printJSON(r receiver.Request) {
	line := listened{At: r.At.UTC(), Method: r.Method, Path: r.Path, Headers: map[string]string{}, Answer: r.Answer}
	for name, values := range r.Header {
		line.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if utf8.Valid(r.Body) {
		line.Body = string(r.Body)
	} else {
		line.Base64 = r.Body
	}
	if p.verifies {
		line.Verified = signatureResultOf(r.Problem)
	}
	if err := p.c.printJSON(line); err != nil {
		p.c.err.Errorf("sidehook: %s", err)
	}
}
