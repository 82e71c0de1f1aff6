package route_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sidehook/relay/route"
)

// has is the attributes of an event, given as a=1 b=2.
func has(text string) route.Attributes {
	m := map[string]string{}
	for _, pair := range strings.Fields(text) {
		name, value, _ := strings.Cut(pair, "=")
		m[name] = value
	}
	return maps.All(m)
}

// rule wants every event with these attributes, given as a=1 b=2,3.
func rule(name, match string, globs ...string) route.Rule {
	r := route.Rule{Name: name, Globs: globs}
	for _, pair := range strings.Fields(match) {
		name, values, _ := strings.Cut(pair, "=")
		r.Match = append(r.Match, route.Attribute{Name: name, Values: strings.Split(values, ",")})
	}
	return r
}

func TestMatchAttributes(t *testing.T) {
	x := newIndex(t,
		rule("last", "region=eu,us", "a.*", "a.b"),
		rule("all", "", "**"),
		rule("acme", "tenant=acme", "a.*"),
		rule("acme-eu", "region=eu tenant=acme", "**"),
		rule("twice", "tenant=acme,acme region=eu", "a.b"),
		rule("own", "tenant=acme", "sidehook.**"),
		rule("other", "tenant=acme", "x.*"))
	for _, test := range []struct{ typ, event, want string }{
		{"a.b", "", "all"},
		{"a.b", "tenant=other region=", "all"},
		{"a.b", "tenant=acme", "all acme"},
		{"a.b", "tenant=acme region=us", "last all acme"},
		{"a.b", "tenant=acme region=eu zone=1", "last all acme acme-eu twice"},
		{"a.b", "region=tenant tenant=eu", "all"},
		{"a.b", "Tenant=acme region=EU", "all"},
		{"a.c", "tenant=acme region=eu", "last all acme acme-eu"},
		{"z", "tenant=acme region=eu", "all acme-eu"},
		{"x.y", "tenant=acme", "all other"},
		{"sidehook.x", "tenant=acme region=eu", "own"},
		{"sidehook.x", "", ""},
	} {
		for range 2 { // found, then from the cache
			if got := x.Match(test.typ, has(test.event)); !slices.Equal(got, strings.Fields(test.want)) {
				t.Errorf("%s with %q: got %q, want %s", test.typ, test.event, got, test.want)
			}
		}
	}
	for typ, want := range map[string]string{"a.b": "last all acme acme-eu twice", "z": "all acme-eu", "sidehook.x": "own"} {
		if got := x.MayMatch(typ); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("MayMatch(%q) = %q, want %s", typ, got, want)
		}
	}
	if glob := x.Why("a.c")["last"]; glob != "a.*" {
		t.Errorf("Why says %q, want a.*", glob)
	}
}

// tenants returns the rules of so many tenants, each with what all of them share.
func tenants(n int) []route.Rule {
	rules := make([]route.Rule, n)
	for i := range rules {
		rules[i] = rule(fmt.Sprint("hook-", i), fmt.Sprintf("region=eu,us tenant=t%d,x%d", i, i), "**", "com.example.*")
	}
	return rules
}

// Ten thousand webhooks of different tenants cost an event what one does: no other
// tenant's globs are looked at, though all share a region.
func TestMatchLooksAtOneTenant(t *testing.T) {
	x := newIndex(t, tenants(10_000)...)
	for event, want := range map[string]int{
		"region=eu tenant=t5000": 2, "region=asia tenant=x5000": 2, // its own globs
		"region=eu tenant=y": 0, "region=eu": 0, "": 0,
	} {
		if got := route.Compared(x, "com.example.created", has(event)); got != want {
			t.Errorf("%q is compared with %d globs, want %d", event, got, want)
		}
	}
	if got := x.Match("com.example.created", has("region=us tenant=t5000")); !slices.Equal(got, []string{"hook-5000"}) {
		t.Errorf("got %q, want hook-5000", got)
	}
}

func BenchmarkMatchAttributes(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		x := newIndex(b, tenants(n)...)
		event := map[string]string{"source": "app", "region": "eu", "tenant": "t0"}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(x.Match("com.example.created", maps.All(event))) != 1 {
					b.Fatal("not matched")
				}
			}
		})
		b.Run(fmt.Sprint(n, "/new"), func(b *testing.B) {
			rules := tenants(n)
			b.ReportAllocs()
			for b.Loop() {
				newIndex(b, rules...)
			}
		})
	}
}
