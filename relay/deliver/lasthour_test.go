package deliver

import (
	"testing"
	"time"
	"unsafe"

	"sidehook/history/stats"
)

func TestHour(t *testing.T) {
	var none *lastHourStats
	if got := none.sum(time.Now()); got != (LastHour{}) {
		t.Errorf("of nothing: %+v", got)
	}
	h, now := new(lastHourStats), time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)
	for i := range 90 { // one a minute, every third fails
		h.add(now.Add(time.Duration(i)*time.Minute), i%3 > 0, time.Second)
	}
	if got := h.sum(now.Add(89 * time.Minute)); got.Delivered != 40 || got.Failed != 20 {
		t.Errorf("after 90 minutes: %+v, want 40 and 20", got)
	}
	if got := h.sum(now.Add(89*time.Minute + time.Hour)); got != (LastHour{}) {
		t.Errorf("an hour later: %+v, want none", got)
	}
	// There are as many as there are webhooks.
	if size := unsafe.Sizeof(*h); size > 2500 {
		t.Errorf("it takes %d bytes", size)
	}
}

// The counts of the process before are added, and replace no younger ones.
func TestHourOverAStart(t *testing.T) {
	h, now := new(lastHourStats), time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)
	h.add(now, true, time.Second)
	h.add(now.Add(-time.Minute), false, time.Second) // the clock was set back
	var took stats.Durations
	for range 3 {
		took.Add(10 * time.Second)
	}
	for ago := range 70 {
		h.restore(&stats.Minute{
			At: now.Add(-time.Duration(ago) * time.Minute), Delivered: 2, Failed: 1,
			Took: took,
		})
	}
	got := h.sum(now)
	if got.Delivered != 121 || got.Failed != 61 {
		t.Errorf("got %+v, want 2 and 1 of each minute, and one each that was counted", got)
	}
	if got.P50 < 5*time.Second {
		t.Errorf("half of them took up to %v, want about 10 s", got.P50)
	}
}

// A reported quantile is at most one bucket away from the true one.
func TestQuantiles(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		took     func(i int) time.Duration // of the i-th of 1000
		p50, p99 time.Duration
	}{
		"all the same": {func(int) time.Duration { return 40 * time.Millisecond }, 40 * time.Millisecond, 40 * time.Millisecond},
		"evenly":       {func(i int) time.Duration { return time.Duration(i+1) * time.Millisecond }, 500 * time.Millisecond, 990 * time.Millisecond},
		"a slow tail": {func(i int) time.Duration {
			if i%50 == 0 {
				return 15 * time.Second
			}
			return 3 * time.Millisecond
		}, 3 * time.Millisecond, 15 * time.Second},
		"very fast": {func(int) time.Duration { return 100 * time.Microsecond }, 100 * time.Microsecond, 200 * time.Microsecond},
		"very slow": {func(int) time.Duration { return 2 * time.Minute }, 2 * time.Minute, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			h := new(lastHourStats)
			for i := range 1000 {
				h.add(now.Add(time.Duration(i)*time.Second), true, c.took(i))
			}
			near := func(got, want time.Duration) bool {
				return float64(got) <= growth*float64(want) && float64(got) >= float64(want)/growth
			}
			got := h.sum(now.Add(1000 * time.Second))
			if !near(got.P50, c.p50) || !near(got.P99, c.p99) {
				t.Errorf("got %v and %v, want %v and %v", got.P50, got.P99, c.p50, c.p99)
			}
			if got := h.sum(now.Add(80 * time.Minute)); got.P99 != 0 {
				t.Errorf("an hour later: %v", got.P99)
			}
		})
	}
}
