package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"sidehook/config/files"
	"sidehook/config/include"
)

// Refused returns the files of include that hold themselves up.
func (f *File) Refused() (list []*Included) {
	for _, in := range f.Included {
		if in.Refused() {
			list = append(list, in)
		}
	}
	return list
}

// readInclude reads which files there are more. They are read after this one.
func readInclude(l *loader, v *value, into *[]string) {
	items := l.Items(v, "write include: [webhooks.d/*.yaml]")
	*into = make([]string, 0, len(items))
	for i := range items {
		var pattern string
		if l.Line(&items[i], 4096, &pattern); pattern == "" {
			continue
		}
		if _, err := filepath.Match(pattern, ""); err != nil {
			l.Fail(&items[i], "is not a valid glob", "close each [, and write \\ before a character that is meant as it is")
			continue
		}
		if !include.IsGlob(pattern) && files.Same(l.absolute(pattern), l.File()) {
			l.Fail(&items[i], "is this file itself", "remove it")
			continue
		}
		*into = append(*into, pattern)
		l.included = append(l.included, items[i])
	}
}

// readIncludes reads the files of include. Those that have not changed since the
// reading before are not read again.
func (l *loader) readIncludes(on Basis) (list []*Included, folders []string) {
	if len(l.included) == 0 {
		return nil, nil
	}
	before := make(map[string]*Included)
	if on.Last != nil {
		for _, in := range on.Last.Included {
			before[in.Path] = in
		}
	}
	context := l.context()
	known := make(map[string]bool)
	main, _ := os.Stat(l.File())
	for i := range l.included {
		at := &l.included[i]
		pattern := l.file.Include[i]
		found := include.Files(filepath.Dir(l.File()), pattern)
		folders = append(folders, found.Folders...)
		if found.Err != nil {
			p := Problem{File: at.File(), Line: at.Node.Line, Column: at.Node.Column, Path: at.Path(), Message: "folder " + found.Err.Error()}
			list = append(list, &Included{Path: found.Unread, Now: &part{
				Path: found.Unread, Problems: Problems{p}, Bad: true, Hash: p.Message, Files: []files.Stamp{files.StampOf(found.Unread)},
			}})
			for _, in := range before { // it cannot be told whether they are gone
				if include.Matches(filepath.Dir(l.File()), pattern, in.Path) {
					found.Paths = append(found.Paths, in.Path)
				}
			}
			slices.Sort(found.Paths)
		}
		for path := range on.Text { // it may be the text of a file that is still to be made
			if include.Matches(filepath.Dir(l.File()), pattern, path) && !slices.Contains(found.Paths, path) {
				found.Paths = append(found.Paths, path)
				slices.Sort(found.Paths)
			}
		}
		if len(found.Paths) == 0 && found.Err == nil {
			l.Warn(at, "matches no file", "")
		}
		for _, path := range found.Paths {
			if known[path] {
				continue
			}
			known[path] = true
			if path == filepath.Clean(l.File()) {
				l.ignored = append(l.ignored, path)
				continue
			}
			last := before[path]
			if on.Unsettled[path] && (last != nil || found.IsGlob) {
				if last != nil {
					in := *last
					list = append(list, &in)
				}
				continue
			}
			if in := l.readOne(path, context, last, on, main); in != nil {
				list = append(list, in)
			} else {
				l.ignored = append(l.ignored, path)
			}
		}
	}
	return list, folders
}

// readOne returns a file of include as it stands now; nil if it is the main file under
// another name.
func (l *loader) readOne(path, context string, last *Included, on Basis, main fs.FileInfo) *Included {
	in := &Included{Path: path, Context: context}
	if last != nil {
		in.InForce = last.InForce
	}
	text, given := on.Text[path]
	if last != nil && !given && last.Context == context && !on.Reread && last.Now.Unchanged() {
		in.Now = last.Now
		return in
	}
	var stamp files.Stamp
	var err error
	if !given {
		text, stamp, err = files.Read(path, maxFile)
	} else {
		stamp = files.StampOf(path)
	}
	switch {
	case stamp.Info != nil && main != nil && os.SameFile(stamp.Info, main):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		in.Now = include.Unreadable[*Webhook](path, fmt.Errorf("%w; remove it from include, or write webhooks: [] in it for none", err), stamp)
	case err != nil:
		in.Now = include.Unreadable[*Webhook](path, err, stamp)
	default:
		in.Now = l.readIncluded(path, text, stamp)
	}
	return in
}

// context returns a sum of all that decides how a file of include is read, beside its
// own text: while it stays the same, so does the reading.
func (l *loader) context() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %s ", l.mode, l.File())
	sum.Write(l.files.Named())
	for _, v := range l.given {
		switch v.Key() {
		case "history", "event_types", "defaults":
			fmt.Fprintf(sum, "%q", v.Key())
			addNode(sum, v.Node)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// addNode writes what a node says, and where.
func addNode(w io.Writer, n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	fmt.Fprintf(w, "%d %q %q %d %d %d(", n.Kind, n.Tag, n.Value, n.Style, n.Line, n.Column)
	for _, below := range n.Content {
		addNode(w, below)
	}
	fmt.Fprint(w, ")")
}
