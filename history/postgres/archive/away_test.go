package archive_test

import (
	"strings"
	"testing"

	"sidehook/history/postgres/archive"
	"sidehook/history/postgres/database"
	"sidehook/history/query"
)

// TestAway: what a page shows while the database is away does not contain the user, the
// database or a secret.
func TestAway(t *testing.T) {
	db, err := database.Open(database.Options{URL: "postgres://someone:secret@127.0.0.1:1/somewhere?sslmode=disable", Schema: "sidehook", Sync: database.Storage})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	err = archive.New(db).Events(t.Context(), query.EventQuery{}, func(*query.AcceptedEvent) bool { return true })
	if err == nil {
		t.Fatal("events are read from nowhere")
	}
	text := err.Error()
	for _, word := range []string{"someone", "somewhere", "secret"} {
		if strings.Contains(text, word) {
			t.Errorf("the error has %s: %s", word, text)
		}
	}
	if !strings.Contains(text, "127.0.0.1:1") || !strings.Contains(text, "connection refused") {
		t.Errorf("the error does not say what is wrong: %s", text)
	}
}
