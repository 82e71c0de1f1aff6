package member

import (
	"time"

	"sidehook/history/internal/clock"
)

// silence is since when nothing is heard of a member but one beat.
type silence struct {
	incarnation string
	beat        int64
	since       clock.Mono
}

// watch works out which leases are over: those of members whose beat has been the same for
// as long, by the clock of this one. The database's clock may be set at any moment, so only
// the age of a beat that is new is read from it, and believed up to maxBeat, which is less
// than the margin of M2. It is called with what each beat shows, at a time of the database.
//
// Nobody can beat while the database is away, so that all get some time after it is back.
func (b *beats) watch(peers []*peer, at int64) {
	now := b.clock.Now()
	if now.Sub(b.answered) > b.o.Lease/2 {
		b.back = now
	}
	b.answered = now
	before := b.silent
	b.silent = make(map[string]silence, len(peers))
	for _, p := range peers {
		s, ok := before[p.Name]
		if !ok || s.incarnation != p.Incarnation || s.beat != p.Beat {
			age := min(max(time.Duration(at-p.Beat), 0), maxBeat)
			s = silence{p.Incarnation, p.Beat, now.Add(-age)}
		}
		b.silent[p.Name] = s
		p.over = p.Beat == 0 || now.Sub(s.since) > time.Duration(p.Lease) && now.Sub(b.back) >= 2*b.every()
	}
}

// every is how long there is between two beats.
func (m *Member) every() time.Duration { return min(m.o.Lease/5, maxBeat) }
