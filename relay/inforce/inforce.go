// Package inforce turns a file into the configuration that a relay puts in force: the
// settings of each webhook, the matcher of events, the refusal of events, and a digest of
// the meaning of the file. relay makes a Config at each edit, before it applies any of it.
package inforce

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

// Config is a configuration with all that is made of it. It is immutable once it is in force.
type Config struct {
	File       *config.File
	Digest     string // of the meaning of the file
	Generation history.Generation
	Loaded     time.Time
	Matcher    *matching.Matcher
	Webhooks   map[string]Webhook // by name
	Databases  []*outbox.Database // that have an outbox
}

// Webhook is a webhook with its settings: the same pointer for as long as its entry in
// the file means the same, so that deliver sees what has changed.
type Webhook struct {
	Config   *config.Webhook
	Settings *deliver.Settings
}

// New makes the configuration that follows before, which is nil at the start, or returns
// why the file cannot be in force. The caller sets its generation.
func New(file *config.File, before *Config, version string) (*Config, error) {
	sum, err := digest(file)
	if err != nil {
		return nil, err
	}
	c := &Config{File: file, Digest: sum, Loaded: time.Now(), Webhooks: make(map[string]Webhook, len(file.Webhooks))}
	for _, w := range file.Webhooks {
		next := Webhook{Config: w}
		if before != nil {
			if old, ok := before.Webhooks[w.Name]; ok && old.Config.Equal(w) {
				next.Settings = old.Settings
			}
		}
		if next.Settings == nil {
			if next.Settings, err = settingsOf(w, version); err != nil {
				return nil, fmt.Errorf("webhook %q: %w", w.Name, err)
			}
		}
		c.Webhooks[w.Name] = next
	}
	if c.Databases, err = databasesOf(file); err != nil {
		return nil, err
	}
	c.Matcher, err = matching.New(file.Webhooks)
	return c, err
}

// databasesOf returns the databases that have an outbox.
func databasesOf(file *config.File) ([]*outbox.Database, error) {
	list := make([]*outbox.Database, 0, len(file.Outbox.Postgres))
	for _, u := range file.Outbox.Postgres {
		d, err := outbox.ParseDatabase(u.Reveal(), u.Redacted())
		if err != nil {
			return nil, fmt.Errorf("outbox.postgres: %w", err)
		}
		list = append(list, d)
	}
	return list, nil
}

// Has reports whether a webhook is in the file.
func (c *Config) Has(webhook string) bool {
	_, ok := c.Webhooks[webhook]
	return ok
}

// Renamed returns the former names of webhooks.
func (c *Config) Renamed() map[string]bool {
	names := map[string]bool{}
	for _, w := range c.File.Webhooks {
		if w.Was != "" {
			names[w.Was] = true
		}
	}
	return names
}

// ForDeliver returns the webhooks for deliver.
func (c *Config) ForDeliver() []deliver.Webhook {
	list := make([]deliver.Webhook, 0, len(c.File.Webhooks))
	for _, w := range c.File.Webhooks {
		list = append(list, deliver.Webhook{
			Name: w.Name, Generation: c.Generation, KeepBody: c.File.History.ResponseBody, Settings: c.Webhooks[w.Name].Settings,
		})
	}
	return list
}

// ForIntake returns the settings for intake.
func (c *Config) ForIntake() intake.Settings {
	return intake.Settings{
		Source: c.File.Source, Refusal: refusal(c.File), Match: c.Matcher.Match, Generation: c.Generation,
		DropUnmatched: c.File.History.DropUnmatched,
	}
}

// ForNotices returns the settings for operational events.
func (c *Config) ForNotices() notice.Config {
	return notice.Config{
		Source: c.File.Source, Generation: c.Generation, MayWant: c.Matcher.MayMatch, Match: c.Matcher.Match,
	}
}
