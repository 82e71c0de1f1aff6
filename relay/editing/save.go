package editing

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/relay/console/editor"
)

// inForceWithin is how long Save waits for the watcher, and lookEvery how often it looks.
const (
	inForceWithin = 5 * time.Second
	lookEvery     = 20 * time.Millisecond
)

// Save makes an edit that was reviewed.
func (e *Editor) Save(ctx context.Context, ask editor.Edit) (*editor.Saved, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ask.Base == "" {
		return nil, editor.Refuse(editor.Problem{Message: "the edit has not been reviewed"})
	}
	d, problems, err := e.draft(ask)
	if err != nil {
		return nil, err
	}
	if problems == nil && d.change.Problems != nil {
		problems = problemsIn(errorsOf(d.change.Problems), d.name)
	}
	if problems != nil {
		return nil, editor.Refuse(problems...)
	}
	saved := &editor.Saved{Name: d.name}
	if len(d.change.Edited) == 0 {
		saved.InForce = true
		return saved, nil
	}
	if err := d.blocked(); err != nil {
		return nil, editor.Refuse(editor.Problem{Message: err.Error(), Hint: "run: " + e.command(ask, d)})
	}
	rejected := e.relay.InForce().Rejected
	written := time.Now()
	if err := d.change.Write(); errors.Is(err, edit.ErrChanged) {
		return nil, editor.Refuse(changedSince)
	} else if err != nil {
		return nil, editor.Refuse(editor.Problem{Message: "the file cannot be written: " + err.Error()})
	}
	for _, edited := range d.change.Edited {
		saved.Files = append(saved.Files, Absolute(edited.Path))
	}
	saved.Secret = d.secret
	e.logSaved(ask, d, saved.Files)
	e.await(ctx, ask, d, saved, written, rejected)
	return saved, nil
}

// logSaved logs an edit. Names of keys say what changed, and no value is logged.
func (e *Editor) logSaved(ask editor.Edit, d *draft, files []string) {
	message := map[editor.Action]string{editor.Add: "webhook added to the file", editor.Change: "webhook changed in the file", editor.Remove: "webhook removed from the file"}[ask.Action]
	fields := []any{"by", "console", "webhook", d.name}
	if ask.Action == editor.Remove {
		fields[3] = strings.Join(ask.Names, ", ")
	} else if ask.Action == editor.Change {
		var keys []string
		for _, c := range d.changes {
			if key := c.Path[0].(string); !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		if fields = append(fields, "keys", strings.Join(keys, ", ")); d.name != ask.Names[0] {
			fields = append(fields, "was", ask.Names[0])
		}
	}
	e.log.Info(message, append(fields, "file", strings.Join(files, ", "))...)
}

// await waits until an edit is in force or refused, or for inForceWithin.
func (e *Editor) await(ctx context.Context, ask editor.Edit, d *draft, saved *editor.Saved, written time.Time, rejected int) {
	ctx, cancel := context.WithTimeout(ctx, inForceWithin)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	want := byName(d.change.After.File)
	names := append(slices.Clone(ask.Names), d.name)
	for {
		active := e.relay.InForce()
		if active.Rejected != rejected && active.Refused != nil {
			saved.Refused = refusalsOf(active.Refused, d.name)
			return
		}
		if active.Loaded.After(written) {
			for _, in := range active.File.Refused() {
				if slices.Contains(saved.Files, Absolute(in.Path)) {
					saved.Refused = problemsIn(errorsOf(in.Problems), d.name)
					return
				}
			}
			if active.File.Hash == d.change.After.File.Hash || !slices.ContainsFunc(names, func(name string) bool { return !sameEntry(active.webhook(name), want[name]) }) {
				saved.InForce = true
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// byName returns the webhooks of a file by their names.
func byName(file *config.File) map[string]*config.Webhook {
	webhooks := make(map[string]*config.Webhook, len(file.Webhooks))
	for _, w := range file.Webhooks {
		webhooks[w.Name] = w
	}
	return webhooks
}

// sameEntry reports whether two entries say the same; either may not be there.
func sameEntry(a, b *config.Webhook) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(b) && a.Description == b.Description
}

// refusalsOf returns why an edit was rejected.
func refusalsOf(refused error, name string) []editor.Problem {
	var problems config.Problems
	if errors.As(refused, &problems) {
		return problemsIn(errorsOf(problems), name)
	}
	return []editor.Problem{{Message: refused.Error()}}
}
