package config

import "slices"

// field is a key of a mapping and what reads its value into T.
type field[T any] struct {
	key  string
	read func(*loader, *value, *T)
}

// readFields reads the mapping v, whose keys are fields.
func readFields[T any](l *loader, v *value, fields []field[T], into *T) {
	hint := ""
	if v.up == nil { // the file as a whole
		hint = "begin it with webhooks:"
	}
	pairs := l.pairs(v, hint)
	for i := range pairs {
		pair := &pairs[i]
		key := pair.name.Value
		if i := slices.IndexFunc(fields, func(f field[T]) bool { return f.key == key }); i >= 0 {
			fields[i].read(l, pair, into)
			continue
		}
		l.failKey(pair, "unknown key", l.keyHint(pair, keysOf(fields)))
	}
}

func keysOf[T any](fields []field[T]) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

// keyHint says where a key belongs that is right elsewhere, or which of the keys
// known here is nearest.
func (l *loader) keyHint(v *value, known []string) string {
	key := v.name.Value
	switch {
	case v.section() == "defaults" && slices.Contains(keysOf(l.own), key):
		return "it has no default; write it at each webhook"
	case slices.Contains(keysOf(l.own), key):
		return "it belongs to a webhook"
	case slices.Contains(keysOf(l.shared), key):
		return "it belongs to a webhook, or under defaults"
	case slices.Contains(keysOf(tlsFields()), key):
		return "it belongs under tls"
	case slices.Contains(keysOf(listenFields()), key):
		return "it belongs under listen"
	case slices.Contains(keysOf(historyFields()), key):
		return "it belongs under history"
	case slices.Contains(keysOf(topFields()), key):
		return "it belongs at the top of the file"
	}
	if hint := l.didYouMean(key, known); hint != "" {
		return hint
	}
	if near := kin(key, known); near != "" {
		return didYouMean(near)
	}
	return ""
}

// fieldsOf returns the part of a table that reads.
func fieldsOf(keys []webhookKey) []field[partial] {
	fields := make([]field[partial], len(keys))
	for i := range keys {
		fields[i] = keys[i].field
	}
	return fields
}
