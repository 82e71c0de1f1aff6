package journal

// Flush returns once all outcomes so far are synced.
func (j *Journal) Flush() error { return j.outcomes.flush() }

// SetBulkBatch sets how many resends share a commit.
func (j *Journal) SetBulkBatch(n int) { j.bulkBatch = n }

// UnderWay is how many bytes of events are, HeldInMemory how many of what waits.
func (j *Journal) UnderWay() int64     { return j.queues.InFlightBytes() }
func (j *Journal) HeldInMemory() int64 { return j.queues.HeldBytes() }
