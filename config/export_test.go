package config

// Parse judges content without a file.
func Parse(name string, data []byte, mode Mode) (*File, error) {
	r := parse(name, data, mode, Basis{})
	if r.File == nil {
		return nil, r.Problems
	}
	return r.File, nil
}

// DeclaredKey is what the tables say of a key.
type DeclaredKey struct {
	Section            string // the key that it stands under; "" at the top
	Name, Example, Doc string
	Schema             map[string]any
}

// DeclaredKeys lists every key there is.
func DeclaredKeys() []DeclaredKey {
	var list []DeclaredKey
	list = describe(list, "", declared.top)
	list = describe(list, "listen", declared.listen)
	list = describe(list, "history", declared.history)
	list = describe(list, "outbox", declared.outbox)
	list = describe(list, "cluster", declared.cluster)
	list = describe(list, "tls", declared.tls)
	list = describe(list, "oauth2", declared.oauth2)
	list = describe(list, "event_types", declared.eventType)
	return describe(list, "webhooks", declared.webhook)
}

func describe[T any](list []DeclaredKey, section string, keys []key[T]) []DeclaredKey {
	for _, k := range keys {
		list = append(list, DeclaredKey{section, k.name, k.example, k.doc, k.schema})
	}
	return list
}

// SetAll makes a webhook that is changed field by field one that gives every key.
func SetAll(w *Webhook) { w.set = 1<<len(declared.webhook) - 1 }
