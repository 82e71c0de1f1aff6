package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/relay/apitest"
)

// TestPostOfAnOperator: an event of an operator is one as any other, and its record says
// whose it is.
func TestPostOfAnOperator(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{MaxEventSize: 100})
	for _, c := range []struct{ body, want string }{
		{`{"type":"a.b","id":"1","data":{}}`, `{1 [one] false false []}`},
		{`{"type":"a.b","id":"1","data":{}}`, `{1 [first] true false []}`},
		{`{"type":"c","id":"2"}`, `{2 [] false false []}`},
		{`{"type":`, `400`},
		{`{"type":"sidehook.x"}`, `422 type "sidehook.x": types that begin with "sidehook." are reserved for sidehook`},
		{strings.Repeat(" ", 101), `413 the event is larger than max_event_size, 100 bytes`},
	} {
		receipt, p := l.PostAs(t.Context(), []byte(c.body), "console")
		got := fmt.Sprint(receipt)
		if p != nil {
			got = fmt.Sprint(p.Status, " ", p.Detail)
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%.50s: got %s, want %s", c.body, got, c.want)
		}
	}
	l.Post(t, apitest.JSON, `{"type":"a.b","id":"3"}`)
	events := l.Journal.Events()
	if len(events) != 3 || events[0].By != "console" || events[2].By != "" {
		t.Errorf("the journal has %+v", events)
	}
}
