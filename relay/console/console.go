package console

import (
	"log/slog"

	"sidehook/relay/admin"
)

// Operator is what pages show and what their buttons do. Many may call it at once.
type Operator interface {
	admin.Operator
	// Ready returns why events are not accepted now, nil if they are.
	Ready() error
}

// Options are fixed at the start. The zero value works.
type Options struct {
	Version  string          // of sidehook
	Stopping <-chan struct{} // closed when pages that are open must let go; nil: never
	Log      *slog.Logger    // nil: none
}

// Handler serves the console.
type Handler struct {
	operator Operator
	opts     Options
	views    views
	assets   *assets
	routes   []route
}

// New makes a console. It starts nothing.
func New(operator Operator, opts Options) (*Handler, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	views, err := parseViews(assets)
	if err != nil {
		return nil, err
	}
	h := &Handler{operator: operator, opts: opts, views: views, assets: assets}
	h.routes = []route{
		{"/", h.webhooks},
	}
	return h, nil
}
