package queue

import (
	"context"
	"slices"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
)

const (
	// sweepEvery is how often what waits is looked at for what has expired.
	sweepEvery = time.Second
	// A sweep that took long is not made again for so many times as long.
	sweepRest = 20
)

// sweeper knows the queues that may have something to end. Ten thousand in
// which nothing waits are not among them, and cost nothing.
type sweeper struct {
	mu     sync.Mutex
	queues map[*Queue]struct{}
	kick   chan struct{}      // there are some
	room   chan chan struct{} // there is none; closed once backlogs are no larger than they may be
}

func newSweeper() *sweeper {
	return &sweeper{queues: map[*Queue]struct{}{}, kick: make(chan struct{}, 1), room: make(chan chan struct{})}
}

// add is called with the queue locked, as is remove.
func (s *sweeper) add(q *Queue) {
	s.mu.Lock()
	s.queues[q] = struct{}{}
	s.mu.Unlock()
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

func (s *sweeper) remove(q *Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.queues, q)
}

func (s *sweeper) list() []*Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Queue, 0, len(s.queues))
	for q := range s.queues {
		list = append(list, q)
	}
	return list
}

// MakeRoom returns once what is beyond the limits of size has ended.
func (s *Set) MakeRoom(ctx context.Context) {
	swept := make(chan struct{})
	select {
	case s.sweeper.room <- swept:
		<-swept
	case <-ctx.Done():
	}
}

// Sweep ends what has expired, until ctx is done.
func (s *Set) Sweep(ctx context.Context) {
	var kick chan struct{} // nil while a sweep is to come: what came since has no need of a sooner one
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case swept := <-s.sweeper.room:
			s.sweep(ctx, slices.DeleteFunc(s.sweeper.list(), func(q *Queue) bool { over, _ := q.over(); return over <= 0 }))
			close(swept)
			continue
		case <-kick:
		case <-again.C:
		}
		begun, queues := time.Now(), s.sweeper.list()
		s.sweep(ctx, queues)
		if kick = s.sweeper.kick; len(queues) > 0 {
			kick = nil
			again.Reset(max(sweepEvery, sweepRest*time.Since(begun)))
		}
	}
}

func (s *Set) sweep(ctx context.Context, queues []*Queue) {
	for _, q := range queues {
		if ctx.Err() != nil || s.ledger.Full() {
			return
		}
		q.sweep(ctx)
	}
}

// over is by how many bytes the backlog is larger than its limit, which is
// returned, too.
func (q *Queue) over() (int64, Limit) {
	q.mu.Lock()
	defer q.mu.Unlock()
	limit := q.lapse.size
	if limit.Size == 0 {
		return 0, limit
	}
	return q.backlog.Bytes - limit.Size, limit
}

// sweep looks whether anything has to end, and ends it.
func (q *Queue) sweep(ctx context.Context) {
	q.mu.Lock()
	if q.pending() == 0 {
		q.lapse.look, q.lapse.expiry, q.lapse.swept = never, never, q.closed
		q.set.sweeper.remove(q)
		q.mu.Unlock()
		return
	}
	q.mu.Unlock()
	over, size := q.over()
	q.shrink(ctx, over, size)
}

// shrink ends what has expired, and the oldest until so many bytes have gone.
func (q *Queue) shrink(ctx context.Context, over int64, size Limit) {
	q.mu.Lock()
	now, l := q.set.now(), &q.lapse
	p := sweepRun{queue: q, ctx: ctx, over: over, size: size, renamed: q.renamed, all: l.expiry <= now, young: never, expiry: never}
	due := p.all || over > 0 || l.look <= now
	l.metLook, l.metExpiry = never, never
	q.mu.Unlock()
	if due {
		p.run()
	}
}

