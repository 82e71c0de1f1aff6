// Package relay is the process: it opens the history, runs the listener and the
// deliverer on it, applies each configuration to both, and stops them in order.
//
// It is the only room that knows config and the others; they do not know each
// other. Command run makes one Relay, runs it, and feeds it what the watcher of
// the file finds.
package relay

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
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
	"sidehook/relay/admin"
	"sidehook/relay/deliver"
	"sidehook/relay/httpd"
	"sidehook/relay/intake"
	"sidehook/relay/memory"
	"sidehook/relay/metrics"
	"sidehook/relay/send"
)

// Options say how a relay runs. The zero value works.
type Options struct {
	Log     *slog.Logger
	Version string                 // in the User-Agent
	Commit  string                 // that it was built from, for the metrics
	Opened  func(addrs []net.Addr) // called once every listener is open

	// Listeners were opened by others, and are served instead of those of their
	// network, tcp or unix, in the file.
	Listeners []net.Listener
	Memory    memory.Limit   // that the process has
	Roots     *x509.CertPool // of the receivers' certificates; nil: the system's
}

// Relay is a running sidehook.
type Relay struct {
	log     *slog.Logger
	opts    Options
	began   *config.File // the file at the start, whose listen and history.dir run
	dir     string       // of the history
	start   time.Time    // no attempt was made before
	journal *journal.Journal
	deliver *deliver.Deliverer
	server  *httpd.Server
	intake  *intake.Handler
	metrics *metrics.Metrics
	notices *notices
	own     atomic.Pointer[[]netip.AddrPort] // of the listener
	dead    atomic.Pointer[error]            // why the journal is not written any more

	mu           sync.Mutex
	force        *force
	refused      error
	orphans      map[string]time.Time // until when each is kept, on the monotonic clock
	former       map[string]string    // the webhooks in force by their former names
	running      bool                 // the journal is: deliveries can be moved
	renameFailed string               // why some could not be, the last time that was said
}

// failureGrace is how long a relay whose journal failed answers those who wait
// before it ends.
const failureGrace = 3 * time.Second

// New opens the history, whatever state a crash left it in, and takes up where
// it stood. It listens and sends nothing yet.
func New(file *config.File, opts Options) (*Relay, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	r := &Relay{log: opts.Log, opts: opts, began: file, dir: file.History.Dir, orphans: map[string]time.Time{}}
	r.metrics = metrics.New(metrics.Build{Version: opts.Version, Revision: opts.Commit, Go: runtime.Version()}, r.standing)
	r.notices = newNotices(opts.Log)
	watches := newWatches(r.attempts, func(ctx context.Context) { r.journal.WaitWritten(ctx) })
	journal, err := journal.Open(file.History.Dir, journal.Options{
		Keep: file.History.Keep, Low: r.notices.low, Bodies: opts.Memory.Bodies(), LeastBody: opts.Memory.Request(),
		Committed: r.metrics.Committed, Recorded: func(a history.Recorded) {
			if a.RenamedTo == "" { // else it is not over
				r.metrics.Recorded(a.Webhook, a.Status, a.Took, a.Accepted)
			}
			watches.recorded(a)
		}, Log: opts.Log,
	})
	if err != nil {
		return nil, err
	}
	r.journal = journal
	r.own.Store(new([]netip.AddrPort))
	r.deliver = deliver.New(deliver.Journal(journal), deliver.Options{
		Send:     send.Options{Own: func() []netip.AddrPort { return *r.own.Load() }, Roots: opts.Roots},
		Happened: r.notices.happened, Log: opts.Log,
	})
	r.notices.append, r.notices.state = journal.Append, func(webhook string) string {
		s, _ := r.deliver.Snapshot(webhook)
		return s.State
	}
	r.server = httpd.New(httpd.Options{
		HTTP: file.Listen.HTTP, Socket: file.Listen.Socket, SocketMode: file.Listen.SocketMode, Listeners: opts.Listeners,
		Token: file.Listen.Token.Reveal(), Opened: r.opened, Log: opts.Log,
	})
	r.intake = intake.New(r.server, journal, intake.Settings{}, intake.Options{
		MaxEventSize: file.Listen.MaxEventSize, Bodies: opts.Memory.Bodies(), Deliveries: watches, Answered: r.metrics.Answered,
	})
	admin.New(r.server, (*operator)(r), admin.Options{Ready: r.ready, Healthy: r.Healthy, Metrics: r.metrics.Write, Log: opts.Log})
	if err := r.Apply(file); err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	r.recallRates()
	r.start = time.Now()
	return r, nil
}

// opened learns which addresses no delivery may go to.
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

// attempts reports whether a webhook makes first attempts now.
func (r *Relay) attempts(webhook string) bool {
	s, ok := r.deliver.Snapshot(webhook)
	return ok && s.State == stateActive
}

// Healthy is why a restart would help, nil while it would not: a journal that
// failed or whose writer is stuck, in either of its streams, or a delivery that
// is overdue without cause. A journal that stops is on its way to a restart
// already, and a disk that hangs would hang for the next process as well. It may
// be called at any time, and should be every minute or more often: what is
// overdue is found by comparing with the call before.
func (r *Relay) Healthy() error {
	if err := r.dead.Load(); err != nil {
		return *err
	}
	if err := r.journal.Failed(); err != nil && !errors.Is(err, history.ErrStopping) {
		return err
	}
	return cmp.Or(r.journal.WriterStalled(), r.deliver.Overdue())
}

// ready is why no event is accepted now, nil if they are.
func (r *Relay) ready() error {
	if err := r.journal.Ready(); err != nil {
		return err
	}
	if r.journal.Full() {
		return fmt.Errorf("%w: history.max_size is reached", history.ErrNoRoom)
	}
	return nil
}

// Run listens and delivers until ctx is done. The order of a stop: the listener
// refuses and ends what it has begun; requests under way to receivers end, or
// are cut and given back; then the journal writes what is left and the cursors.
// A journal that fails ends Run within failureGrace, and whatever runs on by
// then ends with the process.
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
			r.log.Error("sidehook ends, for the next start to read what is truly on the disk", "dir", r.dir, "error", err)
		}
		stop(err)
		written <- err
	}()
	served := make(chan error, 1)
	go func() {
		var working sync.WaitGroup
		r.startRenaming(serving)
		working.Go(func() { r.deliver.Run(serving) })
		working.Go(func() { r.recallHour(serving) })
		working.Go(func() { r.sweepOrphans(serving) })
		working.Go(func() { r.keepRenaming(serving) })
		working.Go(func() { r.notices.run(serving) })
		err := r.server.Run(serving)
		stop(err)
		r.journal.Refuse()
		working.Wait()
		r.notices.leave()
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

// Refused remembers why the last edit of the file is not in force, for those
// who look; nil: it is.
func (r *Relay) Refused(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = err
}
