package relay

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/postgres"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/member"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/deliver"
	"sidehook/relay/deliver/pace"
	"sidehook/relay/engine"
	"sidehook/relay/inforce"
	"sidehook/relay/metrics"
)

// openCluster opens the history in the PostgreSQL of a cluster.
func (r *Relay) openCluster(file *config.File, opts journal.Options) (*engine.Storage, error) {
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
	r.metrics.Clustered()
	e, err := postgres.Open(context.Background(), postgres.Options{
		Database: database.Options{URL: c.Postgres.Reveal(), Schema: c.Schema, Sync: database.Sync(c.Sync), Name: "sidehook " + name},
		Member: member.Options{
			Name: name, Lease: c.Lease, Recorded: opts.Recorded, Bodies: opts.Bodies, LeastBody: opts.LeastBody,
			Hold: r.hold, Figures: r.figures,
			Do:   r.doAsked,
			Drop: func(webhook string) <-chan struct{} { return r.deliver.Drop(webhook) },
		},
		Spool: spool, Committed: opts.Committed, Waited: r.metrics.Waited, Low: opts.Low, Log: opts.Log,
	})
	if err != nil {
		return nil, err
	}
	return &engine.Storage{
		Engine: &clustered{Engine: e}, Open: deliver.Journal(e), Where: c.Postgres.Redacted(), Failed: "this member of the cluster ends",
		Read: func() (engine.Reader, error) { return e.Reader(), nil },
	}, nil
}

// doAsked does what another member has asked for, on all that one has accepted before, and
// so that it sees after the answer what has come of it.
func (r *Relay) doAsked(ctx context.Context, a member.Asked) json.RawMessage {
	e := r.journal.Engine.(*clustered)
	short, cancel := context.WithTimeout(ctx, caughtUpWithin)
	_ = e.CatchUp(short) // if the database is away it is done on what is known
	cancel()
	answer := r.asked(ctx, a.Webhook, a.Kind, a.Arguments)
	e.Save(ctx, a.Webhook)
	return answer
}

const caughtUpWithin = 2 * time.Second

// hold has deliver begin on a webhook whose queue this member has got. The member waits
// for it, so it must not wait for an edit that is applied.
func (r *Relay) hold(webhook string) {
	active := r.inForce.Load()
	q := r.journal.Queue(webhook)
	active.Limit(q)
	if _, ok := active.Webhooks[webhook]; !ok {
		return // its deliveries wait to be moved, or end as those of an orphan
	}
	r.reclaimQueue(q)
	if r.deliver.State(webhook) != "" {
		return // it was held before
	}
	r.givenUp.Forget(webhook) // it is read again
	upto := r.journal.Engine.(*clustered).LastLine()
	if r.deliver.Hold(webhook, r.requestsBefore(webhook, active.Webhooks[webhook].Settings.Rate.Per)) {
		r.held.add(webhook, upto)
	}
}

// requestsBefore returns the requests that owners before have made for a webhook, as far
// as they count for its rate. How many more they have made cannot be known: those that were
// in flight when one died.
func (r *Relay) requestsBefore(webhook string, per time.Duration) pace.History {
	if per == 0 {
		return pace.History{}
	}
	// The records have the time of the database.
	skew := r.journal.Engine.(*clustered).Skew()
	past := map[string]*pace.History{webhook: {}}
	since, err := r.restoreRequests(past, query.Query{Webhook: webhook}, time.Now().Add(skew-per))
	h := past[webhook]
	for i := range h.Requests {
		q := &h.Requests[i]
		q.Begun, q.Ended = q.Begun.Add(-skew), q.Ended.Add(-skew)
	}
	if h.Since = since.Add(-skew); err != nil {
		h.Since = time.Now()
		r.log.Warn("cannot read the last requests; the rate begins as if used up", "webhook", webhook, "error", err)
	}
	h.Unrecorded = r.journal.Queue(webhook).Backlog().Events
	return *h
}

// holdOwned has deliver begin on what this member owned before its file had it.
func (r *Relay) holdOwned(active *inforce.Config) {
	if !r.atStart.Cluster.Given() {
		return
	}
	for name := range active.Webhooks {
		r.journal.WhileOwned(name, func() { r.hold(name) })
	}
}

