package config

import (
	"cmp"
	"fmt"
	"slices"
)

// settle decides which files of include are in force as they stand, so that names are
// unique over all files, and returns the names of the main file that are not. Who has a
// name in force keeps it; of new ones the first counts, in file order. The outcome
// depends on nothing but what is given.
//
// A file that is refused goes on as it was before, with the names that it had. These may
// be names that another file has taken over meanwhile, so everything is decided anew
// until no further file is refused.
func settle(main *part, included []*Included, last *Reading) Problems {
	before := make(map[string]*part, len(included))
	for _, in := range included {
		before[in.Path] = in.inForce
		in.Problems = nil
		if in.now.bad {
			in.Problems = in.now.problems
		} else {
			in.inForce = in.now
		}
	}
	var was *part // of the main file
	if last != nil {
		was = last.main
	}
	for {
		t := claims{names: make(map[string]claim), former: make(map[string]claim)}
		// No two of these are the same, as all were in force together.
		t.keep(main, was)
		for _, in := range included {
			t.keep(in.inForce, before[in.Path])
		}
		if conflicts := t.take(main); len(conflicts) > 0 && !main.bad {
			return conflicts
		}
		refused := false
		for _, in := range included {
			if in.inForce == nil || in.inForce == before[in.Path] {
				continue
			}
			if conflicts := t.take(in.inForce); len(conflicts) > 0 {
				in.Problems = append(slices.Clone(in.now.problems), conflicts...)
				in.inForce = before[in.Path]
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
func (t *claims) complete(included []*Included) {
	for _, in := range included {
		if in.now.bad {
			in.Problems = slices.Concat(in.Problems, t.conflicts(in.now))
			slices.SortStableFunc(in.Problems, func(a, b Problem) int {
				return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
			})
		}
	}
}

// claims are the names in force, and the former names.
type claims struct {
	names, former map[string]claim
}

// keep claims the names of a file that it had in force before, too.
func (t *claims) keep(p, before *part) {
	if p == nil || before == nil {
		return
	}
	t.keepThese(t.names, p.names, before.names, p == before)
	t.keepThese(t.former, p.former, before.former, p == before)
}

func (t *claims) keepThese(into map[string]claim, now, before []claim, all bool) {
	had := make(map[string]bool, len(before))
	for _, c := range before {
		had[c.name] = true
	}
	for _, c := range now {
		if all || had[c.name] {
			into[c.name] = c
		}
	}
}

// take claims all names of a file, or returns why it cannot and claims none.
func (t *claims) take(p *part) Problems {
	conflicts := t.conflicts(p)
	if len(conflicts) > 0 {
		return conflicts
	}
	for _, c := range p.names {
		t.names[c.name] = c
	}
	for _, c := range p.former {
		t.former[c.name] = c
	}
	return nil
}

// conflicts returns the names of a file that another file has.
func (t *claims) conflicts(p *part) (list Problems) {
	for _, c := range p.names {
		if other, ok := t.names[c.name]; ok && other.file != c.file {
			list = append(list, c.problem(fmt.Sprintf("%q is also the name of %s", c.name, other), "give each its own"))
		} else if other, ok := t.former[c.name]; ok && other.file != c.file {
			list = append(list, c.problem(fmt.Sprintf("%q is the former name of %s", c.name, other), "give it another name, or remove was there"))
		}
	}
	for _, c := range p.former {
		if other, ok := t.names[c.name]; ok && other.file != c.file {
			list = append(list, c.problem(fmt.Sprintf("%q is the name of %s, not a former one", c.name, other), "write the name it had before, or remove was"))
		} else if other, ok := t.former[c.name]; ok && other.file != c.file {
			list = append(list, c.problem(fmt.Sprintf("%q is also the former name of %s", c.name, other), "remove one"))
		}
	}
	return list
}
