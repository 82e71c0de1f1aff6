package pending

import "sync/atomic"

// Bodies bounds the bytes of the bodies that are kept in memory, of all queues together.
// It is for concurrent use.
type Bodies struct {
	Limit int64
	bytes atomic.Int64
}

// Bytes returns how many are kept.
func (m *Bodies) Bytes() int64 { return m.bytes.Load() }

// Keep counts a body as kept by one more queue, and reports false if there is no room
// for it. Its bytes count once, however many queues keep it.
func (m *Bodies) Keep(b *Body) bool {
	if b == nil || b.holders.Add(1) > 1 {
		return true
	}
	if m.bytes.Add(b.Size()) <= m.Limit {
		return true
	}
	m.Drop(b)
	return false
}

// Drop is the opposite of Keep.
func (m *Bodies) Drop(b *Body) {
	if b != nil && b.holders.Add(-1) == 0 {
		m.bytes.Add(-b.Size())
	}
}
