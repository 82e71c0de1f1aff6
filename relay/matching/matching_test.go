package matching_test

import (
	"slices"
	"strings"
	"testing"

	"sidehook/config"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/matching"
)

const webhooks = `
webhooks:
- {name: all, events: ['**'], url: 'https://x.example.com/', signature: none}
- {name: acme, events: [order.*], match: {tenant: [acme, initech], vip: true}, url: 'https://x.example.com/', signature: none}
- {name: large, events: [order.paid], when: data.total > 100, url: 'https://x.example.com/', signature: none}
- {name: off, events: [order.*], enabled: false, url: 'https://x.example.com/', signature: none}
- {name: users, events: [user.**], url: 'https://x.example.com/', signature: none}
`

// TestExplain: what is said of each webhook agrees with who gets the event.
func TestExplain(t *testing.T) {
	r := config.ReadText("webhooks.yaml", []byte(webhooks), config.Run)
	if r.File == nil {
		t.Fatal(r.Problems)
	}
	m, err := matching.New(r.File.Webhooks)
	if err != nil {
		t.Fatal(err)
	}
	decoder := event.Decoder{Source: "test"}
	for name, c := range map[string]struct {
		event string
		to    string            // who gets it
		fails string            // whose condition fails: it gets the event, too
		why   map[string]string // parts of what is said
	}{
		"to all that want it": {
			`{"type":"order.paid","tenant":"acme","vip":true,"data":{"total":101}}`, "all acme large", "",
			map[string]string{"off": "it is off", "users": "none of its events match: user.**"},
		},
		"other attributes": {
			`{"type":"order.paid","tenant":"other","vip":true,"data":{"total":100}}`, "all", "",
			map[string]string{"acme": `its match requires tenant "acme" or "initech", and the event has "other"`, "large": "its condition is false: data.total > 100"},
		},
		"a number for a boolean": {
			`{"type":"order.sent","tenant":"initech","vip":1}`, "all", "", map[string]string{"acme": `requires vip "true", and the event has "1"`},
		},
		"no attributes": {
			`{"type":"order.sent"}`, "all", "", map[string]string{"acme": "and the event has no tenant", "large": "none of its events match: order.paid"},
		},
		"a condition that fails": {
			`{"type":"order.paid","data":{"total":"much"}}`, "all large", "large", map[string]string{"large": "its condition fails: "},
		},
		"another type": {`{"type":"user.name.changed"}`, "all users", "", map[string]string{"acme": "none of its events match: order.*"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := decoder.Plain([]byte(c.event))
			if err != nil {
				t.Fatal(err)
			}
			to, failures := m.Match(&e)
			if got := strings.Join(to, " "); got != c.to {
				t.Errorf("it goes to %q, want %q", got, c.to)
			}
			var fails []string
			for _, f := range failures {
				fails = append(fails, f.Webhook)
			}
			if got := strings.Join(fails, " "); got != c.fails {
				t.Errorf("the condition of %q fails, want %q", got, c.fails)
			}
			x := m.Explain(&e)
			for _, w := range r.File.Webhooks {
				d := x.Now(w)
				if w.Enabled && d.Wanted != slices.Contains(to, w.Name) {
					t.Errorf("%s: wanted is %t, and it goes to %v", w.Name, d.Wanted, to)
				}
				if want := c.why[w.Name]; !strings.Contains(d.Why, want) {
					t.Errorf("%s: got %q, want %q in it", w.Name, d.Why, want)
				}
			}
			// What it got then, it is not told to lack now.
			got := api.Decision{Webhook: "acme"}
			x.Got(&got, r.File.Webhooks[1])
			if met := len(got.Match) > 0; met != slices.Contains(to, "acme") {
				t.Errorf("acme: got match %v", got.Match)
			}
			if x.Got(&got, nil); got.Why != "" {
				t.Errorf("a webhook that was removed: %q", got.Why)
			}
		})
	}
}
