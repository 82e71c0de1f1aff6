package deliver

import (
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/relay/send"
)

// Webhook is one webhook as it is in force.
type Webhook struct {
	Name       string
	Generation history.Generation // of the configuration
	KeepBody   int                // how many bytes of a response's body are kept
	// Settings are the same pointer for as long as the entry is the same: that
	// is what tells an entry that was changed from one that was not.
	Settings *Settings
}

// Settings are what an entry says, its defaults filled in: a concurrency or a
// time-out of zero is one. They are not changed once handed over.
type Settings struct {
	send.Settings
	Retry       []time.Duration // the waits between attempts
	Rate        Rate
	Order       queue.Order
	Off, Paused bool

	// DisableAfter is how long nothing but failures disables the webhook; 0:
	// nothing does but a 410.
	DisableAfter time.Duration
	// Entry tells what the entry says from anything else that it could, over a
	// restart as well.
	Entry string
}

// idle reports whether nothing is to be sent.
func (s *Settings) idle() bool { return s == nil || s.Off || s.Paused }

// firstProbe is how long after its failures a failing webhook is probed.
func (s *Settings) firstProbe() time.Duration {
	if len(s.Retry) == 0 {
		return probeFirst
	}
	return min(probeFirst, max(s.Retry[0], probeLeast))
}

// longest is what jitter makes of the schedule at most.
func (s *Settings) longest() []time.Duration {
	waits := make([]time.Duration, len(s.Retry))
	for i, wait := range s.Retry {
		waits[i] = wait + wait/10
	}
	return waits
}
