package relay_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestEveryRoomIsNamed holds CONTRIBUTING.md to the tree: it links to a file of each package,
// and every file that it links to is there.
func TestEveryRoomIsNamed(t *testing.T) {
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
