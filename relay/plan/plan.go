// Package plan says what it would do to replace one configuration by another: which
// webhooks come, go and change, and how many of some events each would get. Nothing is
// written, sent or recorded. The command plan and the console show it.
package plan

import (
	"slices"
	"strings"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/matching"
)

// Make returns what it would do to replace the file before by the file after. events
// visits those that both are tried on. The error is that of events.
func Make(before, after *config.File, events func(visit func(*event.Event)) error) (*api.Plan, error) {
	plan := &api.Plan{
		Added: []string{}, Removed: []string{}, Renamed: []api.PlanRename{}, Changed: []api.PlanChange{},
		Restart: RestartKeys(before, after), Counts: []api.PlanCount{}, Failures: []api.PlanFailure{},
	}
	old, err := newTrial(before)
	if err != nil {
		return nil, err
	}
	next, err := newTrial(after)
	if err != nil {
		return nil, err
	}
	compareWebhooks(plan, old, next)
	err = events(func(e *event.Event) {
		plan.Events++
		if old.route(e) == 0 {
			plan.Unmatched.Before++
		}
		if next.route(e) == 0 {
			plan.Unmatched.After++
		}
	})
	for _, w := range after.Webhooks {
		was := w.Name
		if old.webhooks[was] == nil && old.webhooks[w.Was] != nil {
			was = w.Was
		}
		if b, a := old.counts[was], next.counts[w.Name]; a != b {
			plan.Counts = append(plan.Counts, api.PlanCount{Webhook: w.Name, Before: b, After: a})
		}
	}
	for _, name := range plan.Removed {
		if b := old.counts[name]; b > 0 {
			plan.Counts = append(plan.Counts, api.PlanCount{Webhook: name, Before: b})
		}
	}
	plan.Failures = append(plan.Failures, next.failures...)
	return plan, err
}

// compareWebhooks fills in which webhooks come, go and change.
func compareWebhooks(plan *api.Plan, before, after *trial) {
	renamed := map[string]bool{}
	for _, w := range after.file.Webhooks {
		former := before.webhooks[w.Name]
		if former == nil && before.webhooks[w.Was] != nil {
			former, renamed[w.Was] = before.webhooks[w.Was], true
			plan.Renamed = append(plan.Renamed, api.PlanRename{From: w.Was, To: w.Name})
		}
		if former == nil {
			plan.Added = append(plan.Added, w.Name)
			continue
		}
		keys := slices.DeleteFunc(w.Differences(former), func(key string) bool { return key == "name" || key == "was" })
		if len(keys) > 0 {
			plan.Changed = append(plan.Changed, api.PlanChange{Webhook: w.Name, Keys: keys})
		}
	}
	for _, w := range before.file.Webhooks {
		if after.webhooks[w.Name] == nil && !renamed[w.Name] {
			plan.Removed = append(plan.Removed, w.Name)
		}
	}
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

// trial routes events as a file would have them routed, and counts.
type trial struct {
	file     *config.File
	matcher  *matching.Matcher
	webhooks map[string]*config.Webhook
	counts   map[string]int // events by webhook
	failures []api.PlanFailure
	failed   map[[2]string]int // places in failures, by webhook and key
}

func newTrial(file *config.File) (*trial, error) {
	m, err := matching.New(file.Webhooks)
	if err != nil {
		return nil, err
	}
	t := &trial{file: file, matcher: m, webhooks: map[string]*config.Webhook{}, counts: map[string]int{}, failed: map[[2]string]int{}}
	for _, w := range file.Webhooks {
		t.webhooks[w.Name] = w
	}
	return t, nil
}

// route counts an event for those that get it, and returns how many do.
func (t *trial) route(e *event.Event) int {
	to, failures := t.matcher.Match(e)
	for _, f := range failures {
		t.fail(f.Webhook, "when", e, f.Reason)
	}
	for _, name := range to {
		t.counts[name]++
		if w := t.webhooks[name]; w.Transform != nil && !slices.ContainsFunc(failures, func(f history.Failure) bool { return f.Webhook == name }) {
			if _, err := matching.Transform(w)(e); err != nil {
				t.fail(name, "transform", e, err.Error())
			}
		}
	}
	return len(to)
}

func (t *trial) fail(webhook, key string, e *event.Event, reason string) {
	i, known := t.failed[[2]string{webhook, key}]
	if !known {
		i = len(t.failures)
		t.failed[[2]string{webhook, key}] = i
		t.failures = append(t.failures, api.PlanFailure{Webhook: webhook, Key: key, Event: e.ID, Reason: reason})
	}
	t.failures[i].Events++
}
