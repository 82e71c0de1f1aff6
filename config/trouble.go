package config

import (
	"fmt"
	"time"
)

// The keys that say what becomes of deliveries, and of the webhook, when its
// receiver is in trouble.

// readGiveUpOn reads the answers that end a delivery. 2xx would be a delivery
// that has arrived, 1xx is no answer yet.
func readGiveUpOn(l *loader, v *value, d *partial) {
	items := l.items(v, "write give_up_on: [400, 422], or [] for none")
	if len(items) > 64 {
		l.fail(v, fmt.Sprintf("must be at most 64 answers, are %d", len(items)), "")
	}
	d.GiveUpOn = make([]int, len(items))
	for i := range items {
		l.int(&items[i], 300, 999, &d.GiveUpOn[i])
	}
}

// never is said of a time that does not come.
const never = "never"

// readDisableAfter reads how long nothing but failures turns a webhook off. Seconds
// are for those who want to see it happen.
func readDisableAfter(l *loader, v *value, d *partial) {
	switch t, ok := l.known(v); {
	case !ok:
	case t.string == never:
		d.DisableAfter = 0
	default:
		l.duration(v, leastAge, mostAge, &d.DisableAfter)
	}
}

// orNever writes what readDisableAfter and readExpireAfter read.
func orNever(d time.Duration) string {
	if d == 0 {
		return never
	}
	return FormatDuration(d)
}
