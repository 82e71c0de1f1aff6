package deliver

import (
	"sync"
	"time"
)

// linger is how long a goroutine that has nothing left to do waits for more.
const linger = time.Second

// crew are the goroutines of a Deliverer. The stack of a new one has to grow
// several times before it holds an attempt, which costs a tenth of the attempt;
// so one that is done is of use to any webhook that has work a moment later.
type crew struct {
	all  sync.WaitGroup
	work chan func() // to those that wait for it
}

func newCrew() *crew { return &crew{work: make(chan func())} }

// start has a goroutine do something. Once stopping is closed, none waits for
// more.
func (c *crew) start(stopping <-chan struct{}, do func()) {
	select {
	case c.work <- do:
	default:
		c.all.Go(func() { c.run(stopping, do) })
	}
}

func (c *crew) run(stopping <-chan struct{}, do func()) {
	rest := time.NewTimer(linger)
	defer rest.Stop()
	for {
		do()
		rest.Reset(linger)
		select {
		case do = <-c.work:
		case <-rest.C:
			return
		case <-stopping:
			return
		}
	}
}
