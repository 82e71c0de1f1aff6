package relay_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFlowIsDocumented holds CONTRIBUTING.md to the tree: it links to a file of each package,
// and every file that it links to is there.
func TestFlowIsDocumented(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, link := range regexp.MustCompile(`\]\(([\w./]+\.go)\)`).FindAllSubmatch(text, -1) {
		path := filepath.Join("relay", string(link[1])) // from the folder of the module
		if _, err := os.Stat(filepath.Join("..", path)); err != nil {
			t.Error(err)
		}
		named[filepath.Dir(path)] = true
	}
	for _, p := range packages(t) {
		folder := p.name
		if folder == "sidehook" {
			folder = "."
		}
		if !named[folder] {
			t.Errorf("package %s is not in the table of packages", p.name)
		}
	}
}

// TestImportsHaveAPurpose: CONTRIBUTING.md names each direct dependency.
func TestImportsHaveAPurpose(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllSubmatch(module, -1)
	if len(direct) == 0 {
		t.Fatal("go.mod requires nothing")
	}
	for _, m := range direct {
		if path := string(m[1]); !strings.Contains(string(text), "`"+path+"`") {
			t.Errorf("%s has no row under Dependencies", path)
		}
	}
}
