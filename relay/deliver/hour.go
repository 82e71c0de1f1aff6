package deliver

import "time"

// hour counts what became of the attempts of the last hour, by the minute. It
// begins anew with the process.
type hour [60]struct {
	minute            int64 // since 1970, of what is counted here
	delivered, failed int
}

func (h *hour) add(now time.Time, ok bool) {
	minute := now.Unix() / 60
	slot := &h[minute%60]
	if slot.minute != minute {
		slot.minute, slot.delivered, slot.failed = minute, 0, 0
	}
	if ok {
		slot.delivered++
	} else {
		slot.failed++
	}
}

// sum is of a webhook that may not have made an attempt yet: nil.
func (h *hour) sum(now time.Time) (delivered, failed int) {
	if h == nil {
		return 0, 0
	}
	minute := now.Unix() / 60
	for _, slot := range h {
		if minute-slot.minute < 60 {
			delivered += slot.delivered
			failed += slot.failed
		}
	}
	return delivered, failed
}
