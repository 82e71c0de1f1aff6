package member

import (
	"cmp"
	"maps"
	"slices"

	"sidehook/history"
)

// Entry describes a webhook in the file of a member.
type Entry struct {
	Digest     string             `json:"d"` // differs between any two entries
	Generation history.Generation `json:"g"` // the first one that has it
	Was        string             `json:"w,omitempty"`
}

// peer is a member, as others see it.
type peer struct {
	Name        string             `json:"name"`
	Incarnation string             `json:"incarnation"`
	Beat        int64              `json:"beat"`
	Lease       int64              `json:"lease"`
	Address     string             `json:"address"`
	Generation  history.Generation `json:"generation"`
	File        string             `json:"file"`
	Leaving     bool               `json:"leaving"`

	entries map[string]Entry
	over    bool // its lease
}

// cursor names the owner of a webhook.
type cursor struct {
	owner, incarnation string
	epoch              int64
}

// view is the cluster as one beat has found it.
type view struct {
	peers   map[string]*peer
	cursors map[string]cursor
}

// lives reports whether a member's lease has not ended.
func (v *view) lives(name, incarnation string) bool {
	p := v.peers[name]
	return p != nil && p.Incarnation == incarnation && !p.over
}

// living returns the members whose lease has not ended, by name.
func (v *view) living() (list []*peer) {
	for _, p := range v.peers {
		if v.lives(p.Name, p.Incarnation) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *peer) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// plan says which member is to own each webhook.
type plan struct {
	owners   map[string]string // by webhook
	declared map[string]bool   // those that are in the file of a living member
	renames  map[string]string // new names by former ones, as far as they are in effect
	own      *peer             // this member, as it was seen
}

// planOf spreads the webhooks over the members that live and do not leave. A webhook goes to
// a member whose file has its newest entry; of several, to the one that comes first for that
// webhook. A former name goes to the owner of the new one, so that its deliveries can be
// moved, unless a file has an entry for it that is newer than the rename. A webhook that is
// in no file stays where it is, or goes to any member.
func planOf(v *view) plan {
	p := plan{owners: map[string]string{}, declared: map[string]bool{}}
	newest := map[string]Entry{}
	var may []*peer // own anything
	for _, m := range v.living() {
		if !m.Leaving {
			may = append(may, m)
		}
		for name, e := range m.entries {
			p.declared[name] = true
			if best, ok := newest[name]; !m.Leaving && (!ok || best.Generation < e.Generation) {
				newest[name] = e
			}
		}
	}
	for name, e := range newest {
		p.owners[name] = first(name, may, func(m *peer) bool { return m.entries[name].Digest == e.Digest })
	}
	p.renames = renamesOf(newest)
	for was := range p.renames {
		p.owners[was] = p.owners[last(was, p.renames)]
	}
	for name, c := range v.cursors {
		if _, ok := p.owners[name]; ok {
			continue
		}
		if owner := v.peers[c.owner]; v.lives(c.owner, c.incarnation) && !owner.Leaving {
			p.owners[name] = c.owner
		} else {
			p.owners[name] = first(name, may, func(*peer) bool { return true })
		}
	}
	return p
}

// renamesOf returns the new names of webhooks by their former ones.
func renamesOf(newest map[string]Entry) map[string]string {
	to := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(newest)) {
		e := newest[name]
		was, declared := newest[e.Was]
		if e.Was == "" || declared && was.Generation >= e.Generation {
			continue
		}
		if before, ok := to[e.Was]; !ok || newest[before].Generation < e.Generation {
			to[e.Was] = name
		}
	}
	return to
}

// last follows renames to the name that a webhook has in the end. Each is newer than the
// one before, so there is no circle.
func last(name string, to map[string]string) string {
	for {
		next, ok := to[name]
		if !ok {
			return name
		}
		name = next
	}
}

// first returns the member that comes first for a webhook (rendezvous hashing): when one
// comes or goes, no webhook moves between two others.
func first(webhook string, may []*peer, eligible func(*peer) bool) (name string) {
	best := uint64(0)
	for _, m := range may {
		if score := mix(hash(m.Name) ^ mix(hash(webhook))); eligible(m) && (name == "" || score > best) {
			name, best = m.Name, score
		}
	}
	return name
}

// hash is FNV-1a: all members must find the same, whatever their version.
func hash(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

// mix has each bit depend on all others.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
