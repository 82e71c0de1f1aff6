package api_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
)

// TestAppend compares what is written by hand with what the tags say.
func TestAppend(t *testing.T) {
	index := 3
	for name, value := range map[string]interface{ Append([]byte) []byte }{
		"receipt":                       &api.Receipt{ID: "a", Webhooks: []string{"b", "c"}},
		"receipt of a duplicate":        &api.Receipt{ID: "a", Webhooks: []string{}, Duplicate: true},
		"receipt that waited":           &api.Receipt{ID: "a", Webhooks: []string{"b"}, Deliveries: []api.DeliveryStatus{{Webhook: "b", Status: history.Delivered, Code: 200}, {Webhook: "c", Status: query.Pending}}},
		"receipt that waited in vain":   &api.Receipt{ID: "a", Webhooks: []string{}, Deliveries: []api.DeliveryStatus{}},
		"receipt with characters":       &api.Receipt{ID: "\"\\\n\u0085<>&", Webhooks: []string{"\x00"}},
		"problem":                       &api.Problem{Status: 400, Detail: "a \"b\""},
		"problem of an event in a list": &api.Problem{Status: 422, Detail: "a", Index: &index},
	} {
		t.Run(name, func(t *testing.T) {
			text := value.Append(nil)
			got := reflect.New(reflect.TypeOf(value).Elem()).Interface()
			if err := json.Unmarshal(text, got); err != nil || !reflect.DeepEqual(got, value) {
				t.Errorf("%s reads as %+v, %v; want %+v", text, got, err, value)
			}
			var members, tagged map[string]any
			other, err := json.Marshal(value)
			if err != nil || json.Unmarshal(text, &members) != nil || json.Unmarshal(other, &tagged) != nil {
				t.Fatal(text, other, err)
			}
			delete(members, "type")
			delete(members, "title")
			if !reflect.DeepEqual(members, tagged) {
				t.Errorf("got %v, and by the tags %v", members, tagged)
			}
		})
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct{ pattern, name, want string }{
		{api.EventPath, "a/b c", "/v1/events/a%2Fb%20c"},
		{api.ResendPath, "seq:3", "/v1/events/seq:3/resend"},
		{api.EnablePath, "crm", "/v1/webhooks/crm/enable"},
	} {
		if got := api.Path(c.pattern, c.name); got != c.want {
			t.Errorf("%s of %q: got %s, want %s", c.pattern, c.name, got, c.want)
		}
	}
}
