package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"sidehook/config"
	"sidehook/history/query"
	"sidehook/relay/api/client"
)

// relay connects to the relay of the configuration.
func (c *cli) relay(ctx context.Context) (*client.Client, error) {
	file, err := c.load(config.Tools)
	if err != nil {
		return nil, err
	}
	return connect(ctx, file.Listen)
}

func connect(ctx context.Context, in config.Listen) (*client.Client, error) {
	return client.Connect(ctx, client.Options{
		Socket: in.Socket, HTTP: in.HTTP, Token: in.Token.Reveal(), Version: thisBuild().Version,
	})
}

// openHistory opens a history to read. Another user than the relay's may not, and
// is told how to.
func openHistory(dir string) (*query.Reader, error) {
	reader, err := query.Open(dir)
	return reader, explainDenied(err)
}

func explainDenied(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: history files are readable only by their owner; run this as root or as the relay's user", err)
	}
	return err
}
