package config

import "sidehook/config/profile"

// resolveProfile sets the keys that the profile decides and the webhook leaves out.
func (w *Webhook) resolveProfile() {
	format, signature, agent := profile.Of(w.Profile)
	if w.Format == "" {
		w.Format = format
	}
	if w.Signature == nil {
		w.Signature = []string{signature}
	}
	if w.UserAgent == "" {
		w.UserAgent = agent
	}
}
