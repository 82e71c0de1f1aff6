package relay

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/trouble"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console"
	"sidehook/relay/console/session"
	"sidehook/relay/deliver"
	"sidehook/relay/engine"
	"sidehook/relay/firstattempt"
	"sidehook/relay/httpd"
	"sidehook/relay/inforce"
	"sidehook/relay/intake"
	"sidehook/relay/losses"
	"sidehook/relay/memory"
	"sidehook/relay/metrics"
	"sidehook/relay/notice"
	"sidehook/relay/operator"
	"sidehook/relay/outbox"
	"sidehook/relay/send"
)

// Options are the options of a relay. The zero value works.
type Options struct {
	Log     *slog.Logger
	Version string                 // in the User-Agent
	Commit  string                 // that it was built from, for the metrics
	Opened  func(addrs []net.Addr) // called once every listener is open

	// Listeners were opened by others. One of a network (tcp, unix) replaces the
	// listener of that network in the file.
	Listeners []net.Listener
	Memory    memory.Limit   // of the process
	Roots     *x509.CertPool // to verify receivers with; nil: the system's
}

// Relay is a running sidehook.
type Relay struct {
	log      *slog.Logger
	opts     Options
	atStart  *config.File // whose listen and history.dir are in force
	start    time.Time    // no attempt was made before
	journal  *engine.Storage
	operator *operator.Operator
	deliver  *deliver.Deliverer
	server   *httpd.Server
	intake   *intake.Handler
	outboxes *outbox.Outboxes
	metrics  *metrics.Metrics
	notices  *notice.Reporter
	sessions *session.Keeper  // of the console
	console  *console.Handler // nil: it is off
	losses   *losses.Log
	own      atomic.Pointer[[]netip.AddrPort] // addresses of the listeners
	dead     atomic.Pointer[error]            // why the journal ended; nil while it runs
	givenUp  losses.LastHour
	held     heldWebhooks // in a cluster

	mu        sync.Mutex
	active    *inforce.Config
	refused   error                          // why the last edit was rejected; nil if it was not
	orphans   map[string]time.Time           // when the deliveries of each end, on the monotonic clock
	renames   map[string]rename              // by former names
	inForce   atomic.Pointer[inforce.Config] // active, for callers that must not wait
	lookAgain bool                           // for orphans: the files of other members are not known yet
	running   bool                           // the journal runs, so deliveries can be moved
	rejected  int                            // edits so far
	renaming  trouble.Trouble
}

// failureGrace is how long requests are answered after the journal has failed.
const failureGrace = 3 * time.Second

// New opens the history, whatever state a crash left it in, and restores where it
// stopped. It does not listen or send yet.
func New(file *config.File, opts Options) (*Relay, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	r := &Relay{log: opts.Log, opts: opts, atStart: file, sessions: session.New(), losses: losses.NewLog(opts.Log), orphans: map[string]time.Time{}}
	r.held.more = make(chan struct{}, 1)
	r.own.Store(new([]netip.AddrPort))
	r.metrics = metrics.New(metrics.Build{Version: opts.Version, Revision: opts.Commit, Go: runtime.Version()}, r.snapshot)
	watches := &firstattempt.Watches{Attempts: r.attempts, WaitWritten: func(ctx context.Context) { r.journal.WaitWritten(ctx) }}
	stored, err := r.openStorage(file, journal.Options{
		Keep: file.History.Keep, Low: r.notifyUsage, Bodies: opts.Memory.Bodies(), LeastBody: opts.Memory.Request(),
		Committed: r.metrics.Committed, Recorded: func(a history.Recorded) {
			if a.RenamedTo == "" { // otherwise it goes on under another name
				r.metrics.Recorded(a.Webhook, a.Status, a.Took, a.Accepted)
			}
			r.givenUp.Recorded(&a)
			watches.Recorded(&a)
			r.losses.Recorded(&a)
			r.reportAttempt(&a)
		}, Log: opts.Log,
	})
	if err != nil {
		return nil, err
	}
	r.journal = stored
	if file.Cluster.Given() {
		watches.Others = stored
	}
	r.notices = notice.New(notice.Options{Append: stored.Append, State: r.state, Log: opts.Log})
	r.deliver = deliver.New(stored.Open, deliver.Options{
		Send:   send.Options{Own: func() []netip.AddrPort { return *r.own.Load() }, Roots: opts.Roots},
		Notify: r.notifyDelivery, Log: opts.Log, HoldEach: file.Cluster.Given(),
	})
	r.server = httpd.New(httpd.Options{
		HTTP: file.Listen.HTTP, Socket: file.Listen.Socket, SocketMode: file.Listen.SocketMode, Listeners: opts.Listeners,
		Token: file.Listen.Token.Reveal(), ReadToken: file.Listen.ReadToken.Reveal(), Opened: r.opened, Log: opts.Log,
	})
	r.intake = intake.New(r.server, stored, intake.Settings{}, intake.Options{
		MaxEventSize: file.Listen.MaxEventSize, Bodies: opts.Memory.Bodies(), Deliveries: watches,
		Answered: r.metrics.Answered, Unmatched: r.metrics.Unmatched, Log: opts.Log,
	})
	r.outboxes = outbox.New(outbox.Options{Accept: r.acceptRows, MaxEventSize: file.Listen.MaxEventSize, Log: opts.Log})
	r.operator = operator.New(operator.Options{
		Engine: stored, Deliver: r.deliver, Intake: r.intake, Outboxes: r.outboxes, GivenUp: &r.givenUp, Sessions: r.sessions,
		AtStart: file, State: r.current, Addresses: func() []netip.AddrPort { return *r.own.Load() }, Log: opts.Log,
	})
	admin.New(r.server, r.operator, admin.Options{Ready: r.ready, Healthy: r.Healthy, Metrics: r.metrics.Write, Version: opts.Version, Log: opts.Log})
	r.mountConsole(file.Listen.Console)
	if err := r.Apply(file); err != nil {
		return nil, errors.Join(err, stored.Close())
	}
	r.restoreRates()
	r.start = time.Now()
	return r, nil
}

