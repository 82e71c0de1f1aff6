// Package include owns the files of include: which ones a pattern matches, which content of
// each is in force, and which of two files gets a name that both claim. It
// promises that a bad file delays no other, that names are unique over all that is in
// force, and that the outcome depends on the arguments alone. It reads no YAML; package
// config, which does, is its only caller.
package include

import (
	"cmp"
	"fmt"
	"slices"

	"sidehook/config/yamlnode"
)

// Settle decides which files of include are in force as they stand, so that names are
// unique over all files, and returns the names of the main file that are not. A webhook
// keeps the name that it has in force; of several new ones the first gets it, in file
// order. The outcome depends on the arguments alone: was is the main file before, nil if
// there was none.
//
// A refused file stays in force as it was before, with the names that it had. Another file
// may have one of these names now, so all files are decided again until no further one is
// refused.
func Settle[W any](main *Part[W], included []*Included[W], was *Part[W]) yamlnode.Problems {
	before := make(map[string]*Part[W], len(included))
	for _, in := range included {
		before[in.Path] = in.InForce
		in.Problems = nil
		if in.Now.Bad {
			in.Problems = in.Now.Problems
		} else {
			in.InForce = in.Now
		}
	}
	for {
		t := claims[W]{names: make(map[string]Claim), former: make(map[string]Claim)}
		// No two of these are the same, as all were in force together.
		t.keep(main, was)
		for _, in := range included {
			t.keep(in.InForce, before[in.Path])
		}
		if conflicts := t.take(main); len(conflicts) > 0 && !main.Bad {
			return conflicts
		}
		refused := false
		for _, in := range included {
			if in.InForce == nil || in.InForce == before[in.Path] {
				continue
			}
			if conflicts := t.take(in.InForce); len(conflicts) > 0 {
				in.Problems = append(slices.Clone(in.Now.Problems), conflicts...)
				in.InForce = before[in.Path]
				refused = true
			}
		}
		if !refused {
			t.complete(included)
			return nil
		}
	}
}

// complete adds the names of bad files that are taken elsewhere to their other problems.
func (t *claims[W]) complete(included []*Included[W]) {
	for _, in := range included {
		if in.Now.Bad {
			in.Problems = slices.Concat(in.Problems, t.conflicts(in.Now))
			slices.SortStableFunc(in.Problems, func(a, b yamlnode.Problem) int {
				return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
			})
		}
	}
}

// claims are the names in force, and the former names.
type claims[W any] struct {
	names, former map[string]Claim
}

// keep claims the names of a file that it had in force before, too.
func (t *claims[W]) keep(p, before *Part[W]) {
	if p == nil || before == nil {
		return
	}
	t.keepThese(t.names, p.Names, before.Names, p == before)
	t.keepThese(t.former, p.Former, before.Former, p == before)
}

func (t *claims[W]) keepThese(into map[string]Claim, now, before []Claim, all bool) {
	had := make(map[string]bool, len(before))
	for _, c := range before {
		had[c.Name] = true
	}
	for _, c := range now {
		if all || had[c.Name] {
			into[c.Name] = c
		}
	}
}

// take claims all names of a file, or returns why it cannot and claims none.
func (t *claims[W]) take(p *Part[W]) yamlnode.Problems {
	conflicts := t.conflicts(p)
	if len(conflicts) > 0 {
		return conflicts
	}
	for _, c := range p.Names {
		t.names[c.Name] = c
	}
	for _, c := range p.Former {
		t.former[c.Name] = c
	}
	return nil
}

// conflicts returns the names of a file that another file has.
func (t *claims[W]) conflicts(p *Part[W]) (list yamlnode.Problems) {
	for _, c := range p.Names {
		if other, ok := t.names[c.Name]; ok && other.File != c.File {
			list = append(list, c.problem(fmt.Sprintf("%q is also the name of %s", c.Name, other), "give each its own"))
		} else if other, ok := t.former[c.Name]; ok && other.File != c.File {
			list = append(list, c.problem(fmt.Sprintf("%q is the former name of %s", c.Name, other), "give it another name, or remove was there"))
		}
	}
	for _, c := range p.Former {
		if other, ok := t.names[c.Name]; ok && other.File != c.File {
			list = append(list, c.problem(fmt.Sprintf("%q is the name of %s, not a former one", c.Name, other), "write the name it had before, or remove was"))
		} else if other, ok := t.former[c.Name]; ok && other.File != c.File {
			list = append(list, c.problem(fmt.Sprintf("%q is also the former name of %s", c.Name, other), "remove one"))
		}
	}
	return list
}
