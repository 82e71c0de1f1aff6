package deliver

import (
	"context"
	"slices"
	"sync"
	"time"
)

// poolIdle is how long a goroutine that has nothing to do waits for more.
const poolIdle = time.Second

// goroutinePool has the goroutines of all workers. The stack of a new one grows
// several times before it holds an attempt, which costs a tenth of the attempt. So
// a goroutine that is done waits for more to do, for any worker. The one that has
// waited least gets it, so that those that are too many end.
type goroutinePool struct {
	all sync.WaitGroup

	mu     sync.Mutex
	idle   []idleGoroutine // by since
	closed bool            // none waits any more
	timer  bool            // endIdle will be called
}

type idleGoroutine struct {
	work  chan runner // has room for one; closed: there will be none
	since time.Time
}

// runner is the work of a goroutine: a worker, or a function. A worker is passed as it is, so
// that starting it allocates nothing.
type runner interface{ run(context.Context) }

type runFunc func(context.Context)

func (do runFunc) run(ctx context.Context) { do(ctx) }

// start runs one in a goroutine. All calls must have the same ctx.
func (p *goroutinePool) start(ctx context.Context, do runner) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		p.all.Go(func() { p.run(ctx, do) })
		return
	}
	p.idle[last].work <- do
	p.idle = p.idle[:last]
}

func (p *goroutinePool) run(ctx context.Context, do runner) {
	work := make(chan runner, 1)
	for ok := true; ok; do, ok = <-work {
		do.run(ctx)
		p.wait(work)
	}
}

// wait makes a goroutine one of those that wait.
func (p *goroutinePool) wait(work chan runner) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		close(work)
		return
	}
	p.idle = append(p.idle, idleGoroutine{work, time.Now()})
	if !p.timer {
		p.timer = true
		time.AfterFunc(poolIdle, p.endIdle)
	}
}

// endIdle ends the goroutines that have waited for too long.
func (p *goroutinePool) endIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.idle) && time.Since(p.idle[n].since) >= poolIdle {
		close(p.idle[n].work)
		n++
	}
	p.idle = slices.Delete(p.idle, 0, n)
	if p.timer = len(p.idle) > 0; p.timer {
		time.AfterFunc(time.Until(p.idle[0].since.Add(poolIdle)), p.endIdle)
	}
}

// close has no goroutine wait for more, and returns after the last has ended.
func (p *goroutinePool) close() {
	p.mu.Lock()
	p.closed = true
	for _, g := range p.idle {
		close(g.work)
	}
	p.idle = nil
	p.mu.Unlock()
	p.all.Wait()
}
