package accept

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
	"sidehook/history/trouble"
)

const (
	// checkEvery is how often the database is asked while nothing is accepted.
	checkEvery = 5 * time.Second
	// retryEvery is how long a call waits that could not be made.
	retryEvery = 250 * time.Millisecond
)

// troubles are logged when they begin and end.
type troubles struct{ away, room trouble.Trouble }

// run is one call of Run.
type run struct {
	*Acceptor
	calls   sync.WaitGroup
	ctx     context.Context // of calls; is done only when Run ends
	stuck   chan outcome    // of a call that has not ended by its deadline
	success time.Time       // of the last call
}

type outcome struct {
	answer
	err error
}

// Run commits until ctx is done and nothing waits any more. It fails in no case: while
// the database is away it asks again and again.
func (a *Acceptor) Run(ctx context.Context) error {
	hard, abandon := context.WithCancel(context.WithoutCancel(ctx))
	x := &run{Acceptor: a, ctx: hard}
	a.call = caller{db: a.db}
	defer x.calls.Wait()
	defer abandon() // of a call that is stuck the connection is dropped (P5)
	defer a.refuseWaiting(history.ErrStopping)
	defer a.Refuse()
	checking := time.NewTicker(checkEvery)
	defer checking.Stop()
	x.probe()
	for stopping := false; ; {
		switch {
		case x.stuck != nil:
			select {
			case o := <-x.stuck:
				x.stuck = nil
				if o.err == nil {
					a.accepted(nil, history.Seq(o.last)) // the feed reads what it has accepted
				}
				x.probe()
			case <-ctx.Done():
				return nil
			}
			continue
		case a.isAway():
			select {
			case <-time.After(retryEvery):
				x.probe()
			case <-ctx.Done():
				return nil
			}
			continue
		}
		if b := a.next(); b != nil {
			x.commitBatch(b)
			continue
		}
		if stopping {
			return nil
		}
		select {
		case <-a.kick:
		case <-checking.C:
			if time.Since(x.success) >= checkEvery {
				x.probe()
			}
		case <-ctx.Done():
			a.Refuse()
			stopping = true
		}
	}
}

// probe asks the database to commit nothing, as it would commit events.
func (x *run) probe() {
	x.call.reset()
	o, ok := x.exec(time.Now().Add(x.deadline))
	if !ok {
		x.unanswered()
		return
	}
	x.result(o.err)
}

// result notes the outcome of a call that succeeded, or whose answer no request waits
// for.
func (x *run) result(err error) {
	switch {
	case err == nil:
		x.success = time.Now()
		x.setFault(nil)
		x.trouble.away.Over(x.log, "the database answers again: events are accepted")
		x.trouble.room.Over(x.log, "there is room again: events are accepted")
	case database.IsDiskFull(err):
		x.noRoomLeft(err)
	default:
		x.fail(awayBecause(err), err)
	}
}

func (x *run) fail(fault, cause error) {
	x.setFault(fault)
	x.trouble.away.Met(x.log, "the database is away: events are refused until it answers", database.Explained(cause))
}

func (x *run) noRoomLeft(err error) error {
	fault := fmt.Errorf("%w: the disk of the database is full", history.ErrNoRoom)
	x.setFault(fault)
	x.trouble.room.Met(x.log, "the disk of the database is full: events are refused until there is room", err)
	return fault
}

// unanswered notes that a call has not ended by its deadline.
func (x *run) unanswered() error {
	cause := fmt.Errorf("no answer for %s from the database, or from its synchronous standby", x.deadline)
	fault := fmt.Errorf("%w: %w", history.ErrAway, cause)
	x.fail(fault, cause)
	return fault
}

// awayBecause is the error of a database that cannot be used, in one line.
func awayBecause(err error) error {
	text, _, _ := strings.Cut(database.Explained(err).Error(), "\n")
	return fmt.Errorf("%w: %s", history.ErrAway, text)
}
