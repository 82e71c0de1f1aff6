package history

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzMembers walks any JSON object as encoding/json does.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"kind":"event","generation":3,"to":["a","b"],"event":{"a":"}","b":[1,{"c":"\\\""}]}}`))
	f.Add([]byte(`{"a":"","b":null,"c":true,"d":-1.5e3,"e":[],"f":{}}`))
	f.Fuzz(func(t *testing.T, object []byte) {
		var compact bytes.Buffer
		var want map[string]json.RawMessage
		if !utf8.Valid(object) { // no record is, and encoding/json mends what it reads
			return
		}
		if json.Unmarshal(object, &want) != nil || json.Compact(&compact, object) != nil || compact.Len() < 2 {
			return
		}
		fields := compact.Bytes()
		fields = fields[1 : len(fields)-1]
		got := map[string][]byte{}
		for name, raw := range Members(fields) {
			got[string(name)] = raw
		}
		if bytes.IndexByte(fields, '\\') >= 0 {
			return // names with escapes are nobody's of ours
		}
		for name, raw := range want {
			var value bytes.Buffer
			json.Compact(&value, raw)
			if !bytes.Equal(got[name], value.Bytes()) {
				t.Fatalf("%s: member %q is %q, want %q", fields, name, got[name], value.Bytes())
			}
		}
	})
}

func TestNames(t *testing.T) {
	for raw, want := range map[string][]string{
		`[]`: nil, `["a"]`: {"a"}, `["a","b-c","d.e_f"]`: {"a", "b-c", "d.e_f"}, `["a\"b","c"]`: {`a"b`, "c"},
	} {
		if got := texts(nil).list(nil, []byte(raw)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}
