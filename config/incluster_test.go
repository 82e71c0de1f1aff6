package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"sidehook/config"
)

// TestInCluster: a command that reads only where the relay listens knows all the same that
// the history is in no folder, also where the URL of the database is not known to it.
func TestInCluster(t *testing.T) {
	for text, want := range map[string]bool{
		"webhooks: []\n": false,
		"webhooks: []\ncluster: {postgres: '${UNSET_OF_TEST}'}\n": true,
	} {
		path := filepath.Join(t.TempDir(), "webhooks.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := config.Load(path, config.Tools)
		if err != nil {
			t.Fatal(err)
		}
		if file.InCluster != want {
			t.Errorf("got %t for %q", file.InCluster, text)
		}
	}
}
