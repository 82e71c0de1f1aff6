package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"sidehook/history/event"
)

// maxCopy is how large an event may be to be changed in a form.
const maxCopy = 64 << 10

// copyOf returns an event as JSON to be posted again: with an id of its own, and without
// what sidehook filled in. It returns "" if the event is too large for a form.
func copyOf(e *event.Event) (string, error) {
	if len(e.JSON) > maxCopy {
		return "", nil
	}
	object := []byte{'{'}
	add := func(name string, raw []byte) {
		if len(object) > 1 {
			object = append(object, ',')
		}
		object = append(append(event.AppendString(object, name), ':'), raw...)
	}
	id := event.AppendString(nil, uuid.NewString())
	known := false
	for name, raw := range e.Members() {
		switch isID := name == "id" || name == "eventId" || name == "eventID"; {
		case isID && !known:
			known = true
			add(name, id)
		case slices.Contains(e.Filled, name):
		default:
			add(name, raw)
		}
	}
	var b bytes.Buffer
	if err := json.Indent(&b, append(object, '}'), "", "  "); err != nil {
		return "", fmt.Errorf("copy the event: %w", err)
	}
	return b.String(), nil
}
