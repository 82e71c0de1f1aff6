package config

import "slices"

// Parse judges content without a file.
func Parse(name string, data []byte, mode Mode) (*File, error) {
	r := parse(name, data, mode)
	if r.File == nil {
		return nil, r.Problems
	}
	return r.File, nil
}

// Keys lists every key there is, wherever it stands.
func Keys() []string {
	return slices.Concat(keysOf(topFields()), keysOf(listenFields()), keysOf(historyFields()), WebhookKeys())
}

// WebhookKeys lists those of a webhook.
func WebhookKeys() []string { return keysOf(fieldsOf(webhookKeys)) }

// DescribedKey is what the table says of a key of a webhook.
type DescribedKey struct {
	Name, Doc string
	Schema    map[string]any
}

// DescribedKeys lists them.
func DescribedKeys() []DescribedKey {
	list := make([]DescribedKey, len(webhookKeys))
	for i, k := range webhookKeys {
		list[i] = DescribedKey{k.key, k.doc, k.schema}
	}
	return list
}
