package config

import (
	"errors"
	"io/fs"
	"slices"

	"sidehook/config/dataschema"
	"sidehook/config/expression"
	"sidehook/config/files"
	"sidehook/config/material"
	"sidehook/config/yamlnode"
)

// Mode selects which ${…} are filled in.
type Mode int

const (
	// Run fills in all of them; one that cannot be filled in is an error.
	Run Mode = iota
	// Check fills in those that it can. One that it cannot fill in is a warning,
	// since the relay may be able to, and its key counts as not given.
	Check
	// Tools reads only listen and history, so that a command finds the relay and
	// its files without the relay's environment and in the middle of an edit. The
	// rest of the file is neither read nor judged. A key that cannot be read
	// counts as not given, and the reason is in Unread.
	Tools
)

// Load reads and checks the file at path. The error is of type Problems.
func Load(path string, mode Mode) (*File, error) {
	r := Read(path, mode)
	if r.File == nil {
		return nil, r.Problems
	}
	return r.File, nil
}

// Reading is one reading of the file, good or bad.
type Reading struct {
	File     *File         // nil if the file is refused
	Problems Problems      // why it is refused
	Hash     string        // of everything that was read
	Files    []files.Stamp // first of the file itself, then of those it names
	Partial  bool          // it may name more files than those in Files
	Missing  bool          // there is no such file
}

// Identity is the same for two readings with the same result.
func (r Reading) Identity() string {
	if r.File == nil {
		return r.Hash + "\n" + r.Problems.Error()
	}
	return r.Hash
}

// Read is Load for a caller that watches the file.
func Read(path string, mode Mode) Reading {
	data, stamp, err := files.Read(path, maxFile)
	if err != nil {
		return Reading{
			Problems: Problems{{File: path, Message: err.Error()}},
			Files:    []files.Stamp{stamp},
			Partial:  true,
			Missing:  errors.Is(err, fs.ErrNotExist),
		}
	}
	r := parse(path, data, mode)
	r.Files = slices.Insert(r.Files, 0, stamp)
	if r.File != nil {
		r.File.Files = r.Files
	}
	return r
}

// ReadText is Read for the text of a file that has not been written yet. Files that
// it names are read, relative to the folder of path.
func ReadText(path string, text []byte, mode Mode) Reading { return parse(path, text, mode) }

// The most bytes of a file.
const (
	maxFile     = 16 << 20 // webhooks.yaml
	maxNamed    = 64 << 10 // a file that comes in by ${file:…} or ${cred:…}
	maxMaterial = 1 << 20  // a file of tls: all authorities of a system are some hundred kilobytes
)

type value = yamlnode.Value

// loader holds what one reading of the file needs and finds.
type loader struct {
	*yamlnode.Reader
	mode   Mode
	tables *tables

	files       *files.Set
	material    material.Cache
	schemas     dataschema.Compiler
	expressions expression.Compiler

	file    *File                                     // what was read so far
	routes  map[string]struct{ message, hint string } // of globs, against the catalogue
	base    partial                                   // the defaults
	history *value                                    // where keep stands; nil if it is not given
	partial *partial                                  // the webhook, or the defaults, being read
}

// parse checks the content of the file.
func parse(path string, data []byte, mode Mode) Reading {
	l := &loader{
		mode:   mode,
		tables: declared,
		files:  files.NewSet(data),
		file:   empty(path),
		routes: make(map[string]struct{ message, hint string }),
		base:   partial{Webhook: unset()},
	}
	l.Reader = yamlnode.NewReader(path, data, l)
	root := l.Root()
	if root != nil {
		l.read(root)
	}
	problems := l.Problems()
	r := Reading{Hash: l.files.Hash(), Files: l.files.Stamps(), Partial: root == nil}
	l.file.Hash, l.file.Warnings = r.Hash, problems
	switch {
	case l.Errors() == 0:
	case mode == Tools:
		l.file.Unread = slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool { return p.Warning })
	default:
		r.Problems = problems
		return r
	}
	r.File = l.file
	return r
}

// read reads all of the file. Its result counts only if there was no error.
func (l *loader) read(root *yamlnode.Value) {
	given := l.Pairs(root, "begin it with webhooks:")
	if l.mode == Tools {
		l.Forget()
		given = slices.DeleteFunc(given, func(v yamlnode.Value) bool { return v.Key() != "listen" && v.Key() != "history" })
	}
	l.history = yamlnode.Find(given, "history")
	readKeys(l, given, l.tables.top, l.file)
}
