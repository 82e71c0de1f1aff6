package pending

import "time"

// Backlog counts pending deliveries.
type Backlog struct {
	Events   int
	Bytes    int64
	Oldest   time.Time // the acceptance of the oldest; zero if there is none
	InFlight int
}

// Add counts one delivery.
func (b *Backlog) Add(size int64) {
	b.Events++
	b.Bytes += size
}

// Subtract takes one delivery out. Its size is not always known: the record may be damaged,
// or a start may have replayed its end before its record.
func (b *Backlog) Subtract(size int64) {
	b.Events--
	if b.Bytes = max(0, b.Bytes-size); b.Events == 0 {
		b.Bytes = 0
	}
}
