package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// found is what a pattern of include leads to.
type found struct {
	paths   []string
	isGlob  bool
	folders []string // in which a change may change paths
	unread  string   // a folder that cannot be read
	err     error    // why
}

// filesOf returns the files that a pattern matches. As in a shell, a name that begins with
// a dot is matched only by a pattern that does so, too.
func filesOf(folder, pattern string) (f found) {
	f.isGlob = isGlob(pattern)
	if filepath.IsAbs(pattern) {
		folder = "/"
	}
	f.walk(folder, strings.Split(strings.TrimPrefix(filepath.Clean(pattern), "/"), "/"))
	return f
}

// includes reports whether a pattern matches a path, which need not exist.
func includes(folder, pattern, path string) bool {
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
	if !isGlob(pattern) {
		return filepath.Clean(pattern) == path
	}
	ok, _ := filepath.Match(filepath.Clean(pattern), path)
	return ok
}

// IncludePath returns a path that include matches as problems name it, whether there is
// such a file or not. A relative path is one of this process, or else of the folder of
// the file.
func (f *File) IncludePath(path string) (string, bool) {
	folder := filepath.Dir(f.Path)
	for _, candidate := range []string{path, filepath.Join(folder, path)} {
		absolute, err := filepath.Abs(candidate)
		if err != nil {
			return "", false
		}
		for _, pattern := range f.Include {
			at, err := filepath.Abs(folder)
			switch {
			case err != nil || !includes(folder, pattern, absolute):
			case filepath.IsAbs(pattern):
				return absolute, true
			default:
				below, err := filepath.Rel(at, absolute)
				return filepath.Join(folder, below), err == nil
			}
		}
	}
	return "", false
}

func isGlob(pattern string) bool { return strings.ContainsAny(pattern, `*?[\`) }

func (f *found) walk(at string, words []string) {
	word, rest := words[0], words[1:]
	if !isGlob(word) {
		f.step(filepath.Join(at, word), rest)
		return
	}
	f.folders = append(f.folders, at)
	entries, err := os.ReadDir(at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if info, failed := os.Stat(at); failed == nil && !info.IsDir() {
			return
		}
		f.unread, f.err = cmp.Or(f.unread, at), cmp.Or(f.err, fmt.Errorf("%s cannot be read: %w", at, errors.Unwrap(err)))
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
			f.paths = append(f.paths, path)
		}
	}
}

// step goes on below a path, or ends there.
func (f *found) step(path string, rest []string) {
	switch {
	case len(rest) > 0:
		f.walk(path, rest)
		return
	case f.isGlob:
		if _, err := os.Lstat(path); err != nil {
			return
		}
	}
	f.paths = append(f.paths, path)
}
