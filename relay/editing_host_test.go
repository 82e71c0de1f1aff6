package relay_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/config"
	"sidehook/config/watch"
	"sidehook/relay"
	"sidehook/relay/console/editor"
)

// editing is a relay that reloads its file, and its editor.
type editing struct {
	*host
	relay.ConsoleEditor
	logged *bytes.Buffer
}

// newEditing starts one with a file, and with files of include by name.
func newEditing(t testing.TB, webhooks string, included map[string]string) *editing {
	t.Helper()
	e := &editing{host: &host{t: t, dir: t.TempDir()}, logged: &bytes.Buffer{}}
	e.log = slog.New(slog.NewTextHandler(e.logged, nil))
	for name, text := range included {
		path := filepath.Join(e.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e.start(webhooks)
	e.ConsoleEditor = e.r.Editor()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	watcher := watch.New(config.Read(e.path(), config.Run), slog.New(slog.DiscardHandler), func(file *config.File, err error) {
		if err == nil {
			err = e.r.Apply(file)
		}
		if err != nil {
			e.r.Refused(err)
		}
	})
	go func() { done <- watcher.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-done
		e.end()
	})
	return e
}

func (e *editing) path() string { return filepath.Join(e.dir, "webhooks.yaml") }

func (e *editing) read(name string) string {
	e.t.Helper()
	text, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		e.t.Fatal(err)
	}
	return string(text)
}

// review returns the review of an edit that has no problems.
func (e *editing) review(ask editor.Edit) *editor.Review {
	e.t.Helper()
	r, err := e.Review(e.t.Context(), ask)
	if err != nil || len(r.Problems) > 0 {
		e.t.Fatalf("review %+v: %+v, %v", ask, r, err)
	}
	return r
}

// save reviews an edit and saves it, and expects it in force.
func (e *editing) save(ask editor.Edit) *editor.Saved {
	e.t.Helper()
	ask.Base = e.review(ask).Base
	saved, err := e.Save(e.t.Context(), ask)
	if err != nil || !saved.InForce {
		e.t.Fatalf("save %+v: %+v, %v", ask, saved, err)
	}
	return saved
}

func changed(r *editor.Review) string {
	var text strings.Builder
	for _, line := range r.Diff {
		if line.Op == editor.Added || line.Op == editor.Removed {
			fmt.Fprintf(&text, "%s%s", line.Op, line.Text)
			if line.Note != "" {
				text.WriteString(" (" + line.Note + ")")
			}
			text.WriteString("\n")
		}
	}
	return text.String()
}
