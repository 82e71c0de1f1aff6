package config_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"sidehook/config"
)

// compiled returns a schema as a validator that is not ours reads it.
func compiled(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("webhooks.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("webhooks.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON returns what a text of YAML says as an editor hands it to a validator,
// false if it has no such form.
func asJSON(text string) (any, bool) {
	var v any
	if yaml.Unmarshal([]byte(text), &v) != nil {
		return nil, false
	}
	return v, true
}

// The schema takes what check takes.
func TestSchemaTakesWhatIsValid(t *testing.T) {
	s := compiled(t, config.Schema())
	example, err := os.ReadFile("../webhooks.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(example), hook, "webhooks: []\n", "source: 1.10\n",
		hook + "    timeout: ${TIMEOUT}\n    concurrency: ${MANY}\n    enabled: ${ON}\n    retry: [\"${A}\", 5m]\n    description: yes\n",
		hook + "    retry: []\n    give_up_on: [400]\n    order: {by: data.x}\n    max_backlog: 10MiB\n    headers: {X-A: 5, X-B: true}\n    disable_after: never\n    expire_after: 1h30m\n",
		hook + "    match: {tenant: acme, n: [5, true], region: \"${REGION}\"}\n", hook + "    match: {}\n",
		strings.Replace(hook, "signature: none", "signature: [standard, qlik]", 1),
		hook + "    oauth2: {}\n", hook + "    oauth2: {token_url: \"${URL}\", client_id: 5, client_secret: \"${SECRET}\", scopes: [a, \"${B}\"], params: {a: 5, b: \"${C}\"}}\n",
		"defaults: {headers: {X-A: a}, timeout: 5s}\n" + hook + "    headers: {X-A: null}\n",
		"event_types: {a.b: null, c.d: text, e: {description: yes}, f: {}}\nwebhooks: []\n",
		"include: [webhooks.d/*.yaml]\n",
	}
	for _, text := range texts {
		if _, err := config.Parse("f", []byte(text), config.Check); err != nil {
			t.Fatalf("%s\nis refused: %v", text, err)
		}
		v, _ := asJSON(text)
		if err := s.Validate(v); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// The schema refuses every value that is refused for its form alone.
func TestSchemaRefusesForms(t *testing.T) {
	s := compiled(t, config.Schema())
	said := []string{"unknown key", "must be a mapping", "must be a list", "must be a single value", "is missing", "must be a duration", "must be a size",
		"must be true or false", "must be a whole number", "must be one of", "write one of"}
	refused, other := 0, 0
	for _, c := range refusals {
		v, ok := asJSON(c.text)
		if !ok || strings.Contains(c.want, "is empty") || c.name == "condition of another type" || c.name == "filled in" {
			continue // in an expression, or in a value that is not in the file
		}
		err := s.Validate(v)
		form := false
		for _, words := range said {
			form = form || strings.Contains(c.want, words)
		}
		switch {
		case err != nil:
			refused++
		case form:
			t.Errorf("%s: the schema takes\n%s\nof which check says %s", c.name, c.text, c.want)
		default:
			other++
		}
	}
	t.Logf("%d refused, %d that no schema can tell", refused, other)
	if refused < 40 {
		t.Errorf("only %d of %d are refused", refused, refused+other)
	}
}
