package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"sidehook/config/files"
	"sidehook/config/include"
)

// Load reads and checks the file at path. The error is of type Problems.
func Load(path string, mode Mode) (*File, error) {
	r := Read(path, mode)
	if r.File == nil {
		return nil, r.Problems
	}
	return r.File, nil
}

// Reading is one reading of the file and of its files of include, good or bad.
type Reading struct {
	File     *File         // nil if the file is refused
	Problems Problems      // why it is refused
	Hash     string        // of everything that was read
	Files    []files.Stamp // first of the file itself, then of those it names
	Included []*Included   // the files of include
	Folders  []string      // in which files of include may appear
	Partial  bool          // it may name more files than those in Files and Included
	Missing  bool          // there is no such file

	main    *part
	ignored []string // matches of include that are the file itself
}

// Identity is the same for two readings with the same result.
func (r Reading) Identity() string {
	if r.File == nil {
		return r.Hash + "\n" + r.Problems.Error()
	}
	var text strings.Builder
	text.WriteString(r.Hash)
	for _, in := range r.Included {
		if in.Refused() {
			text.WriteString("\n" + in.Problems.Error())
		}
	}
	return text.String()
}

// Basis is the state that a reading may build on. The zero Basis is none.
type Basis struct {
	// Last is the last good reading. A file of include that has not changed since is
	// not read again. If one is bad, its former content stays in force.
	Last   *Reading
	Reread bool // files that look unchanged are read again, too

	// Unsettled are files of include that are being written: they count as they were.
	Unsettled map[string]bool

	// Text replaces the content of files, the main one or those of include, by path.
	// The files need not exist.
	Text map[string][]byte
}

// Read is Load for a caller that watches the file.
func Read(path string, mode Mode) Reading { return ReadOn(path, mode, Basis{}) }

// ReadOn is Read for a caller that has read the file before, or wants to change it.
// Files that a given text names are read, relative to the folder of its path.
func ReadOn(path string, mode Mode, on Basis) Reading {
	text, given := on.Text[path]
	if given {
		return parse(path, text, mode, on)
	}
	text, stamp, err := files.Read(path, maxFile)
	if err != nil {
		return Reading{
			Problems: Problems{{File: path, Message: err.Error()}},
			Files:    []files.Stamp{stamp},
			Partial:  true,
			Missing:  errors.Is(err, fs.ErrNotExist),
		}
	}
	return parse(path, text, mode, on, stamp)
}

// ReadText is Read for the text of a file that has not been written yet.
func ReadText(path string, text []byte, mode Mode) Reading {
	return ReadOn(path, mode, Basis{Text: map[string][]byte{path: text}})
}

// Listed returns the paths of the files of include that are there now.
func (r *Reading) Listed() (paths []string) {
	if r.File == nil {
		return nil
	}
	for _, pattern := range r.File.Include {
		paths = append(paths, include.Files(filepath.Dir(r.File.Path), pattern).Paths...)
	}
	return slices.DeleteFunc(paths, func(path string) bool { return slices.Contains(r.ignored, path) })
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
			case err != nil || !include.Matches(folder, pattern, absolute):
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
