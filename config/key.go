package config

import (
	"fmt"
	"slices"
	"strings"

	"sidehook/config/expression"
)

// webhookKey declares a key of a webhook, once. Reading, defaults, Equal, Digest,
// check --print, the API's view and the hints for a wrong key all follow from
// the table of these; to add a key is to add an entry.
type webhookKey struct {
	field[partial]
	doc    string // one line for the manual and the schema
	schema schema // of the value

	// show returns the canonical value, nil while the key is not set: a bool, an
	// int, a string, a list of strings or ints, secrets, or pairs. absent is what
	// check --print writes then; nil leaves the key out.
	show   func(*Webhook) any
	absent any
	equal  func(a, b *Webhook) bool
	// digest returns a line for each value. The lines must not change between
	// versions: a changed one makes every webhook with the key look edited.
	digest func(*Webhook) string
}

// schema is what a JSON Schema says of a value's type and limits.
type schema map[string]any

// trait is what the values of a key's field have in common. Without digest they
// are quoted; without show they are shown as they are.
type trait[V any] struct {
	equal  func(a, b V) bool
	show   func(V) any
	absent any
	digest func(name string, v V) string
}

// declare makes the entry of the key that is kept in one field.
func declare[V any](name, doc string, s schema, read func(*loader, *value, *partial), at func(*Webhook) *V, t trait[V]) webhookKey {
	if t.show == nil {
		t.show = func(v V) any { return v }
	}
	if t.digest == nil {
		t.digest = func(name string, v V) string { return fmt.Sprintf("%s %q\n", name, any(v)) }
	}
	return webhookKey{
		field:  field[partial]{name, read},
		doc:    doc,
		schema: s,
		show:   func(w *Webhook) any { return t.show(*at(w)) },
		absent: t.absent,
		equal:  func(a, b *Webhook) bool { return t.equal(*at(a), *at(b)) },
		digest: func(w *Webhook) string { return t.digest(name, *at(w)) },
	}
}

func same[V comparable](a, b V) bool { return a == b }

// plain is a value that is compared and shown as it is.
func plain[V comparable]() trait[V] { return trait[V]{equal: same[V]} }

// optional is a text that is left out while it is empty.
func optional() trait[string] { return trait[string]{equal: same[string], show: showText} }

// note is optional for a text that changes nothing in what the webhook does.
func note() trait[string] {
	return trait[string]{
		equal:  func(string, string) bool { return true },
		show:   showText,
		digest: func(string, string) string { return "" },
	}
}

// flag is a bool. Its digest has no quotes.
func flag() trait[bool] {
	return trait[bool]{equal: same[bool], digest: func(name string, v bool) string { return fmt.Sprintf("%s %t\n", name, v) }}
}

func words() trait[[]string] { return trait[[]string]{equal: slices.Equal[[]string]} }

func program() trait[*expression.Program] {
	return trait[*expression.Program]{
		equal: (*expression.Program).Equal,
		show: func(p *expression.Program) any {
			if p == nil {
				return nil
			}
			return p.String()
		},
		digest: func(name string, p *expression.Program) string {
			if p == nil {
				return ""
			}
			return fmt.Sprintf("%s %q\n", name, p.Reveal())
		},
	}
}

func address() trait[URL] {
	return trait[URL]{
		equal:  URL.Equal,
		show:   func(u URL) any { return showText(u.Redacted()) },
		digest: func(name string, u URL) string { return fmt.Sprintf("%s %q\n", name, u.Reveal()) },
	}
}

// showText shows nothing for an empty text.
func showText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Equal reports whether two webhooks do the same: whether nothing but the
// description differs. It costs less than a microsecond, so that a reload can
// afford it for every webhook.
func (w *Webhook) Equal(o *Webhook) bool {
	if w == o {
		return true
	}
	for i := range webhookKeys {
		if !webhookKeys[i].equal(w, o) {
			return false
		}
	}
	return true
}

// digestedKeys is the table in the order of the digest. It is another than the
// table's for six keys, which stand side by side in both: a digest must not change.
var digestedKeys = func() []webhookKey {
	order := []string{"enabled", "paused", "secret", "headers", "when", "transform"}
	keys := slices.Clone(webhookKeys)
	first := slices.IndexFunc(keys, func(k webhookKey) bool { return slices.Contains(order, k.key) })
	slices.SortFunc(keys[first:first+len(order)], func(a, b webhookKey) int {
		return slices.Index(order, a.key) - slices.Index(order, b.key)
	})
	return keys
}()

// digestLines returns what Digest sums up. A key that says what it would be
// without it adds nothing, so that a version that knows more keys has the same
// digest of the same entry.
func (w *Webhook) digestLines() string {
	var b strings.Builder
	base := unset()
	for i := range digestedKeys {
		k := &digestedKeys[i]
		if line := k.digest(w); line != k.digest(&base) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// pairs returns what is set, in the order of the table. With absent, it has the
// keys that are not set and say so.
func (w *Webhook) pairs(absent bool) pairs {
	list := make(pairs, 0, len(webhookKeys))
	for i := range webhookKeys {
		k := &webhookKeys[i]
		v := k.show(w)
		if v == nil && absent {
			v = k.absent
		}
		if v != nil {
			list = append(list, pair{k.key, v})
		}
	}
	return list
}
