package console

import (
	"context"
	"time"

	"sidehook/relay/api"
	"sidehook/relay/console/editor"
	"sidehook/relay/console/view"
	"sidehook/relay/measure"
)

// Source shows the configuration in force, and the lines of the files that problems are
// about, without a secret.
type Source interface {
	Configuration(ctx context.Context) (*Configuration, error)
}

// Configuration is the configuration in force, and what is wrong with the files.
type Configuration struct {
	api.Config
	Excerpts []editor.Excerpt // of Problems, in their order; the first of them, if there are many
	Included []Included
	History  HistorySize
}

// Included is a file of include.
type Included struct {
	Path     string
	Webhooks int  // that are in force
	Refused  bool // as it stands
	Missing  bool // nothing of it is in force
}

// HistorySize is how large the history is, and may become.
type HistorySize struct {
	Dir   string
	Bytes int64 // -1 if it is not known
	Limit int64
	Keep  time.Duration
}

// inForce is the data of the page of the configuration.
type inForce struct {
	*Configuration
	More     int // problems that are not shown
	Writable error
	Edits    bool // there is an editor
}

// configuration is the page of what is in force, and of what is wrong with the files.
func (h *Handler) configuration(ctx context.Context, _ *request, _ string) (*page, error) {
	c, err := h.opts.Source.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	data := inForce{Configuration: c, More: len(c.Problems) - len(c.Excerpts)}
	if data.Edits = h.opts.Editor != nil; data.Edits {
		data.Writable = h.opts.Editor.Writable(ctx)
	}
	return &page{title: "Configuration", section: "/config", view: "config", data: data, parts: []string{"config"}}, nil
}

// Share writes how much of its limit the history takes, "" where that is not known.
func (s HistorySize) Share() string {
	if s.Bytes < 0 || s.Limit <= 0 {
		return ""
	}
	share := float64(s.Bytes) / float64(s.Limit)
	return view.Percent(&share)
}

// Kept writes how long events are kept.
func (s HistorySize) Kept() string { return measure.Span(s.Keep) }
