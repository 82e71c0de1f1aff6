package history

// Flush returns once all outcomes so far are synced.
func (j *Journal) Flush() error { return j.outcomes.flush() }
