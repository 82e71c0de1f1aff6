package dataschema_test

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"testing"

	"sidehook/config/dataschema"
)

// compile compiles s.json of these files, which are in the folder dir.
func compile(files map[string]string) (*dataschema.Schema, dataschema.Flaw) {
	var c dataschema.Compiler
	return c.Compile("dir/s.json", func(name string) (string, error) {
		text, ok := files[strings.TrimPrefix(path.Clean(name), "dir/")]
		if !ok {
			return "", errors.New("file " + name + " cannot be read")
		}
		return text, nil
	})
}

func of(t *testing.T, schema string) *dataschema.Schema {
	t.Helper()
	s, flaw := compile(map[string]string{"s.json": schema})
	if s == nil {
		t.Fatalf("%s: %v", schema, flaw)
	}
	return s
}

func TestCheck(t *testing.T) {
	const app = `{"type": "object", "required": ["id"], "additionalProperties": false, "properties": {
		"id": {"type": "string", "pattern": "^[a-z]+$"}, "n": {"type": "integer", "maximum": 12345678901234567890},
		"a/b~c": {"type": "array", "items": {"enum": ["x", "y"]}},
		"either": {"anyOf": [{"type": "object", "required": ["p"]}, {"type": "number"}]}}}`
	for _, c := range []struct{ schema, data, want string }{
		{app, `{"id":"a"}`, ""},
		{app, `{"id":"a","n":12345678901234567890}`, ""},
		{app, `{"id":"a","n":1.0}`, ""},
		{app, `{"id":"a","n":12345678901234567891}`, "/n: maximum: got "},
		{app, `{"id":"a","n":1.5}`, "/n: got number, want integer"},
		{app, `{}`, "missing property 'id'"},
		{app, `null`, "got null, want object"},
		{app, `"eyJpZCI6ImEifQ=="`, "got string, want object"},
		{app, `{"id":5}`, "/id: got number, want string"},
		{app, `{"id":"a","m":1}`, "additional properties 'm' not allowed"},
		{app, `{"id":"a","a/b~c":["x","z"]}`, "/a~1b~0c/1: value must be one of 'x', 'y'"},
		{app, `{"id":"a","either":"s"}`, "/either: got string, want object; /either: got string, want number"},
		{app, `{"id":5,"n":"a","a/b~c":1,"either":null}`, "/a~1b~0c: got number, want array; /either: got null, want object; /either: got null, want number"},
		{`true`, `{"any":1}`, ""},
		{`false`, `1`, "false schema"},
		{`{"type": ["object", "null"]}`, `null`, ""},
		{`{"propertyNames": {"maxLength": 2}}`, `{"abc":1}`, "invalid propertyName 'abc'"},
		{`{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"n": {"type": "number"}}, "properties": {"a": {"$ref": "#/definitions/n"}}}`, `{"a":"b"}`, "/a: got string, want number"},
		{`{"$ref": "#/$defs/list", "$defs": {"list": {"properties": {"next": {"$ref": "#/$defs/list"}}, "required": ["v"]}}}`, `{"v":1,"next":{"v":1,"next":{}}}`, "/next/next: missing property 'v'"},
	} {
		if got := of(t, c.schema).Check([]byte(c.data)); got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s\nsays of %s: %q, want %q", c.schema, c.data, got, c.want)
		}
	}
}

// What a check costs is bounded, whatever the data.
func TestCheckIsBounded(t *testing.T) {
	// Each level is visited once for each way that leads to it.
	const ways = `{"anyOf": [{"properties": {"next": {"$ref": "#"}}, "required": ["a"]}, {"properties": {"next": {"$ref": "#"}}, "required": ["b"]}]}`
	deep := strings.Repeat(`{"next":`, 60) + "1" + strings.Repeat("}", 60)
	for _, c := range []struct{ name, schema, data, want string }{
		{"ways", ways, deep, "it takes more than 300000 steps to check"},
		{"values", `{"items": {"type": "string"}}`, "[" + strings.Repeat("1,", 100_000) + "1]", "it has 100002 values, more than the 100000 that are checked"},
		{"texts are no values", `{"type": "string"}`, `"` + strings.Repeat(`,\",[`, 100_000) + `"`, ""},
		{"exponent", `{"maximum": 5}`, `{"a":[1e99999999]}`, "/a/0: the number has more than 1000 digits, which are not checked"},
		{"small exponent", `{"type": "integer"}`, `1E-99999999`, "the number has more than 1000 digits, which are not checked"},
		{"digits", `{"maximum": 5}`, strings.Repeat("1", 1001), "the number has more than 1000 digits, which are not checked"},
		{"long texts", `{"pattern": "^b"}`, `"` + strings.Repeat("a", 100_000) + `"`, "'aaaa"},
		{"long names", `{"additionalProperties": {"type": "string"}}`, `{"` + strings.Repeat("a", 100_000) + `": 1}`, "/aaaa"},
		{"many reasons", `{"items": {"type": "string"}}`, "[" + strings.Repeat("1,", 90_000) + "1]", "/0: got number, want string; /1: got number, want string; /10: got number, want string"},
	} {
		got := of(t, c.schema).Check([]byte(c.data))
		if got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) || len(got) > 1000 {
			t.Errorf("%s: got %.200q, want %q", c.name, got, c.want)
		}
	}
}

