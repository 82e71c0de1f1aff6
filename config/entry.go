package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// partial is a webhook while it is read: its keys over the defaults, and those
// that can be judged only once all are known.
type partial struct {
	Webhook
	catalogue map[string]string
	keep      time.Duration // of the history

	// Where the keys stand; nil if they do not.
	nameAt, wasAt, urlAt, eventsAt, headersAt, tlsAt, retryAt, orderAt *value

	url     text
	secrets []text
	// unreadable says that a secret stands there and is none.
	unreadable bool
	headers    []headerLine
}

// webhooks reads the list of webhooks, each over the defaults in base.
func (l *loader) webhooks(v *value, base *partial, f *File) {
	hint := "write webhooks: [] for none"
	if isMapping(v) {
		hint = "begin each webhook with a dash, such as - name: app-lifecycle"
	}
	items := l.items(v, hint)
	fields := slices.Concat(l.own, l.shared)
	names := make(map[string]*value)
	var renamed []former
	shared, held := false, false // the waits of base, by some webhook; with its order, too
	for i := range items {
		d := *base
		d.catalogue = f.EventTypes
		d.headers, d.headersAt, d.tlsAt = nil, nil, nil
		before := l.found.errors
		items[i].title = nameOf(items[i].node)
		readFields(l, &items[i], fields, &d)
		if isMapping(&items[i]) {
			l.complete(&items[i], &d, base)
			shared = shared || d.retryAt == base.retryAt
			held = held || d.retryAt == base.retryAt && d.orderAt == base.orderAt
		}
		if first := names[d.Name]; first != nil {
			at := d.nameAt.node
			if item := v.node.Content[i]; item.Kind == yaml.AliasNode {
				at = item // what it stands for is the first of the two
			}
			l.report(d.nameAt, at, fmt.Sprintf("%q is also the name of webhooks[%d], in line %d", d.Name, first.up.at, first.node.Line), "give each its own")
		} else if d.Name != "" {
			names[d.Name] = d.nameAt
		}
		if d.Was != "" {
			renamed = append(renamed, former{d.Was, d.wasAt})
		}
		// What is wrong is not kept: the list may be aliases of one entry. Nor is
		// the draft, which holds on to the nodes of the file.
		if l.found.errors == before {
			hook := d.Webhook
			f.Webhooks = append(f.Webhooks, &hook)
		}
	}
	l.judgeFormer(renamed, names)
	if shared {
		l.judgeRetry(base)
	}
	if held {
		l.judgeOrder(base, base.orderAt)
	}
}

// nameOf returns the name that a webhook's own mapping gives it, or "" if it
// gives no good one. It is looked up before the other keys are read, so that
// the problems of all of them can show it.
func nameOf(webhook *yaml.Node) string {
	if webhook.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(webhook.Content); i += 2 {
		name := webhook.Content[i+1]
		if name.Kind == yaml.AliasNode {
			name = name.Alias
		}
		if webhook.Content[i].Value == "name" && isName(name.Value) {
			return name.Value
		}
	}
	return ""
}

// former is a name that a webhook had before.
type former struct {
	name string
	at   *value
}

// judgeFormer checks the former names against the names in use and against each
// other.
func (l *loader) judgeFormer(renamed []former, names map[string]*value) {
	taken := make(map[string]*value)
	for _, was := range renamed {
		if user := names[was.name]; user != nil {
			l.fail(was.at, fmt.Sprintf("%q is the name of webhooks[%d], not a former one", was.name, user.up.at), "write the name it had before, or remove was")
		} else if other := taken[was.name]; other != nil {
			l.fail(was.at, fmt.Sprintf("%q was %s, in line %d, and its deliveries go to one webhook", was.name, other.up.path(), other.node.Line), "remove one")
		} else {
			taken[was.name] = was.at
		}
	}
}

// complete judges what depends on several keys, and what is missing.
func (l *loader) complete(v *value, d, base *partial) {
	l.require(v, d.nameAt, "name", "write one, such as name: app-lifecycle")
	l.require(v, d.urlAt, "url", "write where its requests go, such as url: https://hooks.example.com/path")
	l.require(v, d.eventsAt, "events", `list at least one type or glob, such as events: ["com.example.**"]`)
	d.resolveProfile()
	l.completeURL(d)
	l.completeSecrets(v, d)
	l.completeHeaders(d, base)
	if d.tlsAt != nil && d.url.known && !strings.HasPrefix(strings.ToLower(d.url.string), "https:") {
		l.warn(d.tlsAt, "changes nothing: url does without TLS", "remove it, or write https://… for url")
	}
	if d.retryAt != base.retryAt {
		l.judgeRetry(d)
	}
	if d.orderAt != base.orderAt {
		l.judgeOrder(d, d.orderAt)
	} else if d.retryAt != base.retryAt {
		l.judgeOrder(d, d.retryAt)
	}
}

// judgeRetry tells of deliveries that the history does not keep long enough for
// all their attempts.
func (l *loader) judgeRetry(d *partial) {
	all := d.waits()
	if all > d.keep && d.retryAt != nil {
		l.warn(d.retryAt, fmt.Sprintf("the waits of retry, %s in all, are longer than history.keep, %s", FormatDuration(all), FormatDuration(d.keep)),
			"shorten the waits, or raise history.keep")
	}
}

// longHold is for how long a delivery may hold up those after it without a word.
const longHold = time.Hour

// judgeOrder tells of deliveries that may have to wait long for one before them.
func (l *loader) judgeOrder(d *partial, at *value) {
	if all := d.waits(); all > longHold && !d.Order.IsZero() {
		l.warn(at, fmt.Sprintf("with this order one that fails holds up those after it for %s, the waits of retry in all", FormatDuration(all)),
			"shorten the waits of retry to 1h, if that is too long")
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

// require reports a key of v that is not there.
func (l *loader) require(v, at *value, key, hint string) {
	if at == nil {
		l.fail(&value{node: v.node, name: &yaml.Node{Value: key}, up: v}, "is required", hint)
	}
}

func (l *loader) completeURL(d *partial) {
	d.URL = newURL(d.url.string, d.url.filled)
	if !d.url.known {
		return
	}
	for _, c := range judgeURL(d.url, d.Allow) {
		l.fail(d.url.at, c.message, c.hint)
	}
}

func (l *loader) completeSecrets(v *value, d *partial) {
	d.Secrets = make([]Secret, len(d.secrets))
	for i, t := range d.secrets {
		d.Secrets[i] = NewSecret(t.string)
		if t.known {
			l.judgeSecret(t, d.Allow.ShortSecret)
			l.judgeScheme(t, d.Signature)
		}
	}
	if len(d.secrets) == 0 && !d.unreadable && !slices.Contains(d.Signature, "none") {
		l.warn(v, "no secret: requests will be unsigned", "set secret, or signature: none if that is meant")
	}
}
