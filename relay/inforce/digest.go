package inforce

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"sidehook/config"
)

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
