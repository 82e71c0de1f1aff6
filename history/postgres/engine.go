package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/postgres/accept"
	"sidehook/history/postgres/archive"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/member"
	"sidehook/history/postgres/retention"
	"sidehook/history/postgres/spool"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// Options of an Engine. Database and Member.Name are required.
type Options struct {
	Database database.Options
	// Member is this relay in the cluster. Its DB is the engine's.
	Member member.Options
	// Spool is the folder in which events are accepted while the database is away, ""
	// for none.
	Spool string
	// Committed is called after each group commit with the number of records and how
	// long it took.
	Committed func(records int, took time.Duration)
	// Waited is called after each with how long the first request of it had waited.
	Waited func(time.Duration)
	// Low is called when the history comes to fill 70, and 90, percent of its limit.
	Low func(percent int, bytes, limit int64)
	Log *slog.Logger
}

// Engine is the history in PostgreSQL, as one member of a cluster has it. It is for
// concurrent use.
type Engine struct {
	*member.Member
	*retention.Keeper
	db     *database.DB
	log    *slog.Logger
	accept *gate
	spool  *spool.Spool // nil: there is none

	bulk     sync.Mutex // held by ResendBulk
	renaming sync.Mutex // held by Rename
}

const (
	// spoolDeadline is how long a request waits for the database where it can go elsewhere.
	spoolDeadline = 3 * time.Second
	// heldUpFor is how long a request waits for what must not be overtaken.
	heldUpFor = 10 * time.Second
)

// Open opens the history. It returns though the database is away, but not if the schema
// does not fit, or if commits would promise too little.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db, err := database.Open(o.Database)
	if err != nil {
		return nil, err
	}
	if err := check(ctx, db, o.Log); err != nil {
		db.Close()
		return nil, err
	}
	e := &Engine{db: db, log: o.Log}
	o.Member.DB, o.Member.Log = db, o.Log
	e.Member = member.New(o.Member)
	e.Keeper = retention.New(retention.Options{DB: db, Name: o.Member.Name, Log: o.Log, Low: o.Low})
	accepting := accept.Options{DB: db, Full: e.Keeper.Full, Wrote: e.Keeper.Wrote, Log: o.Log, Accepted: e.Member.Accepted, Committed: o.Committed, Waited: o.Waited}
	if o.Spool != "" {
		accepting.Deadline = spoolDeadline
	}
	e.accept = &gate{Acceptor: accept.New(accepting), patience: heldUpFor}
	if o.Spool != "" {
		if e.spool, err = spool.Open(o.Spool, spool.Options{Direct: e.accept, Log: o.Log, Journal: journal.Options{Log: o.Log}}); err != nil {
			db.Close()
			return nil, err
		}
	}
	return e, nil
}

// check returns why the database cannot be used. That it is away may pass.
func check(ctx context.Context, db *database.DB, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := db.CheckSchema(ctx)
	if err == nil {
		err = db.CheckSync(ctx)
	}
	switch {
	case err == nil:
	case errors.Is(err, database.ErrNoSchema), database.IsSync(err):
		return err
	default:
		log.Warn("the database is away; events are not accepted until it answers", "error", database.Explained(err))
	}
	return nil
}

// Append makes events durable, all of them or none, as journal.Append does. Errors: also
// ErrAway.
func (e *Engine) Append(ctx context.Context, entries []history.Entry) (receipts []history.Receipt, err error) {
	if e.spool != nil {
		receipts, err = e.spool.Append(ctx, entries)
	} else {
		receipts, err = e.accept.Append(ctx, entries)
	}
	if errors.Is(err, history.ErrNoRoom) && e.Full() {
		err = e.explain()
	}
	return receipts, err
}

// explain returns what fills the history, and what to do. It knows the webhooks that this
// member owns.
func (e *Engine) explain() error {
	limit := float64(e.Limit()) / (1 << 20)
	var webhook string
	var most int64
	for _, q := range e.Queues() {
		if held := e.Held(q); held > most {
			webhook, most = q.Name(), held
		}
	}
	if webhook == "" {
		return fmt.Errorf("%w: history.max_size, %.1f MiB, is reached: make it larger", history.ErrNoRoom, limit)
	}
	return fmt.Errorf("%w: history.max_size, %.1f MiB, is reached, and %.1f MiB of it wait for the webhook %q: make it larger, or let that webhook deliver, or cancel what waits",
		history.ErrNoRoom, limit, float64(most)/(1<<20), webhook)
}

