package config

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"sidehook/config/canonical"
	"sidehook/config/dataschema"
	"sidehook/config/jsonschema"
	"sidehook/config/yamlnode"
)

// EventType is an entry of event_types.
type EventType struct {
	Description string
	Schema      *dataschema.Schema // of the data of its events; nil: any data
}

// maxSchema is the most bytes of a file of a schema.
const maxSchema = 256 << 10

// maxCompared is the size of a catalogue above which no nearest type is looked for:
// anyone who posts events may ask for one.
const maxCompared = 1000

// NearestType returns the type of the catalogue that typ is most likely a misspelling
// of, or "".
func (f *File) NearestType(typ string) string {
	if len(f.EventTypes) > maxCompared {
		return ""
	}
	return yamlnode.Nearest(typ, slices.Sorted(maps.Keys(f.EventTypes)))
}

func eventTypeKeys() []key[EventType] {
	description := text(schema{}, func(l *loader, v *value, into *string) {
		if t, ok := l.Known(v); ok {
			*into = t.String()
		}
	})
	file := codec[*dataschema.Schema]{
		schema: schema{"type": "string", "minLength": 1},
		read:   readDataSchema,
		show: func(s *dataschema.Schema) any {
			if s == nil {
				return nil
			}
			return s.Path
		},
	}
	return []key[EventType]{
		declare("description", "An app was deleted", "Free text.", description, func(t *EventType) *string { return &t.Description }),
		declare("schema", "schemas/app-deleted.json", "A file with the JSON Schema that the data of its events must match; null stands for an event without data.",
			file, func(t *EventType) **dataschema.Schema { return &t.Schema }),
	}
}

// eventTypes is the catalogue: each type with its description, or with its keys.
func eventTypes(keys []key[EventType]) codec[map[string]EventType] {
	entry := jsonschema.Either(schema{"type": []string{"string", "null"}}, objectOf(keys, &EventType{}))
	return codec[map[string]EventType]{
		schema: schema{"type": "object", "minProperties": 1, "additionalProperties": entry},
		read:   readEventTypes,
		show: func(types map[string]EventType) any {
			if types == nil {
				return nil
			}
			return canonical.Pairs(each(slices.Sorted(maps.Keys(types)), func(name string) canonical.Pair {
				t := types[name]
				if t.Schema == nil {
					return canonical.Pair{Key: name, Value: t.Description}
				}
				return canonical.Pair{Key: name, Value: pairsOf(keys, &t, leaveOut)}
			}))
		},
	}
}

// readEventTypes reads the catalogue.
func readEventTypes(l *loader, v *value, types *map[string]EventType) {
	given := l.Pairs(v, "list each type as TYPE: DESCRIPTION")
	*types = make(map[string]EventType, len(given))
	for i := range given {
		pair := &given[i]
		name := pair.Key()
		var t EventType
		switch {
		case name == "" || yamlnode.HasControl(name):
			l.FailKey(pair, "must be a type of events without control characters", "")
			continue
		case strings.HasPrefix(name, "sidehook."):
			l.FailKey(pair, "is reserved for events of sidehook itself", "remove it")
			continue
		case strings.ContainsAny(name, "*?"):
			l.FailKey(pair, "must be one type, not a glob", "list each type")
			continue
		case pair.IsNull():
		case pair.IsMapping():
			readKeys(l, l.Pairs(pair, ""), l.tables.eventType, &t)
		case pair.IsList():
			l.Fail(pair, "must be a description, or a mapping with a schema, not a list", "write "+name+": {description: …, schema: FILE}")
		default:
			text, ok := l.Known(pair)
			if !ok {
				continue
			}
			t.Description = text.String()
		}
		(*types)[name] = t
	}
	if v.IsMapping() && len(v.Node.Content) == 0 {
		l.Fail(v, "is empty, so every event would be refused", "remove event_types")
	}
}

// readDataSchema reads the path of a schema, and the schema.
func readDataSchema(l *loader, v *value, into **dataschema.Schema) {
	var path string
	if l.filePath(v, &path); path == "" {
		return
	}
	var unreadable error // the relay may be another user
	read, flaw := l.schemas.Compile(path, func(path string) (string, error) {
		n := l.files.Read(path, maxSchema)
		if errors.Is(n.Err, fs.ErrPermission) {
			unreadable = n.Err
		}
		return n.Content, n.Err
	})
	switch {
	case unreadable != nil:
		l.missing(v, unreadable)
	case flaw.Message != "":
		l.Fail(v, flaw.Message, flaw.Hint)
	default:
		*into = read
	}
}
