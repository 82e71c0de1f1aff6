package command_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sidehook/relay/command"
)

// pages returns the Markdown of the tree, by its path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && name != "." || slices.Contains([]string{"testdata", "node_modules", "dist"}, entry.Name())) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			text, err := os.ReadFile(path)
			texts[filepath.ToSlash(name)] = string(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// root is the root of the tree.
const root = "../.."

var (
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fenced     = regexp.MustCompile("(?ms)^```.*?^```$")
)

// TestLinks: a link of a page leads to a file of the tree, and to a heading in it.
func TestLinks(t *testing.T) {
	all := pages(t)
	for page, text := range all {
		for _, match := range linkTarget.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			target := match[1]
			if strings.Contains(target, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			to := page
			if file != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(page), file))
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s: link to %s: %v", page, target, err)
			} else if anchor != "" && !slices.Contains(anchors(all[to]), anchor) {
				t.Errorf("%s: link to %s: there is no such heading", page, target)
			}
		}
	}
}

// anchors returns the anchors of a page's headings, as hosting sites make them.
func anchors(text string) (names []string) {
	for _, match := range headings.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, match[1]))
	}
	return names
}

var (
	inCode    = regexp.MustCompile(`(?m)^    (?:\$ |sudo )?(?:\./)?sidehook ([a-z].*)$`)
	inLine    = regexp.MustCompile("`sidehook ([a-z][^`]*)`")
	shellEnd  = regexp.MustCompile(`\s+#.*$|\s*(?:[|&;<>]|2>).*$`)
	shellWord = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)
)

// TestCommandsOfThePages: every command that a page shows is one, with flags that
// it has.
func TestCommandsOfThePages(t *testing.T) {
	for page, text := range pages(t) {
		if page == "CHANGELOG.md" {
			continue // it also names what has gone
		}
		for _, match := range slices.Concat(inCode.FindAllStringSubmatch(text, -1), inLine.FindAllStringSubmatch(text, -1)) {
			args := shellWord.FindAllString(shellEnd.ReplaceAllString(match[1], ""), -1)
			if err := command.Parse(args); err != nil {
				t.Errorf("%s: sidehook %s: %v", page, match[1], err)
			}
		}
	}
}
