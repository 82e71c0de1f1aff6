package include

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Found is the result of a pattern of include.
type Found struct {
	Paths   []string
	IsGlob  bool
	Folders []string // in which a change may change Paths
	Unread  string   // a folder that cannot be read
	Err     error    // why
}

// Files returns the files that a pattern matches. As in a shell, a name that begins with
// a dot is matched only by a pattern that does so, too.
func Files(folder, pattern string) (f Found) {
	f.IsGlob = IsGlob(pattern)
	if filepath.IsAbs(pattern) {
		folder = "/"
	}
	f.walk(folder, strings.Split(strings.TrimPrefix(filepath.Clean(pattern), "/"), "/"))
	return f
}

// Matches reports whether a pattern matches a path, which need not exist.
func Matches(folder, pattern, path string) bool {
	if !filepath.IsAbs(pattern) {
		absolute, err := filepath.Abs(path)
		at, failed := filepath.Abs(folder)
		if err != nil || failed != nil {
			return false
		}
		if path, err = filepath.Rel(at, absolute); err != nil {
			return false
		}
	}
	if strings.HasPrefix(filepath.Base(path), ".") && !strings.HasPrefix(filepath.Base(pattern), ".") {
		return false
	}
	if !IsGlob(pattern) {
		return filepath.Clean(pattern) == path
	}
	ok, _ := filepath.Match(filepath.Clean(pattern), path)
	return ok
}

// IsGlob reports whether a pattern may match several paths.
func IsGlob(pattern string) bool { return strings.ContainsAny(pattern, `*?[\`) }

func (f *Found) walk(at string, words []string) {
	word, rest := words[0], words[1:]
	if !IsGlob(word) {
		f.step(filepath.Join(at, word), rest)
		return
	}
	f.Folders = append(f.Folders, at)
	entries, err := os.ReadDir(at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if info, failed := os.Stat(at); failed == nil && !info.IsDir() {
			return
		}
		f.Unread, f.Err = cmp.Or(f.Unread, at), cmp.Or(f.Err, fmt.Errorf("%s cannot be read: %w", at, errors.Unwrap(err)))
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(word, ".") {
			continue
		}
		if ok, _ := filepath.Match(word, e.Name()); !ok {
			continue
		}
		path := filepath.Join(at, e.Name())
		switch kind := e.Type(); {
		case len(rest) > 0:
			f.step(path, rest)
		case kind.IsDir():
		case kind&fs.ModeSymlink != 0:
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				continue
			}
			fallthrough
		default:
			f.Paths = append(f.Paths, path)
		}
	}
}

// step goes on below a path, or ends there.
func (f *Found) step(path string, rest []string) {
	switch {
	case len(rest) > 0:
		f.walk(path, rest)
		return
	case f.IsGlob:
		if _, err := os.Lstat(path); err != nil {
			return
		}
	}
	f.Paths = append(f.Paths, path)
}
