package config

import (
	"encoding/json"
	"fmt"
	"strings"

	"sidehook/config/canonical"
)

// KeyDoc documents a key of a webhook.
type KeyDoc struct {
	Name, Doc string
	Example   string   // a value as it stands in the file
	Default   string   // its default, "" if it has none
	Words     []string // the values that it may have, nil if others are possible
	Text      bool     // its value is a single text
	Bool      bool     // its value is true or false
	Own       bool     // it has no default in defaults
}

// WebhookKeyDocs returns the keys of a webhook, in the order in which they are
// documented.
func WebhookKeyDocs() []KeyDoc {
	hook := unset()
	return each(declared.webhook, func(k key[Webhook]) KeyDoc {
		doc := KeyDoc{Name: k.name, Doc: k.doc, Example: k.example, Text: k.schema["type"] == "string", Bool: k.schema["type"] == "boolean"}
		doc.Words, _ = k.schema["enum"].([]string)
		for i := range declared.own {
			doc.Own = doc.Own || declared.own[i].name == k.name
		}
		if v := k.show(&hook); v != nil {
			doc.Default = inline(canonical.Plain(v))
		} else if k.absent != nil {
			doc.Default = inline(k.absent)
		}
		return doc
	})
}

// inline writes a value of one of the defaults as it may stand in the file.
func inline(v any) string {
	switch v := v.(type) {
	case []string:
		return "[" + strings.Join(v, ", ") + "]"
	case map[string]any:
		text, _ := json.Marshal(v) // it is made of texts
		return string(text)
	}
	return fmt.Sprint(v)
}
