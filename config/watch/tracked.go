package watch

import (
	"maps"
	"slices"
	"time"

	"sidehook/config"
	"sidehook/config/files"
)

// tracked is a file and those that it names, which change together.
type tracked struct {
	stamps  []files.Stamp // how they looked when they were last looked at
	changed time.Time     // when a change was seen that has not been read yet; zero: there is none
}

// look looks at the files again, and reports whether one has changed.
func (t *tracked) look(now time.Time) (changed bool) {
	for i, before := range t.stamps {
		if stamp := files.StampOf(before.Path); !stamp.Same(before) {
			t.stamps[i], t.changed, changed = stamp, now, true
		}
	}
	return changed
}

// names returns every path that can change the files.
func (t *tracked) names(c *chains) (names []string) {
	for _, s := range t.stamps {
		names = append(names, c.of(s.Path)...)
	}
	return names
}

// included are the files of include, and the folders in which they appear.
type included struct {
	files   map[string]*tracked
	folders []files.Stamp
}

// track takes over the files of a reading. Unsettled files stay as they were.
func (i *included) track(r *config.Reading, unsettled map[string]bool) {
	before := i.files
	i.files = make(map[string]*tracked, len(r.Included))
	for path := range unsettled {
		i.files[path] = before[path]
	}
	for _, in := range r.Included {
		if i.files[in.Path] == nil {
			i.files[in.Path] = &tracked{stamps: slices.Clone(in.Files())}
		}
	}
	i.folders = i.folders[:0]
	for _, folder := range r.Folders {
		i.folders = append(i.folders, files.Stamp{Path: folder})
	}
}

// appeared is how long after a change of a folder the kernel's clock, which it is marked
// with, may still stand where it stood.
const appeared = time.Second

// look looks at the files again, and for new ones. It reports whether anything
// has changed.
func (i *included) look(last *config.Reading, now time.Time) (changed bool) {
	for _, t := range i.files {
		changed = t.look(now) || changed
	}
	listed := true
	for j, before := range i.folders {
		stamp := files.StampOf(before.Path)
		if !stamp.Same(before) || stamp.Info != nil && now.Sub(stamp.Info.ModTime()) < appeared {
			changed = changed || !stamp.Same(before)
			i.folders[j], listed = stamp, false
		}
	}
	if listed {
		return changed
	}
	for _, path := range last.Listed() {
		if i.files[path] == nil {
			i.files[path] = &tracked{stamps: []files.Stamp{files.StampOf(path)}, changed: now}
			changed = true
		}
	}
	return changed
}

// unsettled returns the files that have changed after a time, and how many changed
// before.
func (i *included) unsettled(after time.Time) (paths map[string]bool, due int) {
	for path, t := range i.files {
		switch {
		case t.changed.IsZero():
		case t.changed.After(after):
			if paths == nil {
				paths = make(map[string]bool)
			}
			paths[path] = true
		default:
			due++
		}
	}
	return paths, due
}

// torn returns the files that a reading has read anew and that have changed since.
func (i *included) torn(r, last *config.Reading, since time.Time) (paths []string) {
	before := make(map[string]*config.Included, len(last.Included))
	for _, in := range last.Included {
		before[in.Path] = in
	}
	for _, in := range r.Included {
		if !i.files[in.Path].changed.Before(since) && !in.SameReading(before[in.Path]) {
			paths = append(paths, in.Path)
		}
	}
	return paths
}

// settle marks the changes of all other files as read.
func (i *included) settle(unsettled map[string]bool) {
	for path, t := range i.files {
		if !unsettled[path] {
			t.changed = time.Time{}
		}
	}
}

// next returns when the first of the changed files will have stood still, zero if none
// has changed.
func (i *included) next(settle time.Duration) (at time.Time) {
	for t := range maps.Values(i.files) {
		if ready := t.changed.Add(settle); !t.changed.IsZero() && (at.IsZero() || ready.Before(at)) {
			at = ready
		}
	}
	return at
}
