package deliver

import (
	"math"
	"time"

	"sidehook/history/stats"
)

// lastHourStats counts the attempts of the last hour: how many by the minute, and
// how long they took by five minutes, as a quantile needs no finer clock. It takes
// 2 KiB, however many there were.
type lastHourStats struct {
	counts [60]counts
	spans  [12]spans
}

// counts is one minute, numbered since 1970.
type counts struct {
	minute            int32
	delivered, failed uint32
}

// spans is five minutes, in buckets of durations that grow by growth. The first
// ends at quickest; the last has no end, and begins after a timeout of 2m.
type spans struct {
	period int32
	took   [buckets]uint32
}

const (
	buckets  = 30
	quickest = 250 * time.Microsecond
	growth   = 1.6
)

// LastHour counts the attempts of the last hour by their outcome. P50 and P99 are the
// median and the 99th percentile of how long they took; zero if there were none.
type LastHour struct {
	Delivered, Failed int
	P50, P99          time.Duration
}

// add counts an attempt that made a request.
func (h *lastHourStats) add(now time.Time, ok bool, took time.Duration) {
	h.count(now, ok)
	minute := int32(now.Unix() / 60)
	s := &h.spans[minute/5%12]
	if s.period != minute/5 {
		*s = spans{period: minute / 5}
	}
	s.took[bucket(took)]++
}

// count counts an attempt.
func (h *lastHourStats) count(now time.Time, ok bool) {
	minute := int32(now.Unix() / 60)
	c := &h.counts[minute%60]
	if c.minute != minute {
		*c = counts{minute: minute}
	}
	if ok {
		c.delivered++
	} else {
		c.failed++
	}
}

// restore adds a minute of the process before, unless its place has a younger
// one, as after a clock was set back.
func (h *lastHourStats) restore(m *stats.Minute) {
	minute := int32(m.At.Unix() / 60)
	c := &h.counts[minute%60]
	if c.minute < minute {
		*c = counts{minute: minute}
	}
	if c.minute == minute {
		c.delivered += uint32(m.Delivered)
		c.failed += uint32(m.Failed)
	}
	s := &h.spans[minute/5%12]
	if s.period < minute/5 {
		*s = spans{period: minute / 5}
	}
	if s.period == minute/5 {
		for took, n := range m.Took.All() {
			s.took[bucket(took)] += uint32(n)
		}
	}
}

func bucket(took time.Duration) int {
	if took <= quickest {
		return 0
	}
	steps := math.Log(float64(took)/float64(quickest)) / math.Log(growth)
	return min(int(math.Ceil(steps)), buckets-1)
}

// sum adds up. h is nil if no attempt was made yet.
func (h *lastHourStats) sum(now time.Time) (all LastHour) {
	if h == nil {
		return all
	}
	minute := int32(now.Unix() / 60)
	for _, c := range h.counts {
		if minute-c.minute < 60 {
			all.Delivered += int(c.delivered)
			all.Failed += int(c.failed)
		}
	}
	var took [buckets]int
	for i := range h.spans {
		if minute/5-h.spans[i].period < 12 {
			for b, n := range h.spans[i].took {
				took[b] += int(n)
			}
		}
	}
	all.P50, all.P99 = quantile(&took, 0.50), quantile(&took, 0.99)
	return all
}

// quantile returns the duration that a share of those counted did not exceed, as
// if they were spread evenly in their bucket.
func quantile(took *[buckets]int, share float64) time.Duration {
	total := 0
	for _, n := range took {
		total += n
	}
	rank := share * float64(total)
	for b, n := range took {
		if rank > float64(n) || n == 0 {
			rank -= float64(n)
			continue
		}
		within := rank / float64(n)
		if b == 0 {
			return time.Duration(within * float64(quickest))
		}
		return time.Duration(float64(quickest) * math.Pow(growth, float64(b-1)+within))
	}
	return 0
}

// lastHourLocked returns the statistics of the webhook, made when needed.
func (w *worker) lastHourLocked() *lastHourStats {
	if w.lastHour == nil {
		w.lastHour = new(lastHourStats)
	}
	return w.lastHour
}
