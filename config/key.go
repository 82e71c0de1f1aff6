package config

import (
	"fmt"
	"slices"

	"sidehook/config/canonical"
	"sidehook/config/jsonschema"
	"sidehook/config/yamlnode"
)

// key declares one key of a mapping that is read into a T. Each key is declared
// once, in tables.go. Reading, the defaults, Equal, Digest, check --print, the
// API's view, a schema and the hints for a wrong key follow from its declaration.
type key[T any] struct {
	name    string
	example string // a value as it stands in the file
	doc     string // one sentence for the manual and the schema
	schema  schema // of the value

	read func(*loader, *yamlnode.Value, *T)
	// show returns the canonical value (package canonical), nil while the key is not set.
	// Then check --print writes absent; if that is nil too, it leaves the key out.
	show   func(*T) any
	absent any
	equal  func(a, b *T) bool
	// digest returns the lines of the value for Digest. They must not change
	// between versions: a changed line makes every webhook with the key look
	// edited.
	digest func(*T) string
}

// schema is what a JSON Schema says of a value.
type schema = jsonschema.Schema

// codec is all there is to know of a type of values: how one is read, compared,
// shown and digested. Without digest the value is quoted; without show it is
// shown as it is.
type codec[V any] struct {
	schema schema
	read   func(*loader, *yamlnode.Value, *V)
	equal  func(a, b V) bool
	show   func(V) any
	absent any
	digest func(name string, v V) string
}

// declare declares the key whose value is kept in one field of T.
func declare[T, V any](name, example, doc string, c codec[V], field func(*T) *V) key[T] {
	if c.show == nil {
		c.show = func(v V) any { return v }
	}
	if c.digest == nil {
		c.digest = func(name string, v V) string { return fmt.Sprintf("%s %q\n", name, any(v)) }
	}
	return key[T]{
		name: name, example: example, doc: doc, schema: c.schema, absent: c.absent,
		read:   func(l *loader, v *yamlnode.Value, t *T) { c.read(l, v, field(t)) },
		show:   func(t *T) any { return c.show(*field(t)) },
		equal:  func(a, b *T) bool { return c.equal(*field(a), *field(b)) },
		digest: func(t *T) string { return c.digest(name, *field(t)) },
	}
}

// readKeys reads what a mapping gives, in the order of the table, and reports
// every key that is not in the table. It returns the keys read.
func readKeys[T any](l *loader, given []yamlnode.Value, keys []key[T], into *T) (read keySet) {
	known := 0
	for i := range keys {
		if v := yamlnode.Find(given, keys[i].name); v != nil {
			keys[i].read(l, v, into)
			read |= 1 << i
			known++
		}
	}
	if known == len(given) {
		return read
	}
	names := namesOf(keys)
	for i := range given {
		if v := &given[i]; !slices.Contains(names, v.Key()) {
			l.FailKey(v, "unknown key", l.keyHint(v, names))
		}
	}
	return read
}

// keySet is a set of keys of one table, each by its place in it.
type keySet uint64

// keyHint says where an unknown key belongs, or which key known here is nearest.
func (l *loader) keyHint(v *yamlnode.Value, known []string) string {
	if l.main != "" && v.Up.Up == nil && slices.Contains(namesOf(l.tables.top), v.Key()) {
		return "a file of include holds webhooks: and nothing else; write this in " + l.main
	}
	for _, place := range []struct {
		keys []string
		hint string
	}{
		{namesOf(l.tables.own), "it belongs to a webhook"},
		{namesOf(l.tables.shared), "it belongs to a webhook, or under defaults"},
		{namesOf(l.tables.tls), "it belongs under tls"},
		{namesOf(l.tables.oauth2), "it belongs under oauth2"},
		{namesOf(l.tables.listen), "it belongs under listen"},
		{namesOf(l.tables.history), "it belongs under history"},
		{namesOf(l.tables.outbox), "it belongs under outbox"},
		{namesOf(l.tables.eventType), "it belongs to a type under event_types"},
		{namesOf(l.tables.cluster), "it belongs under cluster"},
		{namesOf(l.tables.top), "it belongs at the top of the file"},
	} {
		if slices.Contains(place.keys, v.Key()) {
			if v.Section() == "defaults" && slices.Contains(namesOf(l.tables.own), v.Key()) {
				return "it has no default; write it at each webhook"
			}
			return place.hint
		}
	}
	return l.DidYouMeanKey(v.Key(), known)
}

func namesOf[T any](keys []key[T]) []string {
	return each(keys, func(k key[T]) string { return k.name })
}

// pairsOf returns the keys that are set, in the order of the table. With sayAbsent it
// includes unset keys that have a value for that.
func pairsOf[T any](keys []key[T], t *T, absent absence) canonical.Pairs {
	list := make(canonical.Pairs, 0, len(keys))
	for i := range keys {
		v := keys[i].show(t)
		if v == nil && absent == sayAbsent {
			v = keys[i].absent
		}
		if v != nil {
			list = append(list, canonical.Pair{Key: keys[i].name, Value: v})
		}
	}
	return list
}

// absence says how to show keys that are not set.
type absence int

const (
	leaveOut absence = iota
	sayAbsent
)

// objectOf returns the schema of a mapping that has the keys: each with its
// documentation, its default, which is its value in unset, and an example.
func objectOf[T any](keys []key[T], unset *T, required ...string) schema {
	properties := make(schema, len(keys))
	for _, k := range keys {
		property := schema{"description": k.doc}
		for word, value := range k.schema {
			property[word] = value
		}
		if k.example != "" {
			property["examples"] = []string{k.example}
		}
		if v := k.show(unset); v != nil && k.schema["properties"] == nil {
			property["default"] = canonical.Plain(v)
		} else if k.absent != nil {
			property["default"] = k.absent
		}
		properties[k.name] = property
	}
	object := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		object["required"] = required
	}
	return object
}
