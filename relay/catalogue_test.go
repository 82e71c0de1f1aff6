package relay_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The data of an event must match the schema of its type, in whichever form it comes.
func TestSchemas(t *testing.T) {
	t.Parallel()
	h := &host{t: t, dir: t.TempDir()}
	schema := filepath.Join(h.dir, "paid.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(schema, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"type": "object", "required": ["order"], "properties": {"order": {"properties": {"id": {"type": "string"}}}}}`)
	text := filepath.Join(h.dir, "text.json")
	if err := os.WriteFile(text, []byte(`{"type": ["string", "null"], "maxLength": 8}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const webhooks = "event_types:\n  paid: {schema: paid.json, description: paid}\n  free: any\n  text: {schema: text.json}\nwebhooks: []\n"
	h.start(webhooks)
	t.Cleanup(h.end)
	const plain, lines, batch = "application/json", "application/x-ndjson", "application/cloudevents-batch+json"
	wrong := `data does not match the schema of "paid": `
	for _, c := range []struct {
		contentType, body string
		headers           []string
		code              int
		want              string
	}{
		{plain, `{"type":"paid","data":{"order":{"id":"a"}}}`, nil, 202, ""},
		{plain, `{"type":"paid","data":{"order":{"id":5}}}`, nil, 422, wrong + "/order/id: got number, want string"},
		{plain, `{"type":"paid","data":{}}`, nil, 422, wrong + "missing property 'order'"},
		{plain, `{"type":"paid","data":null}`, nil, 422, wrong + "got null, want object"},
		{plain, `{"type":"paid"}`, nil, 422, wrong + "got null, want object"},
		{plain, `{"type":"free"}`, nil, 202, ""},
		{plain, `{"type":"text"}`, nil, 202, ""},
		{plain, `{"cloudEventsVersion":"0.1","eventType":"paid","data":{"order":{"id":5}}}`, nil, 422, "/order/id: "},
		{plain, `{"type":"paid","data_base64":"eyJvcmRlciI6e319"}`, nil, 422, "got string, want object"},
		{plain, `{"type":"paid","data_base64":"eyJvcmRlciI6e319","datacontenttype":"application/x+json"}`, nil, 202, ""},
		{plain, `{"type":"paid","data_base64":"e30=","datacontenttype":"application/json"}`, nil, 422, "missing property 'order'"},
		{plain, `{"type":"paid","data_base64":"e3==","datacontenttype":"application/json"}`, nil, 422, "it is not JSON: "},
		{plain, `{"type":"text","data_base64":"YWJjZA=="}`, nil, 202, ""},
		{plain, `{"type":"text","data_base64":"YWJjZGFiY2Q="}`, nil, 422, "maxLength: got 12, want 8"},
		{lines, "{\"type\":\"free\"}\n{\"type\":\"paid\"}", nil, 422, "event 1: " + wrong},
		{batch, `[{"specversion":"1.0","id":"1","source":"a","type":"paid","data":[]}]`, nil, 422, "event 0: " + wrong + "got array, want object"},
		{plain, `{"order":{"id":5}}`, []string{"ce-specversion", "1.0", "ce-id", "1", "ce-source", "a", "ce-type", "paid"}, 422, "/order/id: "},
		{"text/plain", "hello", []string{"ce-specversion", "1.0", "ce-id", "2", "ce-source", "a", "ce-type", "paid"}, 422, "got string, want object"},
	} {
		code, body, _ := h.send(c.body, append([]string{"Content-Type", c.contentType}, c.headers...)...)
		if code != c.code || !strings.Contains(strings.ReplaceAll(body, `\"`, `"`), c.want) {
			t.Errorf("%s: got %d %s, want %d %s", c.body, code, body, c.code, c.want)
		}
	}

	// An edit of the schema is another configuration, and takes effect with it.
	var before, after struct{ Generation int }
	h.call("GET", "/v1/config", "", &before)
	write(`{"type": "object"}`)
	h.apply(webhooks)
	h.call("GET", "/v1/config", "", &after)
	if after.Generation != before.Generation+1 {
		t.Errorf("generation %d after %d", after.Generation, before.Generation)
	}
	if code := h.call("POST", "/v1/events", `{"type":"paid","data":{"order":{"id":5}}}`, nil); code != http.StatusAccepted {
		t.Errorf("by the new schema: %d", code)
	}
	h.apply(webhooks + "# the same\n")
	if h.call("GET", "/v1/config", "", &before); fmt.Sprint(before.Generation) != fmt.Sprint(after.Generation) {
		t.Errorf("generation %d after %d with the same schema", before.Generation, after.Generation)
	}
}
