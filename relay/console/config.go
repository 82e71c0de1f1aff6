package console

import (
	"context"

	"sidehook/relay/measure"
)

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
	return percent(&share)
}

// Kept writes how long events are kept.
func (s HistorySize) Kept() string { return measure.Span(s.Keep) }