// sweepRun is one look at what waits in a queue.
type sweepRun struct {
	queue *Queue
	ctx   context.Context
	over  int64 // bytes that are still to go
	size  Limit
	// Records up to this seq may be of deliveries older than themselves.
	renamed history.Seq
	all     bool // an expirytime may have passed, of any event

	expiry clock.Mono // the first of those that were met and have not
	young  clock.Mono // when the first of those that were left may be too old
	late   bool       // it could not end all that it should have
	found  []Item     // whose acceptance was not known
}

func (p *sweepRun) run() {
	q := p.queue
	err := q.walkPending(p.candidate, p.beyond, p.visit)
	q.learn(p.found)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.scheduleSweep(p.young)
	if p.all {
		q.lapse.expiry = min(p.expiry, q.lapse.metExpiry, q.flying())
	}
	if p.late || err != nil {
		soon := q.set.now().Add(sweepEvery)
		if q.lapse.look = min(q.lapse.look, soon); p.all {
			q.lapse.expiry = min(q.lapse.expiry, soon)
		}
	}
	if err != nil {
		q.unreadable.Met(q.set.log, "cannot read waiting events", err, "webhook", q.name)
	}
}

// candidate says of a delivery in memory whether it has to be looked at.
func (p *sweepRun) candidate(it *Item) bool {
	if p.all || p.over > 0 || it.AcceptedAt == 0 {
		return true
	}
	return p.queue.lapse.age.Age > 0 && p.queue.dueIn(it, p.queue.lapse.age.Age) <= p.queue.set.now()
}

// beyond ends the reading of the file at the first record, of whomever, that is
// too young to end.
func (p *sweepRun) beyond(seq history.Seq, accepted int64) bool {
	q := p.queue
	if p.all || p.over > 0 || seq <= p.renamed {
		return false
	}
	age := q.ageLimit().Age
	due := q.dueIn(&Item{Number: seq, AcceptedAt: accepted}, age)
	if age > 0 && due <= q.set.now() {
		return false
	}
	p.young = min(p.young, due)
	return true
}

func (p *sweepRun) visit(chunk []Item, from, next Mark) bool {
	q := p.queue
	if p.late = p.ctx.Err() != nil || q.set.ledger.Full(); p.late {
		return false
	}
	_, enough, err := q.endMatching(chunk, p.judge)
	if err != nil {
		p.late = true
		q.unreadable.Met(q.set.log, "cannot read waiting events", err, "webhook", q.name)
	}
	q.readOn(chunk, from, next)
	return !enough
}

// judge says what becomes of one delivery.
func (p *sweepRun) judge(it *Item, known bool) (history.Attempt, Verdict) {
	q := p.queue
	if !known {
		found := *it
		found.Body = nil
		p.found = append(p.found, found)
	}
	if why := q.lapsed(it); why != "" {
		p.over -= it.size()
		return q.expire(it, why), End
	}
	if p.over > 0 {
		p.over -= it.size()
		age := q.set.clock.Age(it.Number, it.AcceptedAt, q.set.now())
		return q.expire(it, "the oldest of a backlog larger than "+p.size.Setting+": "+ago(age)), End
	}
	p.young = min(p.young, q.dueIn(it, q.ageLimit().Age))
	if !p.all && it.Number > p.renamed {
		return history.Attempt{}, Enough
	}
	if !p.all {
		return history.Attempt{}, Keep
	}
	if it.Body.expires != 0 {
		p.expiry = min(p.expiry, q.dueIn(it, time.Duration(it.Body.expires-it.AcceptedAt)))
	}
	return history.Attempt{}, Keep
}

// readOn lets the reader go on at next if it stands behind from and nothing of
// the chunk in between is left, so that what was ended there is not read again
// and again.
func (q *Queue) readOn(chunk []Item, from, next Mark) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.reading || q.unread == 0 || len(q.prefetch) > 0 || q.readPosition.Seq < from.Seq || next.Seq <= q.readPosition.Seq {
		return
	}
	left := slices.ContainsFunc(chunk, func(it Item) bool { return it.Number >= q.readPosition.Seq && !q.startedSeqs.Has(it.Number) })
	if !left {
		q.readPosition = next
		q.tidy()
	}
}
