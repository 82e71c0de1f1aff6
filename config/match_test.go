package config_test

import (
	"testing"

	"sidehook/config"
)

// Two matches are equal, and have one digest, if they require the same.
func TestMatchEquality(t *testing.T) {
	of := func(match string) *config.Webhook {
		f, err := config.Parse("f", []byte(hook+"    match: "+match+"\n"), config.Run)
		if err != nil {
			t.Fatal(err)
		}
		return f.Webhooks[0]
	}
	first := of("{tenant: acme, region: [eu, us]}")
	for match, want := range map[string]bool{
		"{region: [us, eu], tenant: [acme]}":     true,
		"{tenant: acme, region: eu}":             false,
		"{tenant: acme, region: [eu, us, asia]}": false,
		"{tenant: acme}":                         false,
		"{tenant: acme, zone: [eu, us]}":         false,
		"{}":                                     false,
	} {
		if other := of(match); first.Equal(other) != want || (first.Digest() == other.Digest()) != want {
			t.Errorf("%s: equal %v, and one digest %v; want %v", match, first.Equal(other), first.Digest() == other.Digest(), want)
		}
	}
	if plain := load(t, hook, config.Run).Webhooks[0]; of("{}").Digest() != plain.Digest() || !plain.Equal(of("{}")) {
		t.Error("a webhook with an empty match is another than one without")
	}
}

// The match of a webhook replaces that of the defaults whole; an empty one lifts it.
func TestMatchOfDefaults(t *testing.T) {
	f := load(t, `
defaults: {match: {tenant: acme, region: eu}}
webhooks:
  - {name: a, url: "https://a.example", events: ["**"]}
  - {name: b, url: "https://b.example", events: ["**"], match: {zone: 1}}
  - {name: c, url: "https://c.example", events: ["**"], match: {}}
`, config.Run)
	for i, want := range []string{"tenant,region,", "zone,", ""} {
		got := ""
		for _, a := range f.Webhooks[i].Match {
			got += a.Name + ","
		}
		if got != want {
			t.Errorf("webhooks[%d] requires %s want %s", i, got, want)
		}
	}
}
