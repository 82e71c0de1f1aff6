// Package transfer moves a history between the files of a folder and PostgreSQL, while no
// relay uses either. The records are the same in both, with their numbers: those of the
// deliveries are numbered anew on the way back, because files repeat the configuration in
// each segment.
//
// Import may be killed at any point and run again: each transaction adds records and
// notes their last number, and a relay does not start before the last one (meta.importing).
// Export writes the files as package journal does; if it is killed, what it has written
// must be deleted.
package transfer

import (
	"errors"
	"log/slog"

	"sidehook/history/postgres/database"
)

// Options of a transfer. DB is required.
type Options struct {
	DB  *database.DB
	Log *slog.Logger // of what was damaged
	// Progress is called now and then with how many records are there, of how many.
	Progress func(records, total uint64)

	// Batch is how many records a transaction has at most; 2000 if 0.
	Batch int
	// Step is called before each step, and ends the transfer with its error. For tests.
	Step func(name string) error
}

func (o *Options) complete() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	if o.Batch == 0 {
		o.Batch = 2000
	}
	if o.Step == nil {
		o.Step = func(string) error { return nil }
	}
}

// batchBytes bounds the lines of a transaction.
const batchBytes = 4 << 20

// ErrNotEmpty is the error if the history cannot go where it should.
var ErrNotEmpty = errors.New("not empty")

// Done is what a transfer did.
type Done struct {
	Events, Attempts uint64 // records
	Damaged          int    // lines that were left out
}
