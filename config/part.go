package config

import (
	"fmt"

	"sidehook/config/files"
	"sidehook/config/yamlnode"
)

// part is what one file says: webhooks.yaml, or a file of include. It is immutable.
type part struct {
	path     string
	problems Problems // errors and warnings
	bad      bool     // there is an error among them
	partial  bool     // it may name more files than those in files
	hash     string
	files    []files.Stamp // first of the file itself, then of those it names
	webhooks []*Webhook
	names    []claim // that its webhooks have
	former   []claim // that they had before
}

// claim is a name that a webhook has or had, and where it stands.
type claim struct {
	name, key, webhook string
	file               string
	index              int // of the webhook in its file
	line, column       int
}

func claimOf(name string, at *value, webhook string) claim {
	return claim{
		name: name, key: at.Key(), webhook: webhook, file: at.File(),
		index: at.Up.At, line: at.Node.Line, column: at.Node.Column,
	}
}

// String says where the name stands.
func (c claim) String() string {
	return fmt.Sprintf("webhooks[%d], in %s:%d", c.index, c.file, c.line)
}

func (c claim) problem(message, hint string) Problem {
	title := ""
	if c.webhook != "" {
		title = " (" + c.webhook + ")"
	}
	return Problem{
		File: c.file, Line: c.line, Column: c.column, Path: fmt.Sprintf("webhooks[%d]%s.%s", c.index, title, c.key),
		Message: message, Hint: hint,
	}
}

// part ends the reading of a file.
func (l *loader) part(whole bool, stamp ...files.Stamp) *part {
	return &part{
		path: l.File(), problems: ofFile(l.File(), l.Problems()), bad: l.Errors() > 0, partial: !whole,
		hash: l.files.Hash(), files: append(stamp, l.files.Stamps()...),
		webhooks: l.file.Webhooks, names: l.names, former: l.former,
	}
}

// ofFile returns the problems of a file, with the errors that are about values of another
// one, from which it takes its defaults, said of the file itself: it alone is refused.
func ofFile(path string, problems Problems) Problems {
	for i, p := range problems {
		if p.File != path && !p.Warning {
			problems[i] = Problem{
				File: path, Line: 1, Column: 1,
				Message: fmt.Sprintf("takes %s from %s:%d:%d, which %s", p.Path, p.File, p.Line, p.Column, p.Message), Hint: p.Hint,
			}
		}
	}
	return problems
}

// unreadable is a file that cannot be read at all.
func unreadable(path string, err error, stamp files.Stamp) *part {
	return &part{
		path: path, problems: Problems{{File: path, Message: err.Error()}}, bad: true, partial: true,
		hash: err.Error(), files: []files.Stamp{stamp},
	}
}

// unchanged reports whether neither the file nor any that it names has changed since
// it was read.
func (p *part) unchanged() bool {
	for _, s := range p.files {
		if !files.StampOf(s.Path).Same(s) {
			return false
		}
	}
	return true
}

// readIncluded reads a file of include, whose webhooks get the defaults of this one.
func (l *loader) readIncluded(path string, text []byte, stamp files.Stamp) *part {
	in := *l
	in.files = l.files.Beside(text)
	in.main, in.names, in.former = l.File(), nil, nil
	in.file = &File{History: l.file.History, EventTypes: l.file.EventTypes}
	in.Reader = yamlnode.NewReader(path, text, &in)
	root := in.Root()
	if root != nil {
		readKeys(&in, in.Pairs(root, "begin it with webhooks:"), in.tables.include, in.file)
	}
	return in.part(root != nil, stamp)
}
