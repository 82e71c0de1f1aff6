package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"sidehook/config"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
	"sidehook/relay/command/names"
	"sidehook/relay/command/source"
)

// Relay connects to the relay of the configuration.
func (p *Program) Relay(ctx context.Context) (*client.Client, error) {
	file, err := p.Load(config.Tools)
	if err != nil {
		return nil, err
	}
	return p.Connect(ctx, file)
}

// clusterTimeout is how long a relay may take to answer whose database may be away: it
// waits for that for 10 s.
const clusterTimeout = 15 * time.Second

// Connect connects to the relay of a file. It says if the relay that answers there
// runs on another one.
func (p *Program) Connect(ctx context.Context, file *config.File) (*client.Client, error) {
	relay, err := p.Dial(ctx, file.Listen)
	if err != nil {
		return nil, err
	}
	if file.InCluster {
		relay = relay.Within(clusterTimeout)
	}
	active, err := relay.Config(ctx)
	var refused *client.RefusedError
	switch {
	case errors.As(err, &refused): // the call itself may be allowed
	case err != nil:
		return nil, err // it would be the same for the call, and only after as long again
	case active.Path != "" && !sameFile(active.Path, file.Path):
		p.Err.Noticef("the relay on %s runs on %s, not on %s", relay.Address(), active.Path, file.Path)
	}
	return relay, nil
}

// Dial connects to the relay that listens there, whichever file it runs on.
func (p *Program) Dial(ctx context.Context, in config.Listen) (*client.Client, error) {
	token := in.Token
	if token.IsZero() {
		token = in.ReadToken // enough to look
	}
	return client.Connect(ctx, client.Options{
		Socket: in.Socket, HTTP: in.HTTP, Token: token.Reveal(), Version: p.Version,
	})
}

// sameFile reports whether two paths name the same file, the first of them on the
// machine of the relay.
func sameFile(relays, ours string) bool {
	if absolute, err := filepath.Abs(ours); err != nil || absolute == relays {
		return true
	}
	a, errA := os.Stat(relays)
	b, errB := os.Stat(ours)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// NearestWebhook adds to a refusal that names an unknown webhook which one is nearest.
func NearestWebhook(ctx context.Context, relay *client.Client, name string, err error) error {
	var refused *client.RefusedError
	if name == "" || !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		return err
	}
	list, failed := relay.Webhooks(ctx, api.WebhooksQuery{})
	if failed != nil {
		return err
	}
	var all []string
	for i := range list.Webhooks {
		if all = append(all, list.Webhooks[i].Name); list.Webhooks[i].Name == name {
			return err // the refusal is about something else
		}
	}
	return errors.New(names.UnknownWebhook(name, all))
}

// Source opens the history of a file to read. Where another user than the relay's may
// not read the files, or there are none as it is in PostgreSQL, it asks the relay.
func (p *Program) Source(ctx context.Context, file *config.File) (source.Source, error) {
	if file.InCluster {
		relay, err := p.Connect(ctx, file)
		if err != nil {
			return nil, fmt.Errorf("the history is in PostgreSQL, where only the relay reads it: %w", err)
		}
		return source.Relay(relay), nil
	}
	s, err := source.Open(file.History.Dir, func() (*client.Client, error) { return p.Connect(ctx, file) })
	return s, ExplainDenied(err)
}

// OpenHistory opens the files of a history. If the user may not read them, the error says
// which user may.
func OpenHistory(dir string) (*query.Reader, error) {
	reader, err := query.Open(dir)
	return reader, ExplainDenied(err)
}

// ExplainDenied adds to the error of a user who may not read the files which user may.
func ExplainDenied(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: history files are readable only by their owner; run this as root or as the relay's user", err)
	}
	return err
}
