package deliver

import (
	"sync"
	"time"
)

// poolIdle is how long a goroutine that has nothing to do waits for more.
const poolIdle = time.Second

// goroutinePool runs the functions of all workers. The stack of a new goroutine
// grows several times before it holds an attempt, which costs a tenth of the
// attempt. So a goroutine that is done waits for the next function of any worker.
type goroutinePool struct {
	all  sync.WaitGroup
	work chan func() // to the goroutines that wait
}

func newGoroutinePool() *goroutinePool { return &goroutinePool{work: make(chan func())} }

// start runs a function in a goroutine. Once stopping is closed, no goroutine
// waits for more.
func (p *goroutinePool) start(stopping <-chan struct{}, do func()) {
	select {
	case p.work <- do:
	default:
		p.all.Go(func() { p.run(stopping, do) })
	}
}

func (p *goroutinePool) run(stopping <-chan struct{}, do func()) {
	idle := time.NewTimer(poolIdle)
	defer idle.Stop()
	for {
		do()
		idle.Reset(poolIdle)
		select {
		case do = <-p.work:
		case <-idle.C:
			return
		case <-stopping:
			return
		}
	}
}
