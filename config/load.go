package config

import (
	"slices"

	"sidehook/config/dataschema"
	"sidehook/config/expression"
	"sidehook/config/files"
	"sidehook/config/include"
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
	// Tools reads only listen, history and cluster, so that a command finds the relay and
	// its files without the relay's environment and in the middle of an edit. The
	// rest of the file is neither read nor judged. A key that cannot be read
	// counts as not given, and the reason is in Unread.
	Tools
	// Databases reads only outbox, for the command that prepares its databases
	// without the relay's environment. A ${…} there that it cannot fill in is an
	// error.
	Databases
	// ClusterDatabase is Databases for cluster, and for history, which is moved there.
	ClusterDatabase
)

// sections returns the keys at the top that are read; nil: all.
func (m Mode) sections() []string {
	switch m {
	case Tools:
		return []string{"listen", "history", "cluster"}
	case Databases:
		return []string{"outbox"}
	case ClusterDatabase:
		return []string{"history", "cluster"}
	}
	return nil
}

// The most bytes of a file.
const (
	maxFile  = 16 << 20 // webhooks.yaml
	maxNamed = 64 << 10 // a file that comes in by ${file:…} or ${cred:…}
)

type value = yamlnode.Value

// loader is the state of reading one file.
type loader struct {
	*yamlnode.Reader
	main   string // the file that includes this one; "" for that file itself
	mode   Mode
	tables *tables

	files       *files.Set
	material    *material.Cache
	schemas     dataschema.Compiler
	expressions *expression.Compiler

	file     *File                                     // as far as it was read
	given    []value                                   // at the top
	routes   map[string]struct{ message, hint string } // of globs, against the catalogue
	base     *partial                                  // the defaults
	history  *value                                    // where keep stands; nil if it is not given
	included []value                                   // where each pattern of include stands
	ignored  []string                                  // matches of include that are the file itself
	partial  *partial                                  // the webhook, or the defaults, being read
	names    []include.Claim                           // of webhooks
	former   []include.Claim                           // and those they had before
}

// parse checks the content of the file, and reads its files of include.
func parse(path string, data []byte, mode Mode, on Basis, stamp ...files.Stamp) Reading {
	l := &loader{
		mode:        mode,
		tables:      declared,
		files:       files.NewSet(data),
		material:    new(material.Cache),
		expressions: new(expression.Compiler),
		file:        empty(path),
		routes:      make(map[string]struct{ message, hint string }),
		base:        &partial{Webhook: unset()},
	}
	l.Reader = yamlnode.NewReader(path, data, l)
	root := l.Root()
	if root != nil {
		l.read(root)
	}
	var included []*Included
	var folders []string
	// Beside a bad file nothing that its files of include say takes effect: they are
	// read only to report all errors at once.
	if on.Last == nil || l.Errors() == 0 {
		included, folders = l.readIncludes(on)
	}
	main := l.part(root != nil, stamp...)
	r := Reading{Hash: main.Hash, Files: main.Files, Included: included, Folders: folders, Partial: main.Partial}
	if mode == Tools {
		l.file.Hash, l.file.Warnings = r.Hash, main.Problems
		if main.Bad {
			l.file.Unread = slices.DeleteFunc(slices.Clone(main.Problems), func(p Problem) bool { return p.Warning })
		}
		r.File = l.file
		return r
	}
	var was *part
	if on.Last != nil {
		was = on.Last.main
	}
	conflicts := include.Settle(main, included, was)
	if main.Bad || len(conflicts) > 0 {
		r.Problems = slices.Concat(main.Problems, conflicts)
		if on.Last == nil {
			for _, in := range included {
				r.Problems = append(r.Problems, in.Problems...)
			}
		}
		return r
	}
	r.Hash = include.Sum(main, included, func(in *Included) *part { return in.Now })
	l.file.Hash = include.Sum(main, included, func(in *Included) *part { return in.InForce })
	l.file.Warnings = include.Warnings(main, included)
	l.file.Webhooks = slices.Clip(l.file.Webhooks)
	for _, in := range included {
		if in.InForce != nil {
			l.file.Webhooks = append(l.file.Webhooks, in.InForce.Webhooks...)
		}
	}
	l.file.Included = included
	r.File, r.main, r.ignored = l.file, main, l.ignored
	return r
}

// read reads all of the file. Its result counts only if there was no error.
func (l *loader) read(root *yamlnode.Value) {
	given := l.Pairs(root, "begin it with webhooks:")
	l.file.InCluster = yamlnode.Find(given, "cluster") != nil
	if only := l.mode.sections(); only != nil {
		l.Forget()
		given = slices.DeleteFunc(given, func(v yamlnode.Value) bool { return !slices.Contains(only, v.Key()) })
	}
	l.given = given
	l.history = yamlnode.Find(given, "history")
	readKeys(l, given, l.tables.top, l.file)
}
