package watch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLinks is how many symlinks a path may lead over.
const maxLinks = 40

// chains finds the names that decide which files paths lead to, of many paths in few
// folders. It is for one use: folders may change.
type chains struct {
	folders map[string][]string // the chain of each folder
}

// of returns the symlinkChain of a path.
func (c *chains) of(path string) []string {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	folder, name := filepath.Split(path)
	chain, ok := c.folders[folder]
	if !ok {
		if c.folders == nil {
			c.folders = make(map[string][]string)
		}
		chain = symlinkChain(folder)
		c.folders[folder] = chain
	}
	links, at := chain[:len(chain)-1], filepath.Join(chain[len(chain)-1], name)
	if _, err := os.Readlink(at); err == nil {
		return symlinkChain(path)
	}
	return append(slices.Clone(links), at)
}

// symlinkChain returns the names that decide which file a path leads to: each
// symlink on the way, and the file at the end. In a Kubernetes ConfigMap these are
// webhooks.yaml, ..data and the file in ..2026_11_23.
func symlinkChain(path string) []string {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	var names []string
	at, rest := string(filepath.Separator), strings.Split(path, string(filepath.Separator))
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		if name == "" || name == "." {
			continue
		}
		next := filepath.Join(at, name)
		target, err := os.Readlink(next)
		if err != nil || len(names) == maxLinks {
			at = next
			continue
		}
		names = append(names, next)
		if filepath.IsAbs(target) {
			at = string(filepath.Separator)
		}
		rest = append(strings.Split(target, string(filepath.Separator)), rest...)
	}
	return append(names, at)
}
