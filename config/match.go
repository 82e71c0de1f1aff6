package config

import (
	"fmt"
	"strings"

	"sidehook/config/canonical"
	"sidehook/config/jsonschema"
	"sidehook/config/selection"
)

// MaxValue is the most bytes of a value of match.
const MaxValue = selection.MaxValue

// match is the attributes that an event must have.
func match() codec[Match] {
	text := schema{"type": "string", "minLength": 1, "maxLength": MaxValue}
	return codec[Match]{
		schema: schema{
			"type": "object", "maxProperties": selection.MaxAttributes,
			"propertyNames":        schema{"pattern": "^[a-z0-9]+$", "not": schema{"enum": []string{"type", "id", "time", "data", "specversion", "datacontenttype", "dataschema"}}},
			"additionalProperties": jsonschema.Either(text, jsonschema.List(text, 1, selection.MaxValues)),
		},
		read: plain(selection.Read), equal: Match.Equal,
		show: func(m Match) any {
			if len(m) == 0 {
				return nil
			}
			return canonical.Inline(each(m, func(a selection.Attribute) canonical.Pair {
				if len(a.Values) == 1 {
					return canonical.Pair{Key: a.Name, Value: a.Values[0]}
				}
				return canonical.Pair{Key: a.Name, Value: a.Values}
			}))
		},
		digest: func(name string, m Match) string {
			return strings.Join(each(m.Sorted(), func(a selection.Attribute) string { return fmt.Sprintf("%s %q %q\n", name, a.Name, a.Values) }), "")
		},
	}
}