func TestCheckAtOnce(t *testing.T) {
	s := of(t, `{"maximum": 50}`)
	var checks sync.WaitGroup
	for i := range 100 {
		checks.Go(func() {
			if got := s.Check(fmt.Append(nil, i)); (got == "") != (i <= 50) {
				t.Errorf("%d: %q", i, got)
			}
		})
	}
	checks.Wait()
}

func TestCompile(t *testing.T) {
	for _, c := range []struct{ name, schema, want, hint string }{
		{"not JSON", "{\n  \"type\": object}", "file dir/s.json:2:11 is not JSON: invalid character 'o'", ""},
		{"cut off", `{"type":`, "file dir/s.json:1:9 is not JSON: it ends too early", ""},
		{"empty", "", "file dir/s.json:1:1 is not JSON: it ends too early", ""},
		{"no schema", `{"type": "text"}`, "file dir/s.json is not a valid JSON Schema: /type: ", "correct it"},
		{"bad pattern", `{"pattern": "("}`, "file dir/s.json is not a valid JSON Schema: /pattern: ", "correct it"},
		{"a list", `[]`, "file dir/s.json is not a valid JSON Schema: ", "correct it"},
		{"unknown draft", `{"$schema": "https://example.com/draft"}`, "file dir/s.json refers to https://example.com/draft", "a $ref may name a place in its own file, or a file beside it"},
		{"network", `{"$ref": "https://example.com/a.json"}`, "file dir/s.json refers to https://example.com/a.json", "a $ref may name a place in its own file, or a file beside it"},
		{"above", `{"$ref": "../a.json"}`, "file dir/s.json refers to file:///a.json", "a $ref may name a place in its own file, or a file beside it"},
		{"hidden above", `{"$ref": "x%2f..%2f..%2fa.json"}`, "file dir/s.json refers to x%2f..%2f..%2fa.json", "a $ref may name a place in its own file, or a file beside it"},
		{"elsewhere", `{"$ref": "file:///etc/passwd"}`, "file dir/s.json refers to file:///etc/passwd", "a $ref may name a place in its own file, or a file beside it"},
		{"missing", `{"$ref": "none.json"}`, "file dir/s.json refers to another: file dir/none.json cannot be read", ""},
		{"no such place", `{"$ref": "#/$defs/a"}`, "file dir/s.json is not a valid JSON Schema: ", ""},
		{"bad beside", `{"$ref": "bad.json"}`, "file dir/s.json refers to another: file dir/bad.json:1:2 is not JSON", ""},
	} {
		s, flaw := compile(map[string]string{"s.json": c.schema, "bad.json": "nope", "a.json": "{}"})
		if s != nil || !strings.HasPrefix(flaw.Message, c.want) || flaw.Hint != c.hint {
			t.Errorf("%s: got %v, want %s; %s", c.name, flaw, c.want, c.hint)
		}
	}
}

// A schema may refer to files beside it and below, and changes with them.
func TestCompileFilesBeside(t *testing.T) {
	files := map[string]string{
		"s.json":          `{"properties": {"a": {"$ref": "common/id.json#/$defs/id"}, "b": {"$ref": "b c.json"}}}`,
		"common/id.json":  `{"$defs": {"id": {"type": "string", "$ref": "../b%20c.json"}}}`,
		"b c.json":        `{"maxLength": 3}`,
		"not-referred-to": "",
	}
	s, flaw := compile(files)
	if s == nil {
		t.Fatal(flaw)
	}
	if got := s.Check([]byte(`{"a":"abcd","b":"abcd"}`)); got != "/a: maxLength: got 4, want 3; /b: maxLength: got 4, want 3" {
		t.Error(got)
	}
	again, _ := compile(files)
	files["b c.json"] = `{"maxLength": 4}`
	other, _ := compile(files)
	if !s.Equal(again) || s.Equal(other) || s.Equal(nil) {
		t.Errorf("sums %s, %s, %s", s.Sum, again.Sum, other.Sum)
	}
}

func BenchmarkCheck(b *testing.B) {
	s, _ := compile(map[string]string{"s.json": `{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "items": {"items": {"properties": {"price": {"type": "number", "minimum": 0}}}}}}`})
	data := []byte(`{"id":"a","items":[` + strings.Repeat(`{"price":1.5,"name":"a thing"},`, 20) + `{"price":2}]}`)
	b.ReportAllocs()
	for b.Loop() {
		if why := s.Check(data); why != "" {
			b.Fatal(why)
		}
	}
}
