package relay

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/deliver"
	"sidehook/relay/editing"
	"sidehook/relay/inforce"
	"sidehook/relay/metrics"
)

// engine is what keeps the history. openStorage picks it; everything else in the relay
// knows only these calls. journal.Journal, which has the files, documents each.
type engine interface {
	writer
	backlog
	usage
	generations
	ownership

	// Run writes until ctx is done, or the engine fails.
	Run(ctx context.Context) error
	// Refuse ends the acceptance of events, before a stop.
	Refuse()
	// Fault returns why events are not accepted now. If it is history.ErrFailed, only a
	// restart helps; any other fault may pass.
	Fault() error
	// Close must be called after Run.
	Close() error
}

// writer makes records durable: on return they are synced. Many may call it at once.
type writer interface {
	Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error)
	Resend(ctx context.Context, r journal.Resend) (history.Receipt, error)
	ResendBulk(ctx context.Context, b query.Bulk, by string) (journal.Resends, error)
	Rename(ctx context.Context, was, to string, generation history.Generation) (moved int, err error)
	Accept(ctx context.Context, problems []history.Problem) error
}

// backlog has the pending deliveries.
type backlog interface {
	Queue(webhook string) *queue.Queue
	Queues() []*queue.Queue
	// WaitWritten returns when the attempts recorded so far can be read.
	WaitWritten(ctx context.Context)
	// WaitQueued returns when the events accepted so far are in the queues, and Elsewhere
	// knows of other processes. It reports false if that takes long.
	WaitQueued(ctx context.Context) bool
	// Stopped reports whether the last process stopped cleanly.
	Stopped() bool
}

// usage is how much room the history takes, and may take.
type usage interface {
	Retain(journal.Retention)
	Size() (int64, error)
	Limit() int64
	Full() bool
	Held(q *queue.Queue) int64
	DamagedLines() int64
}

// generations numbers the configurations.
type generations interface {
	// Number returns the number of a configuration, by a hash of what it means; edited
	// if it replaces another one while the process runs. It is 0 if it is not known yet.
	Number(hash string, edited bool) history.Generation
	// Generation returns the number and the hash of the one that is in force. The
	// number may become known later than Declare.
	Generation() (history.Generation, string)
	// Declare tells which one is in force.
	Declare(c Declaration)
}

// Declaration is what an engine needs to know of a configuration.
type Declaration struct {
	Generation history.Generation
	Hash       string
	Edited     bool
	Digests    map[string]string // of the entries of webhooks, by name
	Was        map[string]string // their former names
}

// declarationOf returns what an engine needs to know of a configuration that replaces
// before, which is nil at the start. Its renames may have some that the file before had.
func declarationOf(c, before *inforce.Config, renames map[string]rename) Declaration {
	d := Declaration{
		Generation: c.Generation, Hash: c.Digest, Edited: before != nil && before.Digest != c.Digest,
		Digests: make(map[string]string, len(c.Webhooks)), Was: map[string]string{},
	}
	for was, x := range renames {
		d.Was[x.to] = was
	}
	for _, w := range c.File.Webhooks {
		if d.Digests[w.Name] = w.Digest(); w.Was != "" {
			d.Was[w.Name] = w.Was
		}
	}
	return d
}

// ownership is which webhooks this process delivers to. A single one has them all.
type ownership interface {
	// Owns reports whether this process has the queue of a webhook.
	Owns(webhook string) bool
	// WhileOwned calls do, unless this process does not own the webhook. It is not
	// given up before do returns.
	WhileOwned(webhook string, do func())
	// Elsewhere reports whether another process may have a webhook in its file.
	Elsewhere(webhook string) bool
	// Owner returns the name of the process that owns a webhook, "" if none does or
	// processes have no names. Differing returns those with another entry of it.
	Owner(webhook string) string
	Differing(webhook string) []string
	// Figures returns what the owners of webhooks have told last, by their names.
	Figures() map[string]api.Webhook
	// Cluster is the state of the cluster for the metrics, nil without one.
	Cluster() *metrics.Cluster
	// Attempted visits the attempts at the deliveries of some seqs that processes have
	// recorded, in order.
	Attempted(ctx context.Context, seqs []history.Seq, visit func(*history.DeliveryRecord)) error
	// MayWait returns those of some webhooks for which deliveries may wait anywhere.
	// Unmoved returns those of some former names for which deliveries may wait, and that
	// are to go on under their new names. HoldUp has events for webhooks wait to be
	// accepted, and those for others no more.
	MayWait(ctx context.Context, webhooks []string) ([]string, error)
	Unmoved(ctx context.Context, renames map[string]string) ([]string, error)
	HoldUp(webhooks []string)
	// Ask has the owner of a webhook, which is another process, do an action.
	Ask(ctx context.Context, webhook, kind string, arguments json.RawMessage) (json.RawMessage, error)
}

