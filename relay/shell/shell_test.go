package shell_test

import (
	"testing"

	"sidehook/relay/shell"
)

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{"ord-1": "ord-1", "it's": `'it'\''s'`, "": "''"} {
		if got := shell.Quote(text); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