// Resend makes a resend durable. If a delivery to one of the webhooks is pending, and this
// member owns it, that one becomes due now instead.
func (e *Engine) Resend(ctx context.Context, r journal.Resend) (history.Receipt, error) {
	var fresh []string
	for _, name := range r.To {
		if !e.Owns(name) || !e.Queue(name).RetryEventNow(&r.Of) {
			fresh = append(fresh, name)
		}
	}
	if len(fresh) == 0 {
		return history.Receipt{}, nil
	}
	return e.accept.Resend(ctx, &r.Of, fresh, r.By)
}

// Reader reads the history, while it is written.
func (e *Engine) Reader() *archive.Reader { return archive.New(e.db) }

// ResendBulk makes the deliveries that match b again, in the order of acceptance, as
// journal.ResendBulk does.
func (e *Engine) ResendBulk(ctx context.Context, b query.Bulk, by string) (journal.Resends, error) {
	e.bulk.Lock()
	defer e.bulk.Unlock()
	if err := e.Flush(); err != nil { // what has ended by now is found
		return journal.Resends{}, err
	}
	// Another member may send the same again at this moment: what it does after this is
	// not in the selection.
	seen, err := e.Reader().Last(ctx)
	if err != nil {
		return journal.Resends{}, err
	}
	m, err := e.Reader().Bulk(ctx, b)
	if err != nil {
		return journal.Resends{}, err
	}
	return e.accept.ResendBulk(ctx, &m, seen, by)
}

// ErrElsewhere is the error of Rename if this member does not own both names.
var ErrElsewhere = errors.New("this member does not own the webhook and its former name")

// Rename moves the pending deliveries of a webhook to its new name, as journal.Rename does.
// The member that owns both names does it. Errors: also ErrElsewhere.
func (e *Engine) Rename(ctx context.Context, was, to string, generation history.Generation) (moved int, err error) {
	e.renaming.Lock()
	defer e.renaming.Unlock()
	if !e.Owns(was) || !e.Owns(to) {
		return 0, ErrElsewhere
	}
	// What an earlier call has moved, without an answer, must not be moved again.
	if err := e.CatchUp(ctx); err != nil {
		return 0, err
	}
	err = e.Queue(was).Move(to, generation, func(list []queue.Moving) error {
		n, err := e.accept.Rename(ctx, list, was, to, generation)
		if moved += n; err == nil {
			err = e.CatchUp(ctx)
		}
		return err
	})
	if err == nil && (!e.Owns(was) || !e.Owns(to)) {
		err = ErrElsewhere // the next owner may know of more
	}
	return moved, err
}

// HoldUp has events for these webhooks wait to be accepted, and those for others no more.
func (e *Engine) HoldUp(webhooks []string) { e.accept.holdUp(webhooks) }

// Retain sets how much is kept, in the database and in the files beside it.
func (e *Engine) Retain(r journal.Retention) {
	e.Keeper.Retain(r)
	if e.spool != nil {
		e.spool.Retain(r)
	}
}

// Spooled returns how many events wait on this host until the database is back.
func (e *Engine) Spooled() int {
	if e.spool == nil {
		return 0
	}
	return e.spool.Waiting()
}

// Refuse ends the acceptance of events, and begins to give up what the member owns.
func (e *Engine) Refuse() {
	e.accept.Refuse()
	if e.spool != nil {
		e.spool.Refuse()
	}
	e.Leave()
}

// Fault returns why events are not accepted now. If it is ErrFailed, only a restart helps.
func (e *Engine) Fault() error {
	fault := e.accept.Fault()
	if e.spool == nil {
		return fault
	}
	if err := e.spool.Fault(); errors.Is(err, history.ErrFailed) || errors.Is(fault, history.ErrAway) {
		return err // while the database is away, the files decide
	}
	return fault
}

// Run accepts, and is a member, until ctx is done, or another process has the name of the
// member, or the files of the spool fail.
func (e *Engine) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return e.Member.Run(running) })
	group.Go(func() error { return e.Keeper.Run(running) })
	if e.spool != nil {
		group.Go(func() error { return e.spool.Run(running) })
	}
	group.Go(func() error { return e.accept.Run(running) })
	return group.Wait()
}

// Close must be called after Run.
func (e *Engine) Close() error {
	var err error
	if e.spool != nil {
		err = e.spool.Close()
	}
	e.db.Close()
	return err
}
