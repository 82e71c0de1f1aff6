package catalogue_test

import (
	"strings"
	"testing"

	"sidehook/relay/console/catalogue"
)

// TestWanted: what a webhook wants is told as people call it.
func TestWanted(t *testing.T) {
	types := func(list ...string) (types []catalogue.Type) {
		for _, name := range list {
			types = append(types, catalogue.Type{Type: name})
		}
		return types
	}
	seed := catalogue.Group(types(
		"com.qlik.v1.app.created", "com.qlik.v1.app.data-updated", "com.qlik.v1.app.deleted", "com.qlik.v1.user.created", "com.qlik.v1.user.deleted"))
	for globs, want := range map[string]struct{ with, without string }{
		"**": {"everything", "everything"},
		"com.qlik.v1.app.created com.qlik.v1.app.deleted": {"Apps: Created, Deleted", "Apps: Created, Deleted"},
		"com.qlik.v1.app.data-updated":                    {"Apps: Data Updated", "Apps: Data Updated"},
		"com.qlik.v1.app.*":                               {"Apps: all", "com.qlik.v1.app.*"},
		"com.qlik.v1.*.deleted":                           {"Apps: Deleted; Users: Deleted", "com.qlik.v1.*.deleted"},
		"com.qlik.v1.user.* com.qlik.v1.app.created":      {"Apps: Created; Users: all", "Apps: Created; com.qlik.v1.user.*"},
		"sidehook.** com.qlik.v1.app.created":             {"Apps: Created; sidehook.**", "Apps: Created; sidehook.**"},
		"a.created b.a.created":                           {"a.created, b.a.created", "As (a): Created; As (b.a): Created"},
		"ping":                                            {"ping", "Other: Ping"},
		"":                                                {"", ""},
	} {
		list := strings.Fields(globs)
		if got := said(seed.Wanted(list)); got != want.with {
			t.Errorf("with the catalogue, %q is %q, want %q", globs, got, want.with)
		}
		if got := said(catalogue.Catalogue(nil).Wanted(list)); got != want.without {
			t.Errorf("without one, %q is %q, want %q", globs, got, want.without)
		}
	}
}

func said(list []catalogue.Wanted) string {
	var parts []string
	for _, w := range list {
		parts = append(parts, strings.TrimPrefix(w.Resource+": ", ": ")+strings.Join(w.Events, ", "))
	}
	return strings.Join(parts, "; ")
}