// storage is an engine, and how its queues and its history are opened.
type storage struct {
	engine
	queues func(webhook string) deliver.Queue
	read   func() (reader, error)
	where  string // for messages
	failed string // what is said when it has failed
}

// openStorage opens the history. It is the one place that chooses an engine.
func (r *Relay) openStorage(file *config.File, opts journal.Options) (*storage, error) {
	if file.Cluster.Given() {
		return r.openCluster(file, opts)
	}
	dir := file.History.Dir
	j, err := journal.Open(dir, opts)
	if err != nil {
		return nil, err
	}
	var memory query.Memory
	return &storage{
		engine: alone{j}, queues: deliver.Journal(j), where: editing.Absolute(dir),
		failed: "the journal failed; sidehook exits, and recovers from what is on disk at the next start",
		read:   func() (reader, error) { return readFiles(dir, &memory) },
	}, nil
}

// reader reads the history, while the engine writes it. It must be closed.
type reader interface {
	admin.History
	finder
}

type finder interface {
	// Event returns an event, and Trace also what became of it; history.ErrNotFound.
	Event(query.EventRef) (history.EventRecord, error)
	// EventID returns the id of an event, "" if it is not to be had.
	EventID(seq history.Seq) (string, error)
	// Summaries returns how deliveries went; of all webhooks, if webhook is "".
	Summaries(webhook string, since, until time.Time) ([]history.WebhookStats, error)
	// Resend finds a resend in bulk, and Update brings it up to date, or returns false
	// if it has to be found again; history.ErrNotFound.
	Resend(ctx context.Context, id string) (*query.ResendProgress, error)
	Update(ctx context.Context, p *query.ResendProgress) (ok bool, err error)
	// Bulk returns the deliveries to be made again.
	Bulk(ctx context.Context, b query.Bulk) (query.Matches, error)
	Trace(query.EventRef) (*query.EventTrace, error)
	// Accepted visits the accepted events and resends, the newest first, until visit
	// returns false. A record is valid until the next one.
	Accepted(visit func(*history.EventRecord) bool) error
	// Namesakes returns the events of an id, the newest first.
	Namesakes(id string, most int) ([]history.EventRecord, error)
	// Recent calls visit for the attempts of each minute and webhook, until it returns
	// false.
	Recent(since, until time.Time, visit func(*query.Minute) bool) error
}

// readFiles opens the history of the files engine for reading.
func readFiles(dir string, memory *query.Memory) (reader, error) {
	r, err := query.Open(dir)
	if err != nil {
		return nil, err
	}
	r.Use(memory)
	return files{admin.Files(r), r}, nil
}

type files struct {
	admin.History
	finder
}

// alone is the files engine: one process has it, and so all webhooks.
type alone struct{ *journal.Journal }

func (a alone) Number(hash string, _ bool) history.Generation {
	n, last := a.Generation()
	if last != hash {
		n++
	}
	return n
}

func (a alone) WaitQueued(context.Context) bool { return true }
func (a alone) Declare(c Declaration)           { a.SetGeneration(c.Generation, c.Hash) }
func (a alone) Owns(string) bool                { return true }
func (a alone) WhileOwned(_ string, do func())  { do() }
func (a alone) Elsewhere(string) bool           { return false }
func (a alone) Owner(string) string             { return "" }
func (a alone) Differing(string) []string       { return nil }
func (a alone) Figures() map[string]api.Webhook { return nil }

func (a alone) Cluster() *metrics.Cluster { return nil }

func (a alone) Attempted(context.Context, []history.Seq, func(*history.DeliveryRecord)) error {
	return nil
}

// One process moves its deliveries before it accepts events under the new names.
func (a alone) Unmoved(context.Context, map[string]string) ([]string, error) { return nil, nil }
func (a alone) MayWait(context.Context, []string) ([]string, error)          { return nil, nil }
func (a alone) HoldUp([]string)                                              {}

func (a alone) Ask(context.Context, string, string, json.RawMessage) (json.RawMessage, error) {
	return nil, errors.New("there is no other process")
}
