package history

// Seq numbers the records of the events, from 1. An event keeps its seq, and each
// resend of it has its own. 0 is none.
type Seq uint64

// LineNo numbers the lines of the deliveries, from 1. 0 is none.
type LineNo uint64

// Generation numbers the configurations that were in force, from 1, also over a
// restart. 0 is none.
type Generation uint64
