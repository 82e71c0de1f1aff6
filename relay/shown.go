package relay

import (
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
		Secret      string            `json:"secret,omitempty"`
		Headers     map[string]string `json:"headers,omitempty"`
		Enabled     bool              `json:"enabled"`
		Profile     string            `json:"profile"`
		Format      string            `json:"format"`
		Signature   []string          `json:"signature"`
		UserAgent   string            `json:"user_agent,omitempty"`
		Timeout     string            `json:"timeout"`
		Retry       []string          `json:"retry"`
		GiveUpOn    []int             `json:"give_up_on,omitempty"`
		Concurrency int               `json:"concurrency"`
		Disable     string            `json:"disable_after"`
		Allow       []string          `json:"allow,omitempty"`
		TLS         *shownTLS         `json:"tls,omitempty"`
		Proxy       string            `json:"proxy,omitempty"`
	}{
		Was: w.Was, Description: w.Description, URL: w.URL.Redacted(), Events: w.Events, Enabled: w.Enabled,
		Profile: w.Profile, Format: w.Format, Signature: w.Signature, UserAgent: w.UserAgent,
		Timeout: config.FormatDuration(w.Timeout), Retry: []string{}, GiveUpOn: w.GiveUpOn, Concurrency: w.Concurrency, Disable: "never", Headers: map[string]string{}, Allow: w.Allow.Words(),
		Proxy: w.Proxy.Redacted(),
	}
	if !w.TLS.IsZero() {
		view.TLS = &shownTLS{w.TLS.CAFile, w.TLS.CertFile, w.TLS.KeyFile, w.TLS.ServerName}
	}
	if w.DisableAfter > 0 {
		view.Disable = config.FormatDuration(w.DisableAfter)
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
	text, err := json.Marshal(view)
	if err != nil {
		return nil // strings, numbers and booleans cannot fail
	}
	return text
}

// shownTLS is tls as configured: where its files are, and nothing of what they
// hold.
type shownTLS struct {
	CAFile     string `json:"ca_file,omitempty"`
	CertFile   string `json:"cert_file,omitempty"`
	KeyFile    string `json:"key_file,omitempty"`
	ServerName string `json:"server_name,omitempty"`
}
