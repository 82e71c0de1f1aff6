package relay

import (
	"context"
	"errors"
	"os"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/postgres"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/member"
	"sidehook/history/query"
	"sidehook/history/queue"
	"sidehook/relay/deliver"
	"sidehook/relay/deliver/pace"
)

// openCluster opens the history in the PostgreSQL of a cluster.
func (r *Relay) openCluster(file *config.File, opts journal.Options) (*storage, error) {
	c := &file.Cluster
	name := c.Name
	if name == "" {
		var err error
		if name, err = os.Hostname(); err != nil {
			return nil, err
		}
	}
	spool := ""
	if c.Spool {
		spool = file.History.Dir
	}
	e, err := postgres.Open(context.Background(), postgres.Options{
		Database: database.Options{URL: c.Postgres.Reveal(), Schema: c.Schema, Sync: database.Sync(c.Sync), Name: "sidehook " + name},
		Member: member.Options{
			Name: name, Lease: c.Lease, Recorded: opts.Recorded, Bodies: opts.Bodies, LeastBody: opts.LeastBody,
			Hold: r.hold, Drop: func(webhook string) <-chan struct{} { return r.deliver.Drop(webhook) },
		},
		Spool: spool, Committed: opts.Committed, Log: opts.Log,
	})
	if err != nil {
		return nil, err
	}
	return &storage{
		engine: clustered{e}, queues: deliver.Journal(e), where: c.Postgres.Redacted(),
		read: func() (reader, error) { return nil, errNotRead },
	}, nil
}

var errNotRead = errors.New("the history of a cluster cannot be read yet")

// hold has deliver begin on a webhook whose queue this member has got. The member waits
// for it, so it must not wait for an edit that is applied.
func (r *Relay) hold(webhook string) {
	active := r.inForce.Load()
	q := r.journal.Queue(webhook)
	active.limit(q)
	if _, ok := active.webhooks[webhook]; !ok {
		return // its deliveries wait to be moved, or end as those of an orphan
	}
	r.reclaimQueue(q)
	r.deliver.Hold(webhook, pace.History{Since: time.Now()}) // TODO: the requests of the owner before
}

// holdOwned has deliver begin on what this member owned before its file had it.
func (r *Relay) holdOwned(active *activeConfig) {
	if !r.atStart.Cluster.Given() {
		return
	}
	for name := range active.webhooks {
		r.journal.WhileOwned(name, func() { r.hold(name) })
	}
}

// renumberLocked puts the number of the configuration in force that became known only
// after it was applied, since the database was away.
func (r *Relay) renumberLocked() {
	n, hash := r.journal.Generation()
	if n == 0 || hash != r.active.digest || n == r.active.generation {
		return
	}
	next := *r.active
	next.generation = n
	r.active = &next
	r.inForce.Store(&next)
	r.notices.Apply(next.forNotices())
	r.deliver.Apply(next.forDeliver())
	r.intake.Apply(next.forIntake())
	r.setLimitsLocked()
}

// clustered is the engine of a cluster as the relay uses it.
type clustered struct{ *postgres.Engine }

func (c clustered) ResendBulk(ctx context.Context, b query.Bulk, by string) (journal.Resends, error) {
	return c.Engine.ResendBulk(ctx, by, func(context.Context) (query.Matches, error) { return query.Matches{}, errNotRead })
}

// Accept has nothing to accept: the database has its own checksums.
func (c clustered) Accept(context.Context, []history.Problem) error {
	return errors.New("the history is in a database, which has no damage to accept")
}

// Stopped reports that no attempt lacks its line: what an owner before has lost is
// attempted again, and counts then.
func (c clustered) Stopped() bool { return true }

func (c clustered) Retain(journal.Retention) {}
func (c clustered) Size() (int64, error)     { return 0, nil }
func (c clustered) Limit() int64             { return 0 }
func (c clustered) Full() bool               { return false }
func (c clustered) Held(*queue.Queue) int64  { return 0 }
func (c clustered) DamagedLines() int64      { return 0 }

func (c clustered) Elsewhere(webhook string) bool { return c.Declared(webhook) }

func (c clustered) Declare(d Declaration) {
	c.Member.Declare(member.Declaration{File: d.Hash, Edited: d.Edited, Digests: d.Digests, Was: d.Was})
}
