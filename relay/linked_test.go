package relay_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestWhatIsNotLinked keeps the binary small: for what these packages have that is
// used, a few lines of our own stand (history/postgres/database). pgconn imports pgtype,
// of which the linker leaves next to nothing while nobody else does.
func TestWhatIsNotLinked(t *testing.T) {
	packages(t) // so that a result from the cache is not taken for one of other files
	out, err := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "sidehook").Output()
	if err != nil {
		t.Fatal(err)
	}
	const pgx, pgconn = "github.com/jackc/pgx/v5", "github.com/jackc/pgx/v5/pgconn"
	seen := false
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case pgx, pgx + "/pgxpool", "github.com/jackc/puddle/v2":
			t.Errorf("the binary links %s", name)
		case pgconn:
			seen = true
		default:
			if slices.Contains(strings.Fields(imports), pgx+"/pgtype") {
				t.Errorf("%s imports pgtype", name)
			}
		}
	}
	if !seen {
		t.Error("pgconn is not linked, so this test looks at something else")
	}
}
