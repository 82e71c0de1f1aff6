package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"sidehook/config"
	"sidehook/history/queue"
	"sidehook/relay/deliver"
	"sidehook/relay/deliver/pace"
	"sidehook/relay/format"
	"sidehook/relay/matching"
	"sidehook/relay/send"
	"sidehook/relay/sign"
)

// settingsOf returns what deliver needs of a webhook.
func settingsOf(w *config.Webhook, version string) (*deliver.Settings, error) {
	to, err := url.Parse(w.URL.Reveal())
	if err != nil {
		return nil, errors.New("its url cannot be parsed")
	}
	s := &deliver.Settings{
		Settings: send.Settings{
			URL: to, Shown: w.URL.Redacted(), Format: format.Format(w.Format), Transform: matching.Transform(w), UserAgent: w.UserAgent,
			Timeout: w.Timeout, GiveUpOn: w.GiveUpOn, Concurrency: w.Concurrency, Allow: w.Allow.Prefixes,
			TLS: send.TLS{Roots: w.TLS.Roots(), Certificate: w.TLS.Certificate(), ServerName: w.TLS.ServerName},
		},
		Retry: w.Retry, DisableAfter: w.DisableAfter, Rate: pace.Rate(w.Rate), Order: queue.Order(w.Order),
		Off: !w.Enabled, Paused: w.Paused, Entry: w.Digest(),
	}
	if proxy := w.Proxy.Reveal(); proxy != "" {
		if s.Proxy, err = url.Parse(proxy); err != nil {
			return nil, errors.New("its proxy cannot be parsed")
		}
	}
	if s.OAuth2, err = oauth2Of(&w.OAuth2); err != nil {
		return nil, err
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

// oauth2Of returns what send needs to fetch tokens, nil if the webhook has none.
func oauth2Of(o *config.OAuth2) (*send.OAuth2, error) {
	if o.IsZero() {
		return nil, nil
	}
	at, err := url.Parse(o.TokenURL.Reveal())
	if err != nil {
		return nil, errors.New("its token_url cannot be parsed")
	}
	s := &send.OAuth2{TokenURL: at, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), Scopes: o.Scopes}
	for _, p := range o.Params {
		s.Params = append(s.Params, send.Param{Name: p.Name, Value: p.Reveal(), Secret: p.Redacted() != p.Reveal()})
	}
	return s, nil
}

// digest returns a hash of what a configuration means: two files that differ only in a
// comment have the same one. It covers secrets and the values of ${…}, and reveals
// none.
func digest(file *config.File) (string, error) {
	// Its fields replace those of config.Webhook that redact themselves. A field that
	// config.Webhook gets later is covered without a change here.
	type webhook struct {
		config.Webhook
		URL, Secrets, Headers []string
		OAuth2                []string
		When, Transform       string
		Proxy                 string
	}
	text := struct {
		Source        string
		EventTypes    map[string]string
		Keep          time.Duration
		MaxSize       int64
		ResponseBody  int
		DropUnmatched bool
		Webhooks      []webhook
		Outbox        []string `json:",omitempty"` // left out by files that were hashed before there was one
	}{Source: file.Source, EventTypes: catalogueText(file), Keep: file.History.Keep, MaxSize: file.History.MaxSize, ResponseBody: file.History.ResponseBody, DropUnmatched: file.History.DropUnmatched}
	for _, u := range file.Outbox.Postgres {
		text.Outbox = append(text.Outbox, u.Reveal())
	}
	for _, w := range file.Webhooks {
		x := webhook{Webhook: *w, URL: []string{w.URL.Reveal(), fmt.Sprint(w.URL.Secret)}, When: w.When.Reveal(), Transform: w.Transform.Reveal(), Proxy: w.Proxy.Reveal(), OAuth2: w.OAuth2.Reveal()}
		for _, secret := range w.Secrets {
			x.Secrets = append(x.Secrets, secret.Reveal())
		}
		for _, h := range w.Headers {
			x.Headers = append(x.Headers, h.Name, h.Reveal(), fmt.Sprint(h.Secret))
		}
		text.Webhooks = append(text.Webhooks, x)
	}
	all, err := json.Marshal(text)
	if err != nil {
		return "", fmt.Errorf("hash the configuration: %w", err)
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:]), nil
}

// catalogueText returns the types of the catalogue, each with what belongs to it.
func catalogueText(file *config.File) map[string]string {
	if file.EventTypes == nil {
		return nil
	}
	types := make(map[string]string, len(file.EventTypes))
	for name, t := range file.EventTypes {
		types[name] = t.Description
		if t.Schema != nil {
			types[name] += "\x00" + t.Schema.Sum
		}
	}
	return types
}
