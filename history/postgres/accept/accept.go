// Package accept makes events, resends and renames durable in PostgreSQL, with group
// commit: what comes while one call of the function accept runs shares the next one.
//
// On return a request is committed as the database was asked to (P4), or it is refused;
// after ErrAway it may be either, and a repeat of its events finds out. No call is ever
// canceled on the server (P5), and one runs at a time, so that the records that a member
// accepts are handed to its feed in their order.
package accept

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/journal"
	"sidehook/history/postgres/database"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// Options of an Acceptor. DB is required.
type Options struct {
	DB  *database.DB
	Log *slog.Logger
	// Accepted is called after each commit, before the callers have their answers. It
	// gets the new records for all webhooks, in the order of their seqs, and the last
	// seq in the database. If the answer of a commit was lost its records are not in the
	// list: then the feed reads them. It must be fast.
	Accepted func(fresh []queue.Published, last history.Seq)
	// Committed is called after each group commit with the number of records and how
	// long it took.
	Committed func(records int, took time.Duration)
	// Waited is called after each with how long the first request of it had waited.
	Waited func(time.Duration)
	// Wrote is called after each commit with how many bytes the records had that it may
	// have written.
	Wrote func(bytes int)
	// Full reports whether there is no room for more history. Nil: there always is.
	Full func() bool
	// Deadline is how long a request waits for the database; 10 seconds if 0.
	Deadline time.Duration
}

const defaultDeadline = 10 * time.Second

// Acceptor accepts for one member. It is for concurrent use.
type Acceptor struct {
	db        *database.DB
	log       *slog.Logger
	accepted  func([]queue.Published, history.Seq)
	committed func(int, time.Duration)
	waited    func(time.Duration)
	wrote     func(int)
	full      func() bool
	deadline  time.Duration

	mu      sync.Mutex
	batches []*batch // the first one is written next, the last one fills
	waiting int      // requests in batches, and in the one being written
	closed  error    // ErrStopping, for good
	away    error    // ErrAway: refuse at once, until the database answers
	noRoom  error    // of the last commit; ErrNoRoom
	kick    chan struct{}

	// These belong to Run.
	trouble troubles
	call    caller
}

func New(o Options) *Acceptor {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Accepted == nil {
		o.Accepted = func([]queue.Published, history.Seq) {}
	}
	if o.Committed == nil {
		o.Committed = func(int, time.Duration) {}
	}
	if o.Waited == nil {
		o.Waited = func(time.Duration) {}
	}
	if o.Wrote == nil {
		o.Wrote = func(int) {}
	}
	if o.Full == nil {
		o.Full = func() bool { return false }
	}
	if o.Deadline == 0 {
		o.Deadline = defaultDeadline
	}
	return &Acceptor{
		db: o.DB, log: o.Log, accepted: o.Accepted, committed: o.Committed, waited: o.Waited, wrote: o.Wrote, full: o.Full, deadline: o.Deadline,
		kick: make(chan struct{}, 1),
	}
}

// Append makes events durable, all of them or none, as journal.Append does. Errors: also
// ErrAway.
func (a *Acceptor) Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	r := &request{records: make([]record, len(entries))}
	for i := range entries {
		r.records[i] = eventRecord(&entries[i])
	}
	if err := a.commit(ctx, r); err != nil {
		return nil, err
	}
	return r.receipts, nil
}

// Resend makes the resend of an event durable. Errors: those of Append, and ErrNotFound
// if the event was removed.
func (a *Acceptor) Resend(ctx context.Context, of *history.EventRecord, to []string, by string) (history.Receipt, error) {
	r := &request{records: []record{{
		of: of.Seq, resend: true, to: to, line: history.AppendResend(nil, of.Seq, to, by),
		body: &queue.Body{Event: event.Event{JSON: of.Event, Filled: of.Filled}},
	}}}
	if err := a.commit(ctx, r); err != nil {
		return history.Receipt{}, err
	}
	if r.receipts[0].Seq == 0 {
		return history.Receipt{}, history.ErrNotFound
	}
	return r.receipts[0], nil
}

// bulkBatch is how many resends share a commit (journal.ResendBulk).
const bulkBatch = 4096

// ResendBulk resends deliveries in batches, each committed as a whole or not at all. seen
// is the last record from before they were selected: it leaves out those that another
// member has resent since then. An error states how many were accepted before it; then
// the result is what was done until then.
func (a *Acceptor) ResendBulk(ctx context.Context, m *query.Matches, seen history.Seq, by string) (journal.Resends, error) {
	done := journal.Resends{Gone: m.Gone}
	if m.Count > query.MaxBulk {
		return journal.Resends{}, &query.TooManyError{Count: m.Count}
	}
	if m.Count > 0 {
		done.ID = query.NewResendID(time.Now())
	}
	for rest := m.List; len(rest) > 0; {
		n := min(len(rest), bulkBatch)
		r := &request{records: make([]record, n)}
		for i, again := range rest[:n] {
			to := m.Targets.List[again.To : again.To+1 : again.To+1]
			r.records[i] = record{of: again.Of, resend: true, to: to, after: seen, line: history.AppendBulkResend(nil, again.Of, to, by, done.ID)}
		}
		if err := a.commit(ctx, r); err != nil {
			if done.Count > 0 {
				err = fmt.Errorf("%d of %d were accepted; repeat the request for the rest: %w", done.Count, m.Count, err)
			}
			return done, err
		}
		for _, receipt := range r.receipts {
			count(&done, receipt.Seq)
		}
		done.Gone -= r.needless
		rest = rest[n:]
	}
	if done.Count == 0 {
		done.ID = ""
	}
	return done, nil
}

// count counts one resend by its seq, which is 0 if the event was removed.
func count(done *journal.Resends, seq history.Seq) {
	if seq == 0 {
		done.Gone++
		return
	}
	done.Count++
	if n := len(done.Seqs); n > 0 && done.Seqs[n-1][1]+1 == seq {
		done.Seqs[n-1][1] = seq
	} else {
		done.Seqs = append(done.Seqs, [2]history.Seq{seq, seq})
	}
}

// Rename moves deliveries of a webhook to its new name in one commit, and returns how
// many. Those whose events were removed stay where they are, and those that were moved
// before, such as by another owner, are not moved again.
func (a *Acceptor) Rename(ctx context.Context, list []queue.Moving, was, to string, generation history.Generation) (moved int, err error) {
	r := &request{records: make([]record, len(list))}
	for i := range list {
		m := &list[i]
		r.records[i] = record{
			of: m.Of, resend: m.Resend, to: []string{to}, line: journal.AppendRename(nil, m, generation, was, to), generation: generation,
			body: m.Body, accepted: m.Accepted.UnixNano(), rename: m.Rename, was: was, ends: m.Seq,
		}
	}
	if err := a.commit(ctx, r); err != nil {
		return 0, err
	}
	for _, receipt := range r.receipts {
		if receipt.Seq != 0 {
			moved++
		}
	}
	return moved, nil
}

// Refuse ends the acceptance: requests get ErrStopping from now on.
func (a *Acceptor) Refuse() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed == nil {
		a.closed = history.ErrStopping
	}
}

// Fault returns why events are not accepted now. It passes, unless it is ErrStopping.
func (a *Acceptor) Fault() error {
	full := a.full()
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed != nil:
		return a.closed
	case a.away != nil:
		return a.away
	case full:
		return fmt.Errorf("%w: history.max_size is reached", history.ErrNoRoom)
	}
	return a.noRoom
}
