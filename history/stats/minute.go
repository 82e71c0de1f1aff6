package stats

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/lookup"
)

// Minute counts the attempts of a webhook within a minute.
type Minute struct {
	Webhook   string
	At        time.Time // when it began
	Delivered int       // tests aside
	Failed    int       // tests and what was throttled aside
	GivenUp   int       // deliveries that ended without arriving
	Took      Durations // of requests
}

// Durations are lengths of time, within 6 %, each with how often.
type Durations = index.Histogram

// MinuteOf returns the counts of a minute that the relay needs.
func MinuteOf(m *index.Minute) *Minute {
	return &Minute{
		Webhook: m.Webhook, At: m.At, Took: m.Took,
		Delivered: int(m.Counts[lookup.CountArrived]), Failed: int(m.Counts[lookup.CountMissed]),
		GivenUp: int(givenUp(func(s history.Status) uint64 { return countOf(&m.Tally, s) })),
	}
}
