package queue

import (
	"context"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/sweeper"
)

// MakeRoom returns once the backlogs are no larger than their limits.
func (s *Set) MakeRoom(ctx context.Context) { s.sweeper.Ask(ctx, (*Queue).over) }

// Sweep ends expired deliveries until ctx is done.
func (s *Set) Sweep(ctx context.Context) { s.sweeper.Run(ctx) }

// over reports whether the backlog is larger than its limit.
func (q *Queue) over() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.overLocked() > 0
}

// sweep ends expired deliveries, and the oldest ones of a backlog that is too large.
func (q *Queue) sweep(ctx context.Context) {
	q.mu.Lock()
	x, now := &q.expiry, q.set.now()
	if q.pendingLocked() == 0 {
		x.nextSweep, x.nextTime, x.swept = never, never, q.closed
		q.set.sweeper.Remove(q)
		q.mu.Unlock()
		return
	}
	r := sweepRun{queue: q, ctx: ctx, over: q.overLocked(), size: x.size, renamed: q.renamed, all: x.nextTime <= now, young: never, nextTime: never}
	due := r.all || r.over > 0 || x.nextSweep <= now
	x.arrivedSweep, x.arrivedTime = never, never
	q.mu.Unlock()
	if due {
		r.run()
	}
}

// overLocked returns by how many bytes the backlog is larger than its limit.
func (q *Queue) overLocked() int64 {
	if q.expiry.size.Size == 0 {
		return 0
	}
	return q.backlog.Bytes - q.expiry.size.Size
}

// sweepRun is one walk through the pending deliveries of a queue.
type sweepRun struct {
	queue *Queue
	ctx   context.Context
	over  int64 // bytes that still have to end
	size  Limit
	// Records up to this seq may be of deliveries older than themselves.
	renamed history.Seq
	all     bool // the expirytime of any event may have passed

	nextTime clock.Mono // the first expirytime that was met and has not passed
	young    clock.Mono // when the first of the deliveries that are left may be too old
	late     bool       // it could not end all that it should have
	found    []Item     // their acceptance was not known before
}

func (r *sweepRun) run() {
	q := r.queue
	err := q.walkPending(r.pick, r.stop, r.visit)
	q.learnAcceptance(r.found)
	q.mu.Lock()
	defer q.mu.Unlock()
	x := &q.expiry
	q.scheduleSweepLocked(r.young)
	if r.all {
		x.nextTime = min(r.nextTime, x.arrivedTime)
		for _, l := range q.inFlight { // it may come back
			x.nextTime = min(x.nextTime, q.expirytime(&l.Item))
		}
	}
	if r.late || err != nil {
		soon := q.set.now().Add(sweeper.Every)
		if x.nextSweep = min(x.nextSweep, soon); r.all {
			x.nextTime = min(x.nextTime, soon)
		}
	}
	if err != nil {
		q.cannotRead(err)
	}
}

// scheduleSweepLocked sets the next sweep after one finished. young is when the first
// unread delivery reaches the age limit.
func (q *Queue) scheduleSweepLocked(young clock.Mono) {
	x := &q.expiry
	if x.age.Age == 0 {
		x.nextSweep = never
		return
	}
	x.nextSweep = x.arrivedSweep
	q.eachPendingLocked(func(it *Item) { x.nextSweep = min(x.nextSweep, q.whenAged(it, x.age.Age)) })
	if q.unread > 0 {
		x.nextSweep = min(x.nextSweep, young)
	}
}

// pick reports whether a delivery in memory has to be judged. The queue is locked.
func (r *sweepRun) pick(it *Item) bool {
	if r.all || r.over > 0 || it.AcceptedAt == 0 {
		return true
	}
	age := r.queue.expiry.age.Age
	return age > 0 && r.queue.whenAged(it, age) <= r.queue.set.now()
}

// stop ends the reading at the first record, of any webhook, that is too young to
// expire.
func (r *sweepRun) stop(seq history.Seq, accepted int64) bool {
	q := r.queue
	if r.all || r.over > 0 || seq <= r.renamed {
		return false
	}
	age := q.ageLimit().Age
	due := q.whenAged(&Item{Number: seq, AcceptedAt: accepted}, age)
	if age > 0 && due <= q.set.now() {
		return false
	}
	r.young = min(r.young, due)
	return true
}

func (r *sweepRun) visit(chunk []Item, from, next Mark) bool {
	q := r.queue
	if r.late = r.ctx.Err() != nil || q.set.ledger.Full(); r.late {
		return false
	}
	_, enough, err := q.endMatching(chunk, r.judge)
	if err != nil {
		r.late = true
		q.cannotRead(err)
	}
	q.skipEnded(chunk, from, next)
	return !enough
}

// judge decides about one delivery.
func (r *sweepRun) judge(it *Item, known bool) (history.Attempt, Verdict) {
	q := r.queue
	if !known {
		found := *it
		found.Body = nil
		r.found = append(r.found, found)
	}
	if why := q.expiryReason(it, q.ageLimit()); why != "" {
		r.over -= it.Size()
		return q.expired(it, why), End
	}
	if r.over > 0 {
		r.over -= it.Size()
		age := q.set.clock.Age(it.Number, it.AcceptedAt, q.set.now())
		return q.expired(it, "the oldest of a backlog larger than "+r.size.Setting+": "+acceptedAgo(age)), End
	}
	r.young = min(r.young, q.whenAged(it, q.ageLimit().Age))
	if !r.all && it.Number > r.renamed {
		return history.Attempt{}, Enough
	}
	if r.all {
		r.nextTime = min(r.nextTime, q.expirytime(it))
	}
	return history.Attempt{}, Keep
}

// skipEnded moves the read position on to next if it is after from and nothing between is
// pending. So the deliveries that have ended there are not read again and again.
func (q *Queue) skipEnded(chunk []Item, from, next Mark) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.reading || q.unread == 0 || len(q.prefetch) > 0 || q.readPosition.Seq < from.Seq || next.Seq <= q.readPosition.Seq {
		return
	}
	if !slices.ContainsFunc(chunk, func(it Item) bool { return q.unreadLocked(it.Number) }) {
		q.readPosition = next
		q.trimLocked()
	}
}

// learnAcceptance keeps when deliveries were accepted of which a start knew only the
// seq.
func (q *Queue) learnAcceptance(found []Item) {
	sortBySeq(found)
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(found) == 0 {
		return
	}
	for i := range q.scheduled {
		s := &q.scheduled[i]
		if k, ok := slices.BinarySearchFunc(found, s.Item, bySeq); ok {
			s.Item = found[k]
		}
	}
}
