package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io/fs"
	"slices"

	"gopkg.in/yaml.v3"

	"sidehook/config/expression"
	"sidehook/config/material"
)

// Mode says which ${…} are filled in.
type Mode int

const (
	// Run fills in all of them; one that cannot be filled in is an error.
	Run Mode = iota
	// Check fills in those that it can. One that is not there is a warning, as it
	// may be there for the relay, and its key is as if it were not there.
	Check
	// Tools reads listen and history alone, so that a command finds the relay and
	// its files without the relay's environment, and while an edit is not done:
	// the rest of the file is left out of the result and not judged. What of the
	// two cannot be read is as if it were not there, and stands in Unread.
	Tools
)

// Load reads and judges the file at path. The error is of type Problems.
func Load(path string, mode Mode) (*File, error) {
	r := Read(path, mode)
	if r.File == nil {
		return nil, r.Problems
	}
	return r.File, nil
}

// Reading is one reading of the file, good or bad.
type Reading struct {
	File     *File       // nil if it is refused
	Problems Problems    // why it is refused
	Hash     string      // of all that was read
	Files    []FileStamp // of the file itself first, then those it names
	Partial  bool        // it may name other files than those in Files
	Missing  bool        // there is no such file
}

// Identity is the same for two readings that say the same.
func (r Reading) Identity() string {
	if r.File == nil {
		return r.Hash + "\n" + r.Problems.Error()
	}
	return r.Hash
}

// Read reads and judges the file at path, for who watches it.
func Read(path string, mode Mode) Reading {
	data, seen, err := readFile(path, maxFile)
	if err != nil {
		return Reading{
			Problems: Problems{{File: path, Message: err.Error()}},
			Files:    []FileStamp{seen},
			Partial:  true,
			Missing:  errors.Is(err, fs.ErrNotExist),
		}
	}
	r := parse(path, data, mode)
	r.Files = slices.Insert(r.Files, 0, seen)
	if r.File != nil {
		r.File.Files = r.Files
	}
	return r
}

// loader holds what one reading of the file needs and finds.
type loader struct {
	mode  Mode
	found collector
	// budget is how many nodes may still be visited; below 0 they were too many,
	// and what is found after that is not reported.
	budget   int
	named    map[naming]named                // files that the file names
	seen     []FileStamp                     // of those
	pools    map[string]material.Authorities // authorities of tls, by the paths of their files
	keyPairs map[[2]string]material.Pair     // and client certificates
	hash     hash.Hash
	routes   map[string]complaint // of globs, about the catalogue

	data        []byte // of the file
	expressions expression.Compiler

	own, shared []field[partial] // the keys of a webhook
}

// parse judges the content of the file.
func parse(path string, data []byte, mode Mode) Reading {
	l := &loader{
		mode:  mode,
		found: collector{file: path},
		// No node is shorter than two bytes, so that only aliases can exceed it.
		budget:   len(data) + 1_000_000,
		named:    make(map[naming]named),
		pools:    make(map[string]material.Authorities),
		keyPairs: make(map[[2]string]material.Pair),
		hash:     sha256.New(),
		routes:   make(map[string]complaint),
		data:     data,
		own:      fieldsOf(ownKeys()),
		shared:   fieldsOf(sharedKeys()),
	}
	l.hash.Write(data)
	root := l.root(data)
	if root == nil && mode == Tools {
		file := empty(path)
		file.Hash, file.Unread = l.sum(), l.found.sorted()
		return Reading{File: file, Hash: file.Hash, Partial: true}
	}
	if root == nil {
		return Reading{Problems: l.found.sorted(), Hash: l.sum(), Partial: true}
	}
	file := l.file(&value{node: root})
	problems := l.found.sorted()
	r := Reading{Hash: l.sum(), Files: l.seen}
	switch {
	case l.found.errors == 0:
	case mode == Tools:
		file.Unread = slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool { return p.Warning })
	default:
		r.Problems = problems
		return r
	}
	file.Hash, file.Warnings = r.Hash, problems
	r.File = file
	return r
}

func (l *loader) sum() string { return hex.EncodeToString(l.hash.Sum(nil)) }

// root returns the top of the file's only document, or nil if it has none that
// could be walked.
func (l *loader) root(data []byte) *yaml.Node {
	if i, message, hint := unreadable(data); i >= 0 {
		line, column := position(data, i)
		l.found.add(Problem{Line: line, Column: column, Message: message, Hint: hint})
		return nil
	}
	docs, err := documents(data)
	if err != nil {
		l.found.add(syntaxProblem(data, err))
		return nil
	}
	if len(docs) == 0 || isNull(docs[0].Content[0]) {
		l.found.add(Problem{Line: 1, Column: 1, Message: "is empty", Hint: "write webhooks: [] for none"})
		return nil
	}
	if len(docs) > 1 {
		n := docs[1]
		l.found.add(Problem{Line: n.Line, Column: n.Column, Message: "begins a second document", Hint: "remove --- and keep one document a file"})
	}
	return docs[0].Content[0]
}
