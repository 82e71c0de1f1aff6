package names_test

import (
	"testing"

	"sidehook/config"
	"sidehook/relay/command/names"
)

func TestUnknownType(t *testing.T) {
	k := names.Known{Catalogue: []string{"com.example.app.created", "order.paid", "order.shipped"}}
	for glob, want := range map[string]string{
		"":                       "",
		"order.paid":             "",
		"order.*":                "",
		"**":                     "",
		"**.created":             "",
		"sidehook.test":          "",
		"order.payd":             `order.payd is not in event_types; did you mean "order.paid"?`,
		"m.typo":                 `m.typo is not in event_types`,
		"ordr.*":                 `ordr.* matches no type in event_types; did you mean "order.*"?`,
		"*.payd":                 `*.payd matches no type in event_types; did you mean "*.paid"?`,
		"com.exmaple.**":         `com.exmaple.** matches no type in event_types; did you mean "com.example.**"?`,
		"**.craeted":             `**.craeted matches no type in event_types; did you mean "**.created"?`,
		"com.**.ap.created":      `com.**.ap.created matches no type in event_types; did you mean "com.**.app.created"?`,
		"order":                  `order is not in event_types`,
		"a.b.c.d.e.f.g.h.i.j.k":  `a.b.c.d.e.f.g.h.i.j.k is not in event_types`,
		"com.**.x.y.z.u.v.w.a.b": `com.**.x.y.z.u.v.w.a.b matches no type in event_types`,
	} {
		if got := k.UnknownType(glob); got != want {
			t.Errorf("%q: got %q, want %q", glob, got, want)
		}
	}
	if got := (names.Known{}).UnknownType("m.typo"); got != "" {
		t.Errorf("without a catalogue: got %q", got)
	}
}

func TestUnknownWebhook(t *testing.T) {
	for want, known := range map[string][]string{
		`there is no webhook "crn"`:                                    {"a", "b", "c", "d", "e", "f", "g"},
		`there is no webhook "crn"; did you mean "crm"?`:               {"audit", "crm"},
		`there is no webhook "crn"; the only one is audit`:             {"audit"},
		`there is no webhook "crn"; there are audit, billing and shop`: {"audit", "billing", "shop"},
	} {
		if got := names.UnknownWebhook("crn", known); got != want {
			t.Errorf("of %v: got %q, want %q", known, got, want)
		}
	}
}

func TestTypes(t *testing.T) {
	k := names.Of(&config.File{
		EventTypes: map[string]config.EventType{"order.paid": {}},
		Webhooks:   []*config.Webhook{{Name: "b", Events: []string{"order.*", "order.paid"}}, {Name: "a", Events: []string{"app.created"}}},
	})
	if got := names.And(k.Types()); got != "app.created and order.paid" {
		t.Errorf("types %s", got)
	}
	if got := names.And(k.Webhooks); got != "b and a" {
		t.Errorf("webhooks %s", got)
	}
	if k := names.Of(nil); k.Types() != nil || k.Webhooks != nil {
		t.Errorf("of no file: got %v", k)
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"order.paid", "order.paid", true},
		{"order.paid", "order.*", true},
		{"order.paid", "order.shipped", false},
		{"order.*", "*.paid", true},
		{"order.*", "order", false},
		{"order.**", "order", true},
		{"**", "order.paid", true},
		{"**.paid", "**.shipped", false},
		{"**.paid", "order.**", true},
		{"a.**.b", "a.*.c", false},
		{"a.**.b", "*.x.**", true},
		{"a.**", "b.**", false},
	} {
		if names.Overlap(c.a, c.b) != c.want || names.Overlap(c.b, c.a) != c.want {
			t.Errorf("%s and %s: want %v", c.a, c.b, c.want)
		}
	}
}