// renumberLocked puts the number of the configuration in force that became known only
// after it was applied, since the database was away.
func (r *Relay) renumberLocked() {
	n, hash := r.journal.Generation()
	if n == 0 || hash != r.active.Digest || n == r.active.Generation {
		return
	}
	next := *r.active
	next.Generation = n
	r.active = &next
	r.inForce.Store(&next)
	r.notices.Apply(next.ForNotices())
	r.deliver.Apply(next.ForDeliver())
	r.intake.Apply(next.ForIntake())
	r.setLimitsLocked()
}

// clustered is the engine of a cluster as the relay uses it.
type clustered struct {
	*postgres.Engine

	mu      sync.Mutex
	read    time.Time
	figures map[string]api.Webhook
}

// figuresFor is how long the figures that other members have told are not read again.
const figuresFor = time.Second

func (c *clustered) Figures() map[string]api.Webhook {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.read) < figuresFor {
		return c.figures
	}
	c.read = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), figuresFor)
	defer cancel()
	told, err := c.Engine.Figures(ctx)
	if err != nil {
		return c.figures // of before
	}
	c.figures = make(map[string]api.Webhook, len(told))
	for name, f := range told {
		var w api.Webhook
		if json.Unmarshal(f.Text, &w) != nil {
			continue
		}
		if w.Backlog.Events > 0 {
			w.Backlog.OldestSeconds += f.Age.Seconds() // nothing is told while nothing changes
		}
		if f.Age >= time.Hour {
			w.LastHour = api.LastHour{}
		}
		c.figures[name] = w
	}
	return c.figures
}

func (c *clustered) Ask(ctx context.Context, webhook, kind string, arguments json.RawMessage) (json.RawMessage, error) {
	answer, err := c.Member.Ask(ctx, member.Asked{Webhook: webhook, Kind: kind, Arguments: arguments})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = time.Time{} // its figures are others now
	return answer, err
}

func (c *clustered) Cluster() *metrics.Cluster {
	s := c.State()
	return &metrics.Cluster{Up: s.Up, Members: s.Members, Owned: s.Owned, Takeovers: s.Takeovers, Late: s.Late, Spooled: c.Spooled(), Skew: c.Skew()}
}

// Resend makes what is pending due now where it is owned.
func (c *clustered) Resend(ctx context.Context, r journal.Resend) (history.Receipt, error) {
	var fresh []string
	for _, name := range r.To {
		if !c.Owns(name) && c.hastened(ctx, name, &r.Of) {
			continue
		}
		fresh = append(fresh, name)
	}
	if len(fresh) == 0 {
		return history.Receipt{}, nil
	}
	r.To = fresh
	return c.Engine.Resend(ctx, r)
}

// hastened reports whether the owner of a webhook has made the deliveries of an event due
// now. If it does not answer another delivery is made, which is what was asked for.
func (c *clustered) hastened(ctx context.Context, webhook string, of *history.EventRecord) (found bool) {
	if w, ok := c.Figures()[webhook]; ok && w.Backlog.Events == 0 && time.Since(of.At) > time.Minute {
		return false
	}
	s := engine.Storage{Engine: c}
	return s.AskOwner(ctx, webhook, engine.AskRetryEvent, engine.EventOf{Seq: of.Seq, To: of.To}, &found) == nil && found
}

// Accept has nothing to accept: the database has its own checksums.
func (c *clustered) Accept(context.Context, []history.Problem) error {
	return errors.New("the history is in a database, which has no damage to accept")
}

// Stopped reports that no attempt lacks its line: what an owner before has lost is
// attempted again, and counts then.
func (c *clustered) Stopped() bool { return true }

func (c *clustered) DamagedLines() int64 { return 0 }

func (c *clustered) Elsewhere(webhook string) bool { return c.Declared(webhook) }

func (c *clustered) Declare(d engine.Declaration) {
	c.Member.Declare(member.Declaration{File: d.Hash, Generation: d.Generation, Edited: d.Edited, Digests: d.Digests, Was: d.Was})
}

func (c *clustered) Unmoved(ctx context.Context, renames map[string]string) (list []string, err error) {
	waiting, err := c.MayWait(ctx, slices.Collect(maps.Keys(renames)))
	if err != nil {
		return nil, err
	}
	for _, was := range waiting {
		if inEffect, known := c.RenameInEffect(was, renames[was]); inEffect || !known {
			list = append(list, was)
		}
	}
	return list, nil
}
