package history

import "log/slog"

// Flush returns once all outcomes so far are synced.
func (j *Journal) Flush() error { return j.outcomes.flush() }

type Trouble = trouble

func (t *trouble) Met(log *slog.Logger, message string, err error, fields ...any) {
	t.met(log, message, err, fields...)
}

func (t *trouble) Over(log *slog.Logger, message string, fields ...any) {
	t.over(log, message, fields...)
}
