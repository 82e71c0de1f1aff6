package deliver

import (
	"testing"
	"time"
)

func TestHour(t *testing.T) {
	var none *hour
	if a, b := none.sum(time.Now()); a != 0 || b != 0 {
		t.Errorf("of nothing: %d and %d", a, b)
	}
	h, now := new(hour), time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)
	for i := range 90 { // one a minute, every third fails
		h.add(now.Add(time.Duration(i)*time.Minute), i%3 > 0)
	}
	if a, b := h.sum(now.Add(89 * time.Minute)); a != 40 || b != 20 {
		t.Errorf("after 90 minutes: %d and %d, want 40 and 20", a, b)
	}
	if a, b := h.sum(now.Add(89*time.Minute + time.Hour)); a != 0 || b != 0 {
		t.Errorf("an hour later: %d and %d, want none", a, b)
	}
}
