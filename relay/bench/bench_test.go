package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		panic(serve(os.Args[2], os.Args[3]))
	}
	os.Exit(m.Run())
}

// TestEachSystem: in a short round of each system, each event that is accepted arrives
// once.
func TestEachSystem(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts processes")
	}
	var printed strings.Builder
	b := bench{parts: parts(), rounds: 1, time: 50 * time.Millisecond, waiting: 1000, out: &printed}
	if err := b.run("requests,batches,fanout,waiting"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| proxy |", "| yardstick |", "| sidehook |", "| sidehook NDJSON of 100 |", "| sidehook to ten |", "| 1000 |"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("no row %s in\n%s", want, printed.String())
		}
	}
}
