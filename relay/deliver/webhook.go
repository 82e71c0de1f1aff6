package deliver

import (
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/relay/deliver/health"
	"sidehook/relay/deliver/pace"
	"sidehook/relay/send"
)

// Webhook is one webhook as it is in force.
type Webhook struct {
	Name       string
	Generation history.Generation // of the configuration
	KeepBody   int                // how many bytes of an answer's body are kept
	// Settings are the same pointer for as long as the entry is the same: another
	// pointer means that the entry was edited.
	Settings *Settings
}

// Settings are the settings of an entry. All defaults must be filled in: a zero concurrency
// or timeout means zero. They must not change after they were passed to Apply.
type Settings struct {
	send.Settings
	Retry       []time.Duration // the waits between attempts
	Rate        pace.Rate
	Order       queue.Order
	Off, Paused bool

	// DisableAfter is how long nothing but failures disables the webhook; 0: only
	// a 410 does.
	DisableAfter time.Duration
	// Entry tells this entry from any other, also over a restart.
	Entry string
}

// idle reports whether nothing is to be sent.
func (s *Settings) idle() bool { return s == nil || s.Off || s.Paused }

func (s *Settings) rules(d *Deliverer) health.Rules {
	return health.Rules{Retry: s.Retry, DisableAfter: s.DisableAfter, Entry: s.Entry, Jitter: d.jitter}
}

// maxWaits returns the schedule with the longest waits that jitter makes of it.
func (s *Settings) maxWaits() []time.Duration {
	waits := make([]time.Duration, len(s.Retry))
	for i, wait := range s.Retry {
		waits[i] = wait + wait/10
	}
	return waits
}
