// Package plan says what it would do to replace one configuration by another: which
// webhooks come, go and change, and how many of some events each would get. Nothing is
// written, sent or recorded. The command plan and the console show it.
package plan

import (
	"slices"
	"strings"

	"sidehook/config"
	"sidehook/history/event"
	"sidehook/relay/api"
)

// Make returns what it would do to replace the file before by the file after. events
// visits those that both are tried on. The error is that of events.
func Make(before, after *config.File, events func(visit func(*event.Event)) error) (*api.Plan, error) {
	plan := &api.Plan{
		Added: []string{}, Removed: []string{}, Renamed: []api.PlanRename{}, Changed: []api.PlanChange{},
		Restart: RestartKeys(before, after), Counts: []api.PlanCount{}, Failures: []api.PlanFailure{},
	}
	old, next := byName(before), byName(after)
	differences := compareWebhooks(plan, before, after, old, next)
	t, err := newTrial(before, after, differences)
	if err != nil {
		return nil, err
	}
	err = events(func(e *event.Event) {
		plan.Events++
		matchedBefore, matchedAfter := t.route(e)
		if !matchedBefore {
			plan.Unmatched.Before++
		}
		if !matchedAfter {
			plan.Unmatched.After++
		}
	})
	for _, w := range after.Webhooks {
		was := w.Name
		if old[was] == nil && old[w.Was] != nil {
			was = w.Was
		}
		if b, a := t.before.counts[was], t.after.counts[w.Name]; a != b {
			plan.Counts = append(plan.Counts, api.PlanCount{Webhook: w.Name, Before: b, After: a})
		}
	}
	for _, name := range plan.Removed {
		if b := t.before.counts[name]; b > 0 {
			plan.Counts = append(plan.Counts, api.PlanCount{Webhook: name, Before: b})
		}
	}
	plan.Failures = append(plan.Failures, t.failures()...)
	return plan, err
}

func byName(file *config.File) map[string]*config.Webhook {
	webhooks := make(map[string]*config.Webhook, len(file.Webhooks))
	for _, w := range file.Webhooks {
		webhooks[w.Name] = w
	}
	return webhooks
}

// compareWebhooks fills in which webhooks come, go and change. It returns the keys that
// differ of each webhook that both files have.
func compareWebhooks(plan *api.Plan, before, after *config.File, old, next map[string]*config.Webhook) map[string][]string {
	renamed, differences := map[string]bool{}, make(map[string][]string, len(after.Webhooks))
	for _, w := range after.Webhooks {
		former := old[w.Name]
		if former == nil && old[w.Was] != nil {
			former, renamed[w.Was] = old[w.Was], true
			plan.Renamed = append(plan.Renamed, api.PlanRename{From: w.Was, To: w.Name})
		}
		if former == nil {
			plan.Added = append(plan.Added, w.Name)
			continue
		}
		keys := slices.DeleteFunc(w.Differences(former), func(key string) bool { return key == "name" || key == "was" })
		if old[w.Name] != nil {
			differences[w.Name] = keys
		}
		if len(keys) > 0 {
			plan.Changed = append(plan.Changed, api.PlanChange{Webhook: w.Name, Keys: keys})
		}
	}
	for _, w := range before.Webhooks {
		if next[w.Name] == nil && !renamed[w.Name] {
			plan.Removed = append(plan.Removed, w.Name)
		}
	}
	return differences
}

// RestartKeys returns the keys with other values that a reload does not put in force.
func RestartKeys(before, after *config.File) []string {
	now, then := &after.Listen, &before.Listen
	keys := []string{}
	for key, same := range map[string]bool{
		"listen.http":           now.HTTP == then.HTTP,
		"listen.socket":         now.Socket == then.Socket,
		"listen.socket_mode":    now.SocketMode == then.SocketMode,
		"listen.token":          now.Token.Equal(then.Token),
		"listen.read_token":     now.ReadToken.Equal(then.ReadToken),
		"listen.console":        now.Console == then.Console,
		"listen.max_event_size": now.MaxEventSize == then.MaxEventSize,
		"history.dir":           after.History.Dir == before.History.Dir,
		"cluster.postgres":      after.Cluster.Postgres.Reveal() == before.Cluster.Postgres.Reveal(),
		"cluster.schema":        after.Cluster.Schema == before.Cluster.Schema,
		"cluster.name":          after.Cluster.Name == before.Cluster.Name,
		"cluster.lease":         after.Cluster.Lease == before.Cluster.Lease,
		"cluster.sync":          after.Cluster.Sync == before.Cluster.Sync,
		"cluster.spool":         after.Cluster.Spool == before.Cluster.Spool,
	} {
		if !same {
			keys = append(keys, key)
		}
	}
	if slices.Sort(keys); !SameListen(before, after) && !slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, "listen.") }) {
		keys = append(keys, "listen")
	}
	return keys
}

// SameListen reports whether two files have the same keys under listen.
func SameListen(a, b *config.File) bool {
	x, y := a.Listen, b.Listen
	same := x.Token.Equal(y.Token) && x.ReadToken.Equal(y.ReadToken)
	x.Token, y.Token, x.ReadToken, y.ReadToken = config.Secret{}, config.Secret{}, config.Secret{}, config.Secret{}
	return same && x == y
}

// SameCluster reports whether two files have the same keys under cluster.
func SameCluster(a, b *config.File) bool {
	x, y := a.Cluster, b.Cluster
	same := x.Postgres.Reveal() == y.Postgres.Reveal()
	x.Postgres, y.Postgres = config.URL{}, config.URL{}
	return same && x == y
}
