// Package console is the pages for a browser: webhooks, events, deliveries and the
// configuration, to look at and to act on. webhooks.yaml stays the only place where
// webhooks are declared; the console edits it as the commands do.
package console
