// Package engine has the interface through which a relay uses a history, of either engine:
// writing, reading, and the actions that a member of a cluster asks the owner of a webhook
// for. It opens the engine of files; relay opens the one of a cluster, which calls back into
// it. relay and operator call it.
package engine

import (
	"context"
	"encoding/json"

	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
	"sidehook/relay/api"
	"sidehook/relay/deliver"
	"sidehook/relay/inforce"
	"sidehook/relay/metrics"
)

// Engine keeps the history. The calls are documented at journal.Journal, the engine of files.
type Engine interface {
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
	// Number returns the number of a configuration, by the digest of its meaning, or 0 if
	// the number is not known yet. edited says that the configuration replaces another
	// one while the process runs.
	Number(hash string, edited bool) history.Generation
	// Generation returns the number and the hash of the one that is in force. The
	// number may become known later than Declare.
	Generation() (history.Generation, string)
	// Declare tells which one is in force.
	Declare(c Declaration)
}

// Declaration describes a configuration to an engine.
type Declaration struct {
	Generation history.Generation
	Hash       string
	Edited     bool
	Digests    map[string]string // of the entries of webhooks, by name
	Was        map[string]string // their former names
}

// ownership tells which webhooks this process delivers to. A single process has them all.
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
	// Figures returns the latest figures of the owners of webhooks, by webhook.
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

// Storage is an engine, and how its queues and its history are opened.
type Storage struct {
	Engine
	Open   func(webhook string) deliver.Queue
	Read   func() (Reader, error) // history.ErrNoHistory
	Where  string                 // for messages
	Failed string                 // the message to log when the engine has failed
}

// IsOrphan reports whether so many deliveries wait for a webhook that is in no file.
func (s *Storage) IsOrphan(active *inforce.Config, webhook string, waiting int) bool {
	return waiting > 0 && !active.Has(webhook) && !s.Elsewhere(webhook)
}
