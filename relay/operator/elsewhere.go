package operator

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"sidehook/config"
	"sidehook/relay/api"
	"sidehook/relay/engine"
)

// askAll asks the owner of a webhook, or if that is "" the owners of all for which
// deliveries may wait elsewhere.
func (o *Operator) askAll(ctx context.Context, webhook string, ask func(ctx context.Context, webhook string) error) error {
	names, err := o.ownedElsewhere(), error(nil)
	if webhook == "" {
		if names, err = o.journal.MayWait(ctx, names); err != nil {
			return err
		}
	} else {
		names = slices.DeleteFunc(names, func(name string) bool { return name != webhook })
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(engine.AsksAtOnce)
	for _, name := range names {
		group.Go(func() error { return ask(ctx, name) })
	}
	return group.Wait()
}

// ownedElsewhere returns the webhooks in the file, and of which others have told, that
// this process does not own.
func (o *Operator) ownedElsewhere() (names []string) {
	active, _ := o.current()
	known := o.journal.Figures()
	for name := range active.Webhooks {
		if _, told := known[name]; !told && !o.journal.Owns(name) {
			names = append(names, name)
		}
	}
	for name := range known {
		if !o.journal.Owns(name) {
			names = append(names, name)
		}
	}
	return names
}

// elsewhere is webhook for one that another member owns.
func (o *Operator) elsewhere(name string, configured *config.Webhook) api.Webhook {
	w := o.journal.Figures()[name]
	w.Name, w.Owner, w.Differs = name, o.journal.Owner(name), o.journal.Differing(name)
	switch {
	case configured == nil:
		w.State = api.StateOrphaned
	case w.State == "" || w.State == api.StateOrphaned:
		w.State = configuredState(configured)
	}
	if configured != nil {
		w.Configured = configured.View()
	}
	return w
}

// configuredState is the state of a webhook of which nothing else is known.
func configuredState(w *config.Webhook) string {
	switch {
	case !w.Enabled:
		return "off"
	case w.Paused:
		return "paused"
	}
	return api.StateActive
}
