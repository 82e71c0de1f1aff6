package command

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay"
)

func (c *cli) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "See it work, on this machine alone",
		Long: "Shows the whole of it in one process and a temporary folder: a relay, an HTTPS\n" +
			"receiver that fails once, three events, and what became of them. The exit code is 0\n" +
			"if every delivery arrived and its signature verified.",
		Example: "  sidehook demo",
		Args:    noArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.demo(cmd.Context())
		},
	}
}

// demoPatience bounds the demo, which takes little more than the second that
// the delivery that fails has to wait.
const demoPatience = 15 * time.Second

var (
	//go:embed demo/webhooks.yaml
	demoConfig string
	//go:embed demo/app_deleted.json
	demoAppDeleted []byte
)

// demoEvent is an event that is posted, and the webhooks that are to get it.
type demoEvent struct {
	typ, id, to string
	body        []byte
}

func demoEvents() []demoEvent {
	return []demoEvent{
		{"com.qlik.v1.app.deleted", "e65c1481-e8a-4be-a5ca-27dfcde077d7", "apps, audit", demoAppDeleted},
		{"order.paid", "order-4711-paid", "orders, audit",
			[]byte(`{"type": "order.paid", "id": "order-4711-paid", "data": {"order": 4711, "total": 129.90}}`)},
		{"user.created", "user-7-created", "audit",
			[]byte(`{"type": "user.created", "id": "user-7-created", "data": {"user": 7, "name": "Ada"}}`)},
	}
}

func (c *cli) demo(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, demoPatience, fmt.Errorf("it is not done after %v", demoPatience))
	defer cancel()
	dir, err := os.MkdirTemp("", "sidehook-demo-")
	if err != nil {
		return err
	}
	d := &demo{cli: c, dir: dir, path: filepath.Join(dir, "webhooks.yaml"), began: time.Now(), events: demoEvents()}
	if err := d.play(ctx); err != nil {
		return fmt.Errorf("demo: %w; the relay's log is %s", err, d.log())
	}
	return nil
}

// demo is one showing.
type demo struct {
	*cli
	dir, path string // of the folder, of webhooks.yaml in it
	began     time.Time
	events    []demoEvent
	receiver  *demoReceiver
	steps     table // of what happens now
}

func (d *demo) log() string { return filepath.Join(d.dir, "relay.log") }

func (d *demo) play(ctx context.Context) error {
	secrets := map[string]string{"apps": rand.Text() + rand.Text(), "audit": newSecret(), "orders": newSecret()}
	var err error
	if d.receiver, err = newDemoReceiver(secrets, d.events); err != nil {
		return fmt.Errorf("open the receiver: %w", err)
	}
	defer d.receiver.Close()
	file, err := d.configure(secrets)
	if err != nil {
		return err
	}
	d.introduce(file)

	log, err := os.Create(d.log())
	if err != nil {
		return err
	}
	defer log.Close()
	logger := slog.New(textHandler(log, slog.LevelDebug, false))
	bridgeStandardLog(logger)
	opened := make(chan []net.Addr, 1)
	r, err := relay.New(file, relay.Options{
		Log: logger, Version: thisBuild().Version,
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
		err = d.show(ctx, addrs)
	}
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return err
	}
	return d.conclude()
}

// newSecret is a secret as Standard Webhooks writes it.
func newSecret() string {
	key := make([]byte, 32)
	rand.Read(key)
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// configure writes webhooks.yaml and loads it.
func (d *demo) configure(secrets map[string]string) (*config.File, error) {
	t, err := template.New("webhooks.yaml").Parse(demoConfig)
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

// show posts the events and watches them arrive.
func (d *demo) show(ctx context.Context, addrs []net.Addr) error {
	var address string
	for _, addr := range addrs {
		if addr.Network() == "tcp" {
			address = addr.String()
		}
	}
	d.title("The application posts three events to http://" + address + "/v1/events")
	d.steps = table{to: d.out, widths: []int{7, 24}}
	wanted := 0
	app := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, e := range d.events {
		if err := d.post(ctx, app, address, e); err != nil {
			return fmt.Errorf("post %s: %w", e.typ, err)
		}
		wanted += len(strings.Split(e.to, ", "))
	}
	d.title("The receiver gets them at https://" + d.receiver.host())
	d.steps = table{to: d.out, widths: []int{7, 7, 24}}
	for arrived := 0; arrived < wanted; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d deliveries arrived: %w", arrived, wanted, context.Cause(ctx))
		case r := <-d.receiver.receipts:
			d.received(r)
			if r.problem != nil {
				return fmt.Errorf("the delivery of %s to %s is not as it should be: %w", r.typ, r.webhook, r.problem)
			}
			if r.code == http.StatusOK {
				arrived++
			}
		}
	}
	d.out.line()
	d.out.line("  ", d.out.paint(green, fmt.Sprintf("%d of %d deliveries arrived, and every signature verified.", wanted, wanted)))
	return nil
}
