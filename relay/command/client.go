package command

import (
	"context"

	"sidehook/config"
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
