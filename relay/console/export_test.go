package console

import (
	"context"
	"strings"
)

// Pages returns the paths of the pages, each with a value in place of {}.
func (h *Handler) Pages() (paths []string) {
	for _, r := range h.routes {
		paths = append(paths, strings.Replace(r.path, "{}", "a", 1))
	}
	return paths
}

// Change adds a change to the console.
func (h *Handler) Change(name string, do func(body []byte) error) {
	h.changes[name] = func(_ context.Context, body []byte) (outcome, error) { return outcome{Message: "done"}, do(body) }
}

// Asset returns the path of an asset.
func (h *Handler) Asset(name string) string {
	h.prepare()
	return h.assets.Path(name)
}
