// Package demo shows a complete delivery on one machine: a relay and an HTTPS
// receiver in this process, with files in a temporary folder.
//
// It promises that Run returns nil only if every event reached each webhook that
// wants it, and every signature and body was as it should be.
//
// The command demo calls it.
package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // the configuration and an event
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/template"
	"time"

	"sidehook/config"
	"sidehook/relay"
	"sidehook/relay/command/terminal"
)

// Options are all required.
type Options struct {
	Screen  *terminal.Screen // where it is shown
	Version string
	Program string // how sidehook is called in a shell
	// Log makes the relay's log.
	Log func(to io.Writer) *slog.Logger
	// ListAttempts prints the attempts in the history of a folder.
	ListAttempts func(dir string) error
}

// timeout bounds the demo. It needs little more than the second before the retry.
const timeout = 15 * time.Second

var (
	//go:embed webhooks.yaml
	configTemplate string
	//go:embed app_deleted.json
	appDeleted []byte
)

// postedEvent is an event to post, and the webhooks that must get it.
type postedEvent struct {
	typ, id, to string
	body        []byte
}

func postedEvents() []postedEvent {
	return []postedEvent{
		{"com.qlik.v1.app.deleted", "e65c1481-e8a-4be-a5ca-27dfcde077d7", "apps, audit", appDeleted},
		{"order.paid", "order-4711-paid", "orders, audit",
			[]byte(`{"type": "order.paid", "id": "order-4711-paid", "data": {"order": 4711, "total": 129.90}}`)},
		{"user.created", "user-7-created", "audit",
			[]byte(`{"type": "user.created", "id": "user-7-created", "data": {"user": 7, "name": "Ada"}}`)},
	}
}

// Run shows the demo.
func Run(ctx context.Context, opts Options) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not done after %v", timeout))
	defer cancel()
	dir, err := os.MkdirTemp("", "sidehook-demo-")
	if err != nil {
		return err
	}
	d := &demo{Options: opts, dir: dir, path: filepath.Join(dir, "webhooks.yaml"), began: time.Now(), events: postedEvents()}
	if err := d.run(ctx); err != nil {
		return fmt.Errorf("demo: %w; see the relay's log, %s", err, d.logPath())
	}
	return nil
}

// demo is one run.
type demo struct {
	Options
	dir, path string // of the folder, of webhooks.yaml in it
	began     time.Time
	events    []postedEvent
	receiver  *receiver
	steps     terminal.Table // of the current part
}

func (d *demo) logPath() string { return filepath.Join(d.dir, "relay.log") }

func (d *demo) run(ctx context.Context) error {
	secrets := map[string]string{"apps": rand.Text() + rand.Text(), "audit": newSecret(), "orders": newSecret()}
	var err error
	if d.receiver, err = newReceiver(secrets, d.events); err != nil {
		return fmt.Errorf("start the receiver: %w", err)
	}
	defer d.receiver.Close()
	file, err := d.configure(secrets)
	if err != nil {
		return err
	}
	d.introduce(file)

	log, err := os.Create(d.logPath())
	if err != nil {
		return err
	}
	defer log.Close()
	opened := make(chan []net.Addr, 1)
	r, err := relay.New(file, relay.Options{
		Log: d.Log(log), Version: d.Version,
		Roots: d.receiver.roots, Opened: func(addrs []net.Addr) { opened <- addrs },
	})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	var group sync.WaitGroup
	defer group.Wait()
	running, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() { ended <- r.Run(running) })
	select {
	case err := <-ended:
		return err
	case addrs := <-opened:
		err = d.deliver(ctx, addrs)
	}
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return err
	}
	return d.conclude()
}

// newSecret returns a secret in the form of Standard Webhooks.
func newSecret() string {
	key := make([]byte, 32)
	rand.Read(key)
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// configure writes webhooks.yaml and loads it.
func (d *demo) configure(secrets map[string]string) (*config.File, error) {
	t, err := template.New("webhooks.yaml").Parse(configTemplate)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, map[string]any{"Receiver": d.receiver.host(), "Secrets": secrets}); err != nil {
		return nil, err
	}
	if err := os.WriteFile(d.path, text.Bytes(), 0o600); err != nil {
		return nil, err
	}
	return config.Load(d.path, config.Run)
}

// deliver posts the events and waits until all deliveries have arrived.
func (d *demo) deliver(ctx context.Context, addrs []net.Addr) error {
	var address string
	for _, addr := range addrs {
		if addr.Network() == "tcp" {
			address = addr.String()
		}
	}
	d.title("The application posts three events to http://" + address + "/v1/events")
	d.steps = terminal.Table{To: d.Screen, Widths: []int{7, 23}}
	wanted := 0
	app := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, e := range d.events {
		if err := d.post(ctx, app, address, e); err != nil {
			return fmt.Errorf("post %s: %w", e.typ, err)
		}
		wanted += len(strings.Split(e.to, ", "))
	}
	d.title("The receiver gets them at https://" + d.receiver.host())
	d.steps = terminal.Table{To: d.Screen, Widths: []int{7, 6, 23}}
	for arrived := 0; arrived < wanted; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d deliveries arrived: %w", arrived, wanted, context.Cause(ctx))
		case r := <-d.receiver.receipts:
			d.received(r)
			if r.problem != nil {
				return fmt.Errorf("the delivery of %s to %s is wrong: %w", r.typ, r.webhook, r.problem)
			}
			if r.code == http.StatusOK {
				arrived++
			}
		}
	}
	d.Screen.Line()
	d.Screen.Line("  ", d.Screen.Paint(terminal.Green, fmt.Sprintf("%d of %d deliveries arrived, and every signature is valid.", wanted, wanted)))
	return nil
}
