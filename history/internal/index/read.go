package index

import (
	"encoding/binary"
	"iter"
	"slices"
	"sort"
	"time"
)

// HasSeq reports whether a line may be about the event of that number.
func (x *Index) HasSeq(seq uint64) bool { return x.seqs.has(seq) }

// HasGroup reports whether a line is in one of the groups.
func (x *Index) HasGroup(has func(Group) bool) bool {
	return slices.ContainsFunc(x.groups, func(g group) bool { return has(g.Group) })
}

// Within reports whether a line may be of a time from since to before until. Zero times
// are no bounds.
func (x *Index) Within(since, until time.Time) bool { return x.blocks.within(since, until) }

// WithinAt reports for the block of lines around an offset whether some of them may be of
// that time, whether all of them are, and where the block begins.
func (x *Index) WithinAt(offset uint32, since, until time.Time) (some, all bool, begin uint32) {
	return x.blocks.withinAt(offset, since, until)
}

// List returns the offsets of the lines that are selected, ascending, each once.
func (x *Index) List(s Selection) (offsets []uint32, err error) {
	if s.ofWebhooks() {
		err = x.Each(s, func(l Listed) { offsets = append(offsets, l.Offset) })
	} else {
		offsets, err = x.ofGroups(s.hasGroup)
	}
	slices.Sort(offsets)
	return slices.Compact(offsets), err
}

// ofGroups returns the offsets of the lines of some groups.
func (x *Index) ofGroups(has func(Group) bool) (offsets []uint32, err error) {
	failed := false
	err = x.read(func(yield func(part) bool) {
		for i := range x.groups {
			if g := &x.groups[i]; has(g.Group) && !yield(g.postings) {
				return
			}
		}
	}, func(text []byte) bool {
		d := decoder{rest: text}
		for offset := uint32(0); len(d.rest) > 0; {
			offset += uint32(d.uint())
			offsets = append(offsets, offset)
		}
		failed = d.failed
		return !failed
	})
	if failed {
		err = ErrUnfit
	}
	return offsets, err
}

// Each visits the lines that are selected, once for each webhook that they are listed
// under, those of a webhook in order.
func (x *Index) Each(s Selection, visit func(Listed)) error {
	groups := make([]bool, len(x.groups))
	for i := range x.groups {
		groups[i] = s.hasGroup(x.groups[i].Group)
	}
	failed := false
	err := x.read(x.pagesOf(s.Webhook), func(text []byte) bool {
		d := decoder{rest: text}
		for len(d.rest) > 0 {
			name := d.bytes()
			run := decoder{rest: d.bytes()}
			l := Listed{Webhook: s.Webhook}
			if s.Webhook == "" {
				l.Webhook = string(name)
			}
			if l.Webhook != string(name) || !s.hasWebhook(l.Webhook) {
				continue
			}
			for len(run.rest) > 0 {
				group := run.uint()
				l.Offset += uint32(run.uint())
				l.Seq += uint64(run.int())
				if run.failed || group >= uint64(len(groups)) {
					failed = true
					return false
				}
				if groups[group] && s.hasSeq(l.Webhook, l.Seq) {
					l.Group = &x.groups[group].Group
					visit(l)
				}
			}
		}
		failed = d.failed
		return !failed
	})
	if failed {
		err = ErrUnfit
	}
	return err
}

// pagesOf yields the pages that have runs of a webhook, or of any if it is "".
func (x *Index) pagesOf(webhook string) iter.Seq[part] {
	pages := x.webhooks
	if webhook != "" {
		from := sort.Search(len(pages), func(i int) bool { return pages[i].first >= webhook })
		to := sort.Search(len(pages), func(i int) bool { return pages[i].first > webhook })
		pages = pages[max(from-1, 0):to]
	}
	return func(yield func(part) bool) {
		for _, p := range pages {
			if !yield(p.part) {
				return
			}
		}
	}
}

// Lookup returns the offsets of the lines that may have one of the keys, ascending: all
// that have it, and those of other keys with the same hash.
func (x *Index) Lookup(keys ...string) (offsets []uint32, err error) {
	var hash uint32 // of the key whose pages are being read
	err = x.read(func(yield func(part) bool) {
		for _, k := range keys {
			hash = Hash([]byte(k))
			for p := range x.keys.of(hash) {
				if !yield(p) {
					return
				}
			}
		}
	}, func(text []byte) bool {
		for at := 0; at < len(text); at += keyLen {
			if binary.LittleEndian.Uint32(text[at:]) == hash {
				offsets = append(offsets, binary.LittleEndian.Uint32(text[at+4:]))
			}
		}
		return true
	})
	slices.Sort(offsets)
	return slices.Compact(offsets), err
}

// of yields the pages that may have a hash. A page begins with a hash up to this one, and
// equal hashes may fill several pages.
func (k *keyPages) of(hash uint32) iter.Seq[part] {
	return func(yield func(part) bool) {
		i := sort.Search(len(k.pages), func(i int) bool { return k.pages[i].first >= hash })
		for i = max(i-1, 0); i < len(k.pages) && k.pages[i].first <= hash; i++ {
			count := min(pageKeys, k.count-i*pageKeys)
			if !yield(part{k.at + int64(i*pageKeys*keyLen), count * keyLen, k.pages[i].crc}) {
				return
			}
		}
	}
}

// Minutes visits the counts, by time and webhook, until visit returns false. A Minute is
// valid until visit returns.
func (x *Index) Minutes(visit func(*Minute) (more bool)) error {
	failed := false
	err := x.read(func(yield func(part) bool) { yield(x.minutes) }, func(text []byte) bool {
		d := decoder{rest: text}
		names := map[string]string{} // one string for each webhook, and not for each minute
		var m Minute
		for at := int64(0); len(d.rest) > 0; {
			at += d.int()
			m.At = time.Unix(at*60, 0)
			name := d.bytes()
			known := false
			if m.Webhook, known = names[string(name)]; !known {
				m.Webhook = string(name)
				names[m.Webhook] = m.Webhook
			}
			for i := range m.Counts {
				m.Counts[i] = d.uint()
			}
			bucket := uint16(0)
			m.Took = m.Took[:0]
			for range d.count() {
				bucket += uint16(d.uint())
				m.Took = append(m.Took, counted{bucket, d.uint()})
			}
			if d.failed {
				failed = true
				break
			}
			if !visit(&m) {
				break
			}
		}
		return false
	})
	if failed {
		err = ErrUnfit
	}
	return err
}
