package inforce

import (
	"errors"
	"fmt"
	"net/url"

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
