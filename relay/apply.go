package relay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"sidehook/config"
	"sidehook/history/journal"
	"sidehook/history/queue"
	"sidehook/relay/deliver"
	"sidehook/relay/format"
	"sidehook/relay/intake"
	"sidehook/relay/send"
	"sidehook/relay/sign"
)

// force is a configuration in force, and what was made of it.
type force struct {
	file       *config.File
	digest     string // of what is in force of the file
	generation uint64
	loaded     time.Time
	decider    *decider
	webhooks   map[string]entry
}

// entry is a webhook, with settings that are the same pointer for as long as
// the entry says the same.
type entry struct {
	config   *config.Webhook
	settings *deliver.Settings
}

// Apply puts a configuration in force. All that can fail comes first; then
// nothing does. It may be called before and during Run, one call at a time.
func (r *Relay) Apply(file *config.File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := r.prepare(file)
	if err != nil {
		return fmt.Errorf("apply %s: %w", file.Path, err)
	}
	r.warnFixed(file)
	r.journal.SetGeneration(next.generation, next.digest)
	r.journal.Retain(journal.Retention{Keep: file.History.Keep, MaxSize: file.History.MaxSize})
	before := r.force
	r.force, r.refused = next, nil
	r.notices.force.Store(next)
	r.former = r.renamed()
	r.welcomeBack()
	r.metrics.Keep(slices.Collect(maps.Keys(next.webhooks)))
	r.deliver.Apply(next.deliveries())
	r.rename(context.Background()) // before anything is accepted under the new names
	r.intake.Apply(next.intake())
	r.findOrphans()
	r.limit()
	if before != nil {
		r.log.Info("configuration reloaded", "generation", next.generation, "webhooks", len(file.Webhooks))
	}
	return nil
}

// prepare makes all that a configuration needs.
func (r *Relay) prepare(file *config.File) (*force, error) {
	sum, err := digest(file)
	if err != nil {
		return nil, err
	}
	f := &force{file: file, digest: sum, loaded: time.Now(), webhooks: make(map[string]entry, len(file.Webhooks))}
	generation, last := r.journal.Generation()
	if f.generation = generation; last != sum {
		f.generation++
	}
	for _, w := range file.Webhooks {
		e := entry{config: w}
		if r.force != nil {
			if old, ok := r.force.webhooks[w.Name]; ok && old.config.Equal(w) {
				e.settings = old.settings
			}
		}
		if e.settings == nil {
			settings, err := settingsOf(w, r.opts.Version)
			if err != nil {
				return nil, fmt.Errorf("webhook %q: %w", w.Name, err)
			}
			e.settings = settings
		}
		f.webhooks[w.Name] = e
	}
	f.decider, err = newDecider(file.Webhooks)
	return f, err
}

// settingsOf says a webhook in the words of deliver.
func settingsOf(w *config.Webhook, version string) (*deliver.Settings, error) {
	to, err := url.Parse(w.URL.Reveal())
	if err != nil {
		return nil, errors.New("its url cannot be parsed")
	}
	s := &deliver.Settings{
		Settings: send.Settings{
			URL: to, Shown: w.URL.Redacted(), Format: format.Format(w.Format), Transform: transform(w), UserAgent: w.UserAgent,
			Timeout: w.Timeout, GiveUpOn: w.GiveUpOn, Concurrency: w.Concurrency, Allow: w.Allow.Prefixes,
			TLS: send.TLS{Roots: w.TLS.Roots(), Certificate: w.TLS.Certificate(), ServerName: w.TLS.ServerName},
		},
		Retry: w.Retry, DisableAfter: w.DisableAfter, Rate: deliver.Rate(w.Rate), Order: queue.Order(w.Order),
		Off: !w.Enabled, Paused: w.Paused, Entry: w.Digest(),
	}
	if proxy := w.Proxy.Reveal(); proxy != "" {
		if s.Proxy, err = url.Parse(proxy); err != nil {
			return nil, errors.New("its proxy cannot be parsed")
		}
	}
	if s.UserAgent == "" {
		s.UserAgent = "sidehook/" + version
	}
	for _, h := range w.Headers {
		s.Headers = append(s.Headers, send.Header{Name: h.Name, Value: h.Reveal(), Secret: h.Secret})
	}
	var keys []sign.Key
	for _, secret := range w.Secrets {
		key, err := sign.ParseSecret(secret.Reveal())
		if err != nil {
			return nil, fmt.Errorf("its secret: %w", err)
		}
		keys = append(keys, key)
	}
	for _, scheme := range w.Signature {
		signer, err := sign.New(sign.Scheme(scheme), keys...)
		if err != nil {
			return nil, err
		}
		s.Signers = append(s.Signers, signer)
	}
	return s, nil
}

func (f *force) deliveries() []deliver.Webhook {
	list := make([]deliver.Webhook, 0, len(f.file.Webhooks))
	for _, w := range f.file.Webhooks {
		list = append(list, deliver.Webhook{
			Name: w.Name, Generation: f.generation, KeepBody: f.file.History.ResponseBody, Settings: f.webhooks[w.Name].settings,
		})
	}
	return list
}

func (f *force) intake() intake.Settings {
	return intake.Settings{
		Source: f.file.Source, Types: f.file.EventTypes, Match: f.decider.match, Generation: f.generation,
		DropUnmatched: f.file.History.DropUnmatched,
	}
}

// warnFixed tells of what an edit changed in vain, as only a restart reads it.
// Set back to what runs, it is in force again.
func (r *Relay) warnFixed(file *config.File) {
	if r.force == nil {
		return
	}
	began, last := r.began, r.force.file
	if !sameListen(file, began) && !sameListen(file, last) {
		r.log.Warn("listen has changed, and takes effect at the next start")
	}
	if dir := file.History.Dir; dir != began.History.Dir && dir != last.History.Dir {
		r.log.Warn("history.dir has changed, and takes effect at the next start")
	}
}

func sameListen(a, b *config.File) bool {
	x, y := a.Listen, b.Listen
	same := x.Token.Equal(y.Token)
	x.Token, y.Token = config.Secret{}, config.Secret{}
	return same && x == y
}
