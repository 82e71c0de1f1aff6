package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"sidehook/config"
)

// digest tells configurations apart by what is in force of them: two files that
// differ in a comment have the same. Secrets and what came by ${…} are in it,
// and cannot be had from it.
func digest(file *config.File) (string, error) {
	// Its own fields hide those of the entry that redact themselves; any other
	// field that an entry may get is in it by itself.
	type webhook struct {
		config.Webhook
		URL, Secrets, Headers []string
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
	}{file.Source, file.EventTypes, file.History.Keep, file.History.MaxSize, file.History.ResponseBody, file.History.DropUnmatched, nil}
	for _, w := range file.Webhooks {
		x := webhook{Webhook: *w, URL: []string{w.URL.Reveal(), fmt.Sprint(w.URL.Secret)}, When: w.When.Reveal(), Transform: w.Transform.Reveal(), Proxy: w.Proxy.Reveal()}
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
		return "", fmt.Errorf("tell the configuration from others: %w", err)
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:]), nil
}
