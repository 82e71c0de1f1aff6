package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"sidehook/config/credential"
	"sidehook/config/endpoint"
	"sidehook/config/header"
	"sidehook/config/naming"
	"sidehook/config/redact"
	"sidehook/config/unit"
	"sidehook/config/yamlnode"
)

// partial is a webhook while it is read: its keys over the defaults, and the values that can
// be checked only after all its keys are read.
type partial struct {
	Webhook
	given []value  // its own keys
	base  *partial // the defaults; nil for the defaults themselves

	url       yamlnode.Text
	tokenURL  yamlnode.Text
	badOAuth2 bool // of the defaults: its problem was reported at another webhook
	secrets   []yamlnode.Text
	badSecret bool // a secret is given that could not be read
	headers   []header.Line
}

// at returns where a key stands, in the webhook or else in the defaults; nil if
// it is in neither.
func (d *partial) at(key string) *value {
	if v := yamlnode.Find(d.given, key); v != nil || d.base == nil {
		return v
	}
	return d.base.at(key)
}

// gives reports whether the webhook itself has the key.
func (d *partial) gives(key string) bool { return yamlnode.Find(d.given, key) != nil }

// readDefaults reads the keys that the webhooks share.
func (l *loader) readDefaults(v *value) {
	l.partial = l.base
	l.base.given = l.Pairs(v, "")
	l.base.set = readKeys(l, l.base.given, l.tables.shared, &l.base.Webhook) << len(l.tables.own)
}

// readWebhooks reads the list of webhooks, each over the defaults.
func (l *loader) readWebhooks(v *value, f *File) {
	hint := "write webhooks: [] for none"
	if v.IsMapping() {
		hint = "begin each webhook with a dash, such as - name: app-lifecycle"
	}
	items := l.Items(v, hint)
	names := make(map[string]*value)
	var renamed []former
	sharesRetry, sharesOrder := false, false // a webhook has the retry of the defaults; and their order, too
	for i := range items {
		item := &items[i]
		d := partial{Webhook: l.base.Webhook, base: l.base, tokenURL: l.base.tokenURL, secrets: l.base.secrets, badSecret: l.base.badSecret}
		l.partial = &d
		before := l.Errors()
		if name := item.Peek("name"); naming.IsWebhook(name) {
			item.Title = name // before other keys are read, so that their problems show it
		}
		d.given = l.Pairs(item, "")
		d.set |= readKeys(l, d.given, l.tables.webhook, &d.Webhook)
		if item.IsMapping() {
			l.finish(item, &d)
			sharesRetry = sharesRetry || !d.gives("retry")
			sharesOrder = sharesOrder || !d.gives("retry") && !d.gives("order")
		}
		if first := names[d.Name]; first != nil {
			at := d.at("name").Node
			if n := v.Node.Content[i]; n.Kind == yaml.AliasNode {
				at = n // the name itself is that of the first
			}
			l.FailNode(d.at("name"), at, fmt.Sprintf("%q is also the name of webhooks[%d], in line %d", d.Name, first.Up.At, first.Node.Line), "give each its own")
		} else if d.Name != "" {
			names[d.Name] = d.at("name")
			l.names = append(l.names, claimOf(d.Name, d.at("name"), item.Title))
		}
		if d.Was != "" {
			renamed = append(renamed, former{d.Was, d.at("was")})
			l.former = append(l.former, claimOf(d.Was, d.at("was"), item.Title))
		}
		// A bad webhook is not kept: the list may be aliases of one entry. Nor is
		// the partial, which holds on to the nodes of the file.
		if l.Errors() == before {
			hook := d.Webhook
			hook.file = l.File()
			f.Webhooks = append(f.Webhooks, &hook)
		}
	}
	l.checkFormer(renamed, names)
	if sharesRetry {
		l.checkRetry(l.base)
	}
	if sharesOrder {
		l.checkOrder(l.base, "order")
	}
}

// former is a name that a webhook had before.
type former struct {
	name string
	at   *value
}

// checkFormer checks the former names against the names in use and against each
// other.
func (l *loader) checkFormer(renamed []former, names map[string]*value) {
	taken := make(map[string]*value)
	for _, was := range renamed {
		if user := names[was.name]; user != nil {
			l.Fail(was.at, fmt.Sprintf("%q is the name of webhooks[%d], not a former one", was.name, user.Up.At), "write the name it had before, or remove was")
		} else if other := taken[was.name]; other != nil {
			l.Fail(was.at, fmt.Sprintf("%q is also the former name of %s, in line %d", was.name, other.Up.Path(), other.Node.Line), "remove one")
		} else {
			taken[was.name] = was.at
		}
	}
}

