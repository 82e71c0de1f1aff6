package inforce

import (
	"encoding/base64"
	"fmt"

	"sidehook/config"
	"sidehook/history/event"
)

// refusal returns the function that says why an event is refused by event_types: it has
// another type, or data that the schema of its type refuses. It is nil without them.
func refusal(file *config.File) func(*event.Event) string {
	if file.EventTypes == nil {
		return nil
	}
	return func(e *event.Event) string {
		t, ok := file.EventTypes[e.Type]
		switch {
		case !ok:
			if near := file.NearestType(e.Type); near != "" {
				return fmt.Sprintf("type %q is not in event_types; did you mean %q?", e.Type, near)
			}
			return fmt.Sprintf("type %q is not in event_types; correct it, or add it there", e.Type)
		case t.Schema == nil:
			return ""
		}
		if why := t.Schema.Check(checked(e)); why != "" {
			return fmt.Sprintf("data does not match the schema of %q: %s", e.Type, why)
		}
		return ""
	}
}

// checked returns the data of an event as its schema sees it. An event without data has
// null. data_base64 is a string, as in expressions, unless it holds what calls itself
// JSON.
func checked(e *event.Event) []byte {
	raw, encoded := e.Data()
	if raw == nil {
		return []byte("null")
	}
	if !encoded {
		return raw
	}
	kind, _ := event.Unquote(e.Attribute("datacontenttype"))
	text, _ := event.Unquote(raw)
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && event.IsJSON(kind) {
		return decoded
	}
	return raw
}
