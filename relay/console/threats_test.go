package console_test

import (
	"os"
	"strings"
	"testing"
)

// TestThreatsHaveTests: each test in the table of threats is there.
func TestThreatsHaveTests(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(line, "|")
		if len(cells) != 3 || !strings.Contains(cells[2], "Test") {
			continue
		}
		rows++
		for _, name := range strings.Split(strings.TrimSpace(cells[2]), ", ") {
			dir, test, ok := strings.Cut(name, ".")
			if !ok {
				dir, test = "", name
			}
			if dir == "httpd" {
				dir = "../httpd"
			}
			if !hasTest(t, dir, test) {
				t.Errorf("there is no %s", name)
			}
		}
	}
	if rows < 15 {
		t.Errorf("only %d rows", rows)
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	files, err := os.ReadDir("./" + dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile("./" + dir + "/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
