package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Digest is 128 bits that are the same for entries that do the same: for those
// that are Equal. It tells across a restart whether an entry was edited. A key
// that says what it would be without it adds nothing, so that a version that
// knows more keys has the same digest of the same entry.
func (w *Webhook) Digest() string {
	h := sha256.New()
	base := unset()
	add := func(key string, is, was any) {
		if is, was := fmt.Sprintf("%q", is), fmt.Sprintf("%q", was); is != was {
			fmt.Fprintf(h, "%s %s\n", key, is)
		}
	}
	add("name", w.Name, base.Name)
	add("was", w.Was, base.Was)
	add("url", w.URL.Reveal(), base.URL.Reveal())
	add("events", w.Events, base.Events)
	if w.Enabled != base.Enabled {
		fmt.Fprintf(h, "enabled %t\n", w.Enabled)
	}
	if w.Paused != base.Paused {
		fmt.Fprintf(h, "paused %t\n", w.Paused)
	}
	for _, s := range w.Secrets {
		fmt.Fprintf(h, "secret %q\n", s.Reveal())
	}
	for _, header := range w.Headers {
		fmt.Fprintf(h, "header %q %q %t\n", header.Name, header.Reveal(), header.Secret)
	}
	if w.When != nil {
		fmt.Fprintf(h, "when %q\n", w.When.Reveal())
	}
	if w.Transform != nil {
		fmt.Fprintf(h, "transform %q\n", w.Transform.Reveal())
	}
	add("profile", w.Profile, base.Profile)
	add("format", w.Format, base.Format)
	add("signature", w.Signature, base.Signature)
	add("user_agent", w.UserAgent, base.UserAgent)
	add("timeout", w.Timeout, base.Timeout)
	add("retry", w.Retry, base.Retry)
	add("give_up_on", w.GiveUpOn, base.GiveUpOn)
	add("concurrency", w.Concurrency, base.Concurrency)
	add("rate", w.Rate.String(), base.Rate.String())
	add("order", fmt.Sprint(w.Order), fmt.Sprint(base.Order))
	add("expire_after", w.ExpireAfter, base.ExpireAfter)
	add("max_backlog", w.MaxBacklog, base.MaxBacklog)
	add("disable_after", w.DisableAfter, base.DisableAfter)
	add("allow", w.Allow.Words(), base.Allow.Words())
	add("tls", []string{w.TLS.Sum, w.TLS.ServerName}, []string{"", ""})
	add("proxy", w.Proxy.Reveal(), base.Proxy.Reveal())
	return hex.EncodeToString(h.Sum(nil)[:16])
}
