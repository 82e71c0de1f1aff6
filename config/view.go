package config

import (
	"bytes"
	"encoding/json"

	"sidehook/config/canonical"
)

// View returns the webhook as the API shows it: a JSON object of the keys that
// are set, without name, as they are in the file, with secrets as ***.
func (w *Webhook) View() json.RawMessage {
	var text bytes.Buffer
	for _, p := range pairsOf(declared.webhook, w, leaveOut) {
		if p.Key != "name" {
			text.WriteString(`,"` + p.Key + `":`)
			text.Write(canonical.JSON(p.Value))
		}
	}
	text.Bytes()[0] = '{'
	text.WriteString("}\n")
	return text.Bytes()
}

// each returns the result of calling of with each item.
func each[T, V any](list []T, of func(T) V) []V {
	made := make([]V, len(list))
	for i, item := range list {
		made[i] = of(item)
	}
	return made
}
