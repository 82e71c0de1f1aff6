package memfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Crash cuts the power and returns the folder as it is afterwards. Called again on the
// same FS it gives another outcome of the same moment; equal seeds give equal outcomes.
func (m *FS) Crash(rng *rand.Rand) *FS {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = true
	names := maps.Clone(m.durable)
	for _, c := range m.changes[:rng.IntN(len(m.changes)+1)] {
		c.apply(names)
	}
	after := New()
	after.capacity = m.capacity
	for _, name := range slices.Sorted(maps.Keys(names)) {
		content := names[name].survivor(rng)
		after.names[name] = &node{target: names[name].target, data: content, base: content}
	}
	after.durable = maps.Clone(after.names)
	return after
}

// Kill ends only the process, as kill -9 does, and returns the folder for the next one:
// all that was done is there, and is as durable as before.
func (m *FS) Kill() *FS {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = true
	after := New()
	after.capacity = m.capacity
	// A file that has a durable name and a new one stays one file.
	moved := map[*node]*node{nil: nil}
	move := func(n *node) *node {
		if _, ok := moved[n]; !ok {
			moved[n] = n.clone()
		}
		return moved[n]
	}
	for name, n := range m.names {
		after.names[name] = move(n)
	}
	for name, n := range m.durable {
		after.durable[name] = move(n)
	}
	for _, c := range m.changes {
		after.changes = append(after.changes, change{c.from, c.to, move(c.node)})
	}
	return after
}

// clone returns the same file for another run. Its data is clipped, so that the two runs
// do not append to the same array.
func (n *node) clone() *node {
	c := *n
	c.data = slices.Clip(n.data)
	c.edits = slices.Clone(n.edits)
	return &c
}
