package memfs

import (
	"bytes"
	"math/rand/v2"
	"slices"
)

// node is a file or a symlink, under any name. The bytes in the array of data never
// change, so that base, edits and the nodes of other runs can share it: data is appended
// after them, or moves to a new array.
type node struct {
	target  string // of a symlink; empty for a file
	data    []byte // as seen
	base    []byte // what survives a crash, except for what is lost
	edits   []edit // from base to data, in order
	settled int    // how many edits came before these
	lost    []span // of base, what a failed sync dropped and a later one reported as safe
}

// edit is bytes written at an offset or, without bytes, a new size.
type edit struct {
	at    int
	bytes []byte
	lost  bool // a sync of it failed
}

type span struct{ from, to int }

// page is the unit in which a real file system writes content to the disk.
const page = 4096

func (n *node) write(b []byte) {
	if len(b) == 0 {
		return
	}
	at := len(n.data)
	n.data = append(n.data, b...)
	n.edits = append(n.edits, edit{at: at, bytes: n.data[at:]})
}

func (n *node) resize(size int) {
	n.data = resized(bytes.Clone(n.data), size)
	n.edits = append(n.edits, edit{at: size})
}

func resized(data []byte, size int) []byte {
	if size <= len(data) {
		return data[:size]
	}
	return append(data, make([]byte, size-len(data))...)
}

// settle makes the edits before covered durable.
func (n *node) settle(covered int) {
	done := covered - n.settled
	if done <= 0 {
		return // a sync that began later was faster
	}
	n.lost = dropped(n.lost, n.edits[:done])
	if done == len(n.edits) {
		n.base = n.data
	} else {
		n.base = replay(n.base, n.edits[:done])
	}
	n.edits = slices.Clone(n.edits[done:])
	n.settled = covered
}

// lose is a failed sync: the kernel reports the loss once and marks the pages as clean.
// Readers still see them, but no later sync writes them to the disk.
func (n *node) lose(covered int) {
	for i := range max(covered-n.settled, 0) {
		n.edits[i].lost = true
	}
}

// dropped returns what is lost of a file after edits, given what was lost before.
func dropped(lost []span, edits []edit) []span {
	lost = slices.Clone(lost)
	for _, e := range edits {
		switch {
		case e.bytes == nil:
			for i := range lost {
				lost[i].to = min(lost[i].to, e.at)
			}
		case e.lost:
			lost = append(lost, span{e.at, e.at + len(e.bytes)})
		}
	}
	return lost
}

func replay(base []byte, edits []edit) []byte {
	data := bytes.Clone(base)
	for _, e := range edits {
		if e.bytes == nil {
			data = resized(data, e.at)
		} else {
			data = append(data[:e.at], e.bytes...)
		}
	}
	return data
}

// survivor returns the content after a power cut: what was synced, and of the rest
// nothing, all, a part from its beginning, or a size with some pages missing.
func (n *node) survivor(rng *rand.Rand) []byte {
	var kept []edit
	holes := false
	switch rng.IntN(4) {
	case 0:
	case 1:
		kept = n.edits
	case 2:
		kept = n.part(rng)
	case 3:
		kept, holes = n.edits, true
		if rng.IntN(2) == 0 {
			kept = n.part(rng)
		}
	}
	data := replay(n.base, kept)
	if holes {
		firm := len(n.base)
		for _, e := range kept {
			firm = min(firm, e.at)
		}
		punch(data, span{firm, len(data)}, rng)
	}
	for _, s := range dropped(n.lost, kept) {
		if s.from >= len(n.base) {
			// A page reaches the disk in one state: without this edit, it is also
			// without what was written after it.
			s.to = (s.to/page + 1) * page
		}
		punch(data, s, rng)
	}
	return data
}

// part returns a random number of the first edits, the last of them perhaps in part.
func (n *node) part(rng *rand.Rand) []edit {
	if len(n.edits) == 0 {
		return nil
	}
	last := rng.IntN(len(n.edits))
	part := slices.Clone(n.edits[:last])
	if e := n.edits[last]; e.bytes != nil {
		if bytes := e.bytes[:rng.IntN(len(e.bytes)+1)]; len(bytes) > 0 {
			part = append(part, edit{e.at, bytes, e.lost})
		}
	}
	return part
}

// punch zeroes some pages of data within s. The part of a page before s was on the disk
// already, and stays.
func punch(data []byte, s span, rng *rand.Rand) {
	end := min(s.to, len(data))
	for from := s.from; from < end; {
		to := min((from/page+1)*page, end)
		if rng.IntN(2) == 0 {
			clear(data[from:to])
		}
		from = to
	}
}
