package include

import (
	"fmt"

	"sidehook/config/files"
	"sidehook/config/yamlnode"
)

// Part is the content of one file, with the W that it declares: the main file, or a file of
// include. It is immutable.
type Part[W any] struct {
	Path     string
	Problems yamlnode.Problems // errors and warnings
	Bad      bool              // there is an error among them
	Partial  bool              // it may name more files than those in Files
	Hash     string
	Files    []files.Stamp // first of the file itself, then of those it names
	Webhooks []W
	Names    []Claim // that its webhooks have
	Former   []Claim // that they had before
}

// Claim is a name that a webhook has or had, and where it stands.
type Claim struct {
	Name, Key, Webhook string
	File               string
	Index              int // of the webhook in its file
	Line, Column       int
}

// String says where the name stands.
func (c Claim) String() string {
	return fmt.Sprintf("webhooks[%d], in %s:%d", c.Index, c.File, c.Line)
}

func (c Claim) problem(message, hint string) yamlnode.Problem {
	title := ""
	if c.Webhook != "" {
		title = " (" + c.Webhook + ")"
	}
	return yamlnode.Problem{
		File: c.File, Line: c.Line, Column: c.Column, Path: fmt.Sprintf("webhooks[%d]%s.%s", c.Index, title, c.Key),
		Message: message, Hint: hint,
	}
}

// Unreadable is a file that cannot be read at all.
func Unreadable[W any](path string, err error, stamp files.Stamp) *Part[W] {
	return &Part[W]{
		Path: path, Problems: yamlnode.Problems{{File: path, Message: err.Error()}}, Bad: true, Partial: true,
		Hash: err.Error(), Files: []files.Stamp{stamp},
	}
}

// Unchanged reports whether neither the file nor any that it names has changed since
// it was read.
func (p *Part[W]) Unchanged() bool {
	for _, s := range p.Files {
		if !files.StampOf(s.Path).Same(s) {
			return false
		}
	}
	return true
}

// OfFile returns the problems of a file, with the errors that are about values of another
// one, from which it takes its defaults, said of the file itself: it alone is refused.
func OfFile(path string, problems yamlnode.Problems) yamlnode.Problems {
	for i, p := range problems {
		if p.File != path && !p.Warning {
			problems[i] = yamlnode.Problem{
				File: path, Line: 1, Column: 1,
				Message: fmt.Sprintf("takes %s from %s:%d:%d, which %s", p.Path, p.File, p.Line, p.Column, p.Message), Hint: p.Hint,
			}
		}
	}
	return problems
}