// opened notes the listeners' addresses, to which no delivery may go.
func (r *Relay) opened(addrs []net.Addr) {
	var own []netip.AddrPort
	for _, addr := range addrs {
		if tcp, ok := addr.(*net.TCPAddr); ok {
			own = append(own, tcp.AddrPort())
		}
	}
	r.own.Store(&own)
	if r.opts.Opened != nil {
		r.opts.Opened(addrs)
	}
}

// current returns which configuration is in force.
func (r *Relay) current() operator.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return operator.State{Active: r.active, Refused: r.refused, Rejected: r.rejected}
}

// state returns the current state of a webhook, "" for one that is not in force.
func (r *Relay) state(webhook string) string { return r.deliver.State(webhook) }

// attempts reports whether a webhook makes first attempts now. One that is throttled
// does so soon.
func (r *Relay) attempts(webhook string) bool {
	state := r.state(webhook)
	if !r.journal.Owns(webhook) { // the owner has told its state, or nothing yet
		state = cmp.Or(r.journal.Figures()[webhook].State, api.StateActive)
	}
	return state == api.StateActive || state == deliver.Throttled
}

// Healthy returns why a restart would help, nil if it would not: the journal failed, a
// writer of it hangs, or a delivery is overdue without cause. It does not return a
// stop, which ends in a restart anyway, nor a disk that hangs, which would hang for the
// next process as well. It should be called every minute or more often, since it finds
// what is overdue by comparing with the previous call.
func (r *Relay) Healthy() error {
	if err := r.dead.Load(); err != nil {
		return *err
	}
	if err := r.journal.Fault(); errors.Is(err, history.ErrFailed) {
		return err
	}
	return r.deliver.Overdue()
}

// ready returns why events are not accepted now, nil if they are.
func (r *Relay) ready() error { return r.journal.Fault() }

// Run listens and delivers until ctx is done or something fails. doc.go has its
// goroutines and the order of a stop. If the journal fails, Run returns within
// failureGrace, and goroutines that still run then end with the process.
func (r *Relay) Run(ctx context.Context) error {
	serving, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	writing, closeJournal := context.WithCancel(context.WithoutCancel(ctx))
	defer closeJournal()

	written := make(chan error, 1)
	go func() {
		err := r.journal.Run(writing)
		if err != nil {
			r.dead.Store(&err)
			r.log.Error(r.journal.Failed, "history", r.journal.Where, "error", err)
		}
		stop(err)
		written <- err
	}()
	served := make(chan error, 1)
	go func() {
		var working sync.WaitGroup
		r.reportStart()
		r.startRenaming(serving)
		working.Go(func() { r.deliver.Run(serving) })
		working.Go(func() { r.restoreLastHour(serving) })
		working.Go(func() { r.sweepOrphans(serving) })
		working.Go(func() { r.keepRenaming(serving) })
		working.Go(func() { r.outboxes.Run(serving) })
		working.Go(func() { r.notices.Run(serving) })
		working.Go(func() { r.losses.Run(serving) })
		if r.console != nil {
			working.Go(func() { r.console.Run(serving) })
		}
		err := r.server.Run(serving)
		stop(err)
		r.journal.Refuse()
		working.Wait()
		r.notices.LogUnreported()
		r.losses.Close()
		r.reportStop()
		served <- err
	}()

	select {
	case err := <-served:
		closeJournal()
		return errors.Join(err, <-written, r.journal.Close())
	case err := <-written:
		select {
		case <-served:
		case <-time.After(failureGrace):
		}
		return err
	}
}

// Refused notes why the last edit of the file was rejected, nil if it was not, for the
// API and the metrics.
func (r *Relay) Refused(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = err
	r.rejected++
}

// openStorage opens the history. It is the one place that chooses an engine.
func (r *Relay) openStorage(file *config.File, opts journal.Options) (*engine.Storage, error) {
	if file.Cluster.Given() {
		return r.openCluster(file, opts)
	}
	return engine.Files(file.History.Dir, opts)
}
