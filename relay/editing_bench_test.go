package relay_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/relay/console/editor"
)

// BenchmarkEditing is of a file of ten thousand webhooks.
func BenchmarkEditing(b *testing.B) {
	var text strings.Builder
	text.WriteString("defaults: {signature: none}\nwebhooks:\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "  - name: tenant-%d\n    description: The tenant with the number %d\n    url: https://tenant-%d.example.com/hooks\n    events: [\"order.*\", user.created]\n    match: {tenant: t%d}\n", i, i, i, i)
	}
	e := newEditing(b, text.String(), nil)
	b.Run("Form", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.Form(b.Context(), "tenant-7777"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Review", func(b *testing.B) {
		for b.Loop() {
			r, err := e.Review(b.Context(), editor.Edit{Action: editor.Change, Names: []string{"tenant-7777"}, Set: []editor.Setting{{Key: "timeout", YAML: "9s"}}})
			if err != nil || len(r.Problems) > 0 {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("Configuration", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.Configuration(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
