package relay

import (
	"fmt"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/relay/deliver"
	"sidehook/relay/intake"
	"sidehook/relay/matching"
	"sidehook/relay/notice"
	"sidehook/relay/outbox"
)

// activeConfig is the configuration in force, with what is made of it. It is
// immutable: Apply replaces it.
type activeConfig struct {
	file       *config.File
	digest     string // of what the file means
	generation history.Generation
	loaded     time.Time
	matcher    *matching.Matcher
	webhooks   map[string]activeWebhook
	databases  []*outbox.Database // that have an outbox
}

// activeWebhook is a webhook with its settings: the same pointer for as long as its
// entry in the file means the same, so that deliver sees what has changed.
type activeWebhook struct {
	config   *config.Webhook
	settings *deliver.Settings
}

// prepare makes the next configuration, or returns why it cannot be in force.
func (r *Relay) prepare(file *config.File) (*activeConfig, error) {
	sum, err := digest(file)
	if err != nil {
		return nil, err
	}
	next := &activeConfig{file: file, digest: sum, loaded: time.Now(), webhooks: make(map[string]activeWebhook, len(file.Webhooks))}
	next.generation = r.journal.Number(sum, r.active != nil && r.active.digest != sum)
	for _, w := range file.Webhooks {
		a := activeWebhook{config: w}
		if r.active != nil {
			if old, ok := r.active.webhooks[w.Name]; ok && old.config.Equal(w) {
				a.settings = old.settings
			}
		}
		if a.settings == nil {
			settings, err := settingsOf(w, r.opts.Version)
			if err != nil {
				return nil, fmt.Errorf("webhook %q: %w", w.Name, err)
			}
			a.settings = settings
		}
		next.webhooks[w.Name] = a
	}
	if next.databases, err = databasesOf(file); err != nil {
		return nil, err
	}
	next.matcher, err = matching.New(file.Webhooks)
	return next, err
}

// declaration returns what an engine needs to know of it.
func (a *activeConfig) declaration(before *activeConfig) Declaration {
	d := Declaration{
		Generation: a.generation, Hash: a.digest, Edited: before != nil && before.digest != a.digest,
		Digests: make(map[string]string, len(a.webhooks)), Was: map[string]string{},
	}
	for _, w := range a.file.Webhooks {
		if d.Digests[w.Name] = w.Digest(); w.Was != "" {
			d.Was[w.Name] = w.Was
		}
	}
	return d
}

func (a *activeConfig) forDeliver() []deliver.Webhook {
	list := make([]deliver.Webhook, 0, len(a.file.Webhooks))
	for _, w := range a.file.Webhooks {
		list = append(list, deliver.Webhook{
			Name: w.Name, Generation: a.generation, KeepBody: a.file.History.ResponseBody, Settings: a.webhooks[w.Name].settings,
		})
	}
	return list
}

func (a *activeConfig) forIntake() intake.Settings {
	return intake.Settings{
		Source: a.file.Source, Refusal: refusal(a.file), Match: a.matcher.Match, Generation: a.generation,
		DropUnmatched: a.file.History.DropUnmatched,
	}
}

func (a *activeConfig) forNotices() notice.Config {
	return notice.Config{
		Source: a.file.Source, Generation: a.generation, MayWant: a.matcher.MayMatch, Match: a.matcher.Match,
	}
}
