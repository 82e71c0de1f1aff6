package relay

import (
	"bytes"
	"encoding/json"

	"sidehook/config"
)

// shown is a webhook as configured, its keys as in the file and its secrets as
// ***.
func shown(w *config.Webhook) json.RawMessage {
	const hidden = "***"
	view := struct {
		Was         string            `json:"was,omitempty"`
		Description string            `json:"description,omitempty"`
		URL         string            `json:"url"`
		Events      []string          `json:"events"`
		When        string            `json:"when,omitempty"`
		Transform   string            `json:"transform,omitempty"`
		Secret      string            `json:"secret,omitempty"`
		Headers     map[string]string `json:"headers,omitempty"`
		Enabled     bool              `json:"enabled"`
		Paused      bool              `json:"paused"`
		Profile     string            `json:"profile"`
		Format      string            `json:"format"`
		Signature   []string          `json:"signature"`
		UserAgent   string            `json:"user_agent,omitempty"`
		Timeout     string            `json:"timeout"`
		Retry       []string          `json:"retry"`
		GiveUpOn    []int             `json:"give_up_on,omitempty"`
		Concurrency int               `json:"concurrency"`
		Rate        string            `json:"rate,omitempty"`
		Order       any               `json:"order,omitempty"`
		Expire      string            `json:"expire_after,omitempty"`
		MaxBacklog  string            `json:"max_backlog,omitempty"`
		Disable     string            `json:"disable_after"`
		Allow       []string          `json:"allow,omitempty"`
		TLS         *shownTLS         `json:"tls,omitempty"`
		Proxy       string            `json:"proxy,omitempty"`
	}{
		Was: w.Was, Description: w.Description, URL: w.URL.Redacted(), Events: w.Events, Enabled: w.Enabled, Paused: w.Paused,
		Profile: w.Profile, Format: w.Format, Signature: w.Signature, UserAgent: w.UserAgent,
		Timeout: config.FormatDuration(w.Timeout), Retry: []string{}, GiveUpOn: w.GiveUpOn, Concurrency: w.Concurrency, Disable: "never", Headers: map[string]string{}, Allow: w.Allow.Words(),
		Rate: w.Rate.String(), Proxy: w.Proxy.Redacted(),
	}
	if !w.TLS.IsZero() {
		view.TLS = &shownTLS{w.TLS.CAFile, w.TLS.CertFile, w.TLS.KeyFile, w.TLS.ServerName}
	}
	if w.When != nil {
		view.When = w.When.String()
	}
	if w.Transform != nil {
		view.Transform = w.Transform.String()
	}
	if w.DisableAfter > 0 {
		view.Disable = config.FormatDuration(w.DisableAfter)
	}
	switch {
	case w.Order.All:
		view.Order = "all"
	case w.Order.By != "":
		view.Order = map[string]string{"by": w.Order.By}
	}
	if w.ExpireAfter > 0 {
		view.Expire = config.FormatDuration(w.ExpireAfter)
	}
	if w.MaxBacklog != (config.Backlog{}) {
		view.MaxBacklog = w.MaxBacklog.String()
	}
	if len(w.Secrets) > 0 {
		view.Secret = hidden
	}
	for _, h := range w.Headers {
		view.Headers[h.Name] = h.Redacted()
	}
	for _, wait := range w.Retry {
		view.Retry = append(view.Retry, config.FormatDuration(wait))
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // expressions are full of < and >
	if encoder.Encode(view) != nil {
		return nil // strings, numbers and booleans cannot fail
	}
	return text.Bytes()
}

// shownTLS is tls as configured: where its files are, and nothing of what they
// hold.
type shownTLS struct {
	CAFile     string `json:"ca_file,omitempty"`
	CertFile   string `json:"cert_file,omitempty"`
	KeyFile    string `json:"key_file,omitempty"`
	ServerName string `json:"server_name,omitempty"`
}