// finish checks what depends on several keys, and reports missing keys.
func (l *loader) finish(v *value, d *partial) {
	l.require(v, d, "name", "write one, such as name: app-lifecycle")
	l.require(v, d, "url", "write where its requests go, such as url: https://hooks.example.com/path")
	l.require(v, d, "events", `list at least one type or glob, such as events: ["com.example.**"]`)
	d.resolveProfile()
	l.finishURL(d)
	l.finishSecrets(v, d)
	d.Headers = header.Merge(l.Reader, d.at("headers"), d.base.headers, d.headers, d.Format)
	l.finishOAuth2(d)
	if d.gives("tls") && d.OAuth2.IsZero() && d.url.Known && !strings.HasPrefix(strings.ToLower(d.url.String()), "https:") {
		l.Warn(d.at("tls"), "has no effect: url does not use TLS", "remove it, or write https://… for url")
	}
	if d.gives("retry") {
		l.checkRetry(d)
	}
	switch {
	case d.gives("order"):
		l.checkOrder(d, "order")
	case d.gives("retry"):
		l.checkOrder(d, "retry")
	}
}

// require reports a key of v that is not there.
func (l *loader) require(v *value, d *partial, key, hint string) {
	if !d.gives(key) {
		l.Fail(&value{Node: v.Node, Name: &yaml.Node{Value: key}, Up: v}, "is required", hint)
	}
}

// checkRetry warns of waits for which the history does not keep deliveries long
// enough.
func (l *loader) checkRetry(d *partial) {
	at := d.at("retry")
	if at == nil {
		at = l.history
	}
	if all := d.waits(); all > l.file.History.Keep && at != nil {
		l.Warn(at, fmt.Sprintf("the waits of retry, %s in all, are longer than history.keep, %s", unit.FormatDuration(all), unit.FormatDuration(l.file.History.Keep)),
			"shorten the waits, or raise history.keep")
	}
}

// longHold is how long a failing delivery may hold up those after it without a
// warning.
const longHold = time.Hour

// checkOrder warns of deliveries that may wait long for one before them.
func (l *loader) checkOrder(d *partial, key string) {
	if all := d.waits(); all > longHold && !d.Order.IsZero() {
		l.Warn(d.at(key), fmt.Sprintf("with this order a failing delivery holds up those after it for %s in all", unit.FormatDuration(all)),
			"shorten the waits of retry to 1h if that is too long")
	}
}

// waits is how long a delivery waits between its attempts, in all.
func (d *partial) waits() time.Duration {
	var all time.Duration
	for _, wait := range d.Retry {
		all += wait
	}
	return all
}

func (l *loader) finishURL(d *partial) {
	if !d.url.Known {
		return
	}
	for _, flaw := range endpoint.CheckURL(d.url.String(), d.url.Hidden(), d.Allow.Rules()) {
		l.Fail(d.url.At, flaw.Message, flaw.Hint)
	}
}

func (l *loader) finishSecrets(v *value, d *partial) {
	d.Secrets = make([]Secret, len(d.secrets))
	for i, t := range d.secrets {
		d.Secrets[i] = redact.NewSecret(t.String())
		if t.Known {
			l.checkSecret(t, d)
		}
	}
	if len(d.secrets) == 0 && !d.badSecret && !slices.Contains(d.Signature, "none") {
		l.Warn(v, "no secret: requests will be unsigned", "set secret, or signature: none if that is meant")
	}
}

func (l *loader) checkSecret(t yamlnode.Text, d *partial) {
	if yamlnode.HasControl(t.String()) { // base64 is decoded across line ends
		l.Fail(t.At, yamlnode.NoControl, yamlnode.OneLine)
		return
	}
	least := credential.Least
	if d.Allow.ShortSecret {
		least = credential.LeastShort
	}
	if message, hint := credential.Check(t.String(), least); message != "" {
		l.Fail(t.At, message, hint)
	}
	if message, hint := credential.CheckSchemes(t.String(), d.Signature); message != "" {
		l.Fail(t.At, message, hint)
	}
}
