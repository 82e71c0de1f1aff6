package history

import (
	"log/slog"

	"sidehook/history/segment"
)

// Flush returns once all outcomes so far are synced.
func (j *Journal) Flush() error { return j.outcomes.flush() }

// Outcomes visits the good records of the deliveries, oldest first, until visit
// is false.
func (r *Reading) Outcomes(visit func(*Outcome) bool) error {
	more := true
	for _, first := range r.deliveries.Segments() {
		err := lines(r.deliveries.Archive, first, func(line *segment.Line) bool {
			o := parseOutcome(line)
			more = visit(&o)
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

type Trouble = trouble

func (t *trouble) Met(log *slog.Logger, message string, err error, fields ...any) {
	t.met(log, message, err, fields...)
}

func (t *trouble) Over(log *slog.Logger, message string, fields ...any) {
	t.over(log, message, fields...)
}

// UnderWay is how many bytes of events are, HeldInMemory how many of what waits.
func (j *Journal) UnderWay() int64     { return j.queues.UnderWay() }
func (j *Journal) HeldInMemory() int64 { return j.queues.Held() }
