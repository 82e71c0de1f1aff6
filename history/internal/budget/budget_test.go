package budget_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/internal/budget"
)

// Of a limit of 800, small bodies have 100 to themselves, and large ones 700.
const limit = 800

// large is a budget in which bodies of any size are large: what small ones have is taken.
func large(t *testing.T) *budget.Budget {
	t.Helper()
	b := budget.New(limit, 0)
	if _, ok := b.TakeSmall(limit / 8); !ok {
		t.Fatal("small bodies do not get their eighth")
	}
	return b
}

// queue is a queue that asks for room.
type queue struct {
	budget.Share
	*budget.Budget
	inDoubt bool
	woken   int
	charges []budget.Charge
}

func newQueue(b *budget.Budget, inDoubt bool) *queue {
	q := &queue{Budget: b, inDoubt: inDoubt}
	q.Wake = func() { q.woken++ }
	return q
}

// take asks for room, as a claim does.
func (q *queue) take(bytes int64) bool {
	c, ok := q.TakeLarge(&q.Share, bytes, q.inDoubt)
	if ok {
		q.charges = append(q.charges, c)
	}
	q.Asked(&q.Share)
	return ok
}

// give returns what the oldest lease had.
func (q *queue) give() {
	q.Return(&q.Share, q.charges[0])
	q.charges = q.charges[1:]
}

// I1: small bodies have their eighth, whatever the large ones have, and no more than
// that without asking. A body counts for the floor at least.
func TestSmallBodies(t *testing.T) {
	b := budget.New(8*budget.Small, 1000)
	if q := newQueue(b, false); !q.take(7 * budget.Small) {
		t.Fatal("no room for a large body in an empty budget")
	}
	if _, ok := b.TakeSmall(budget.Small + 1); ok {
		t.Error("a body above Small counts as small")
	}
	taken := 0
	for c, ok := b.TakeSmall(1); ok; c, ok = b.TakeSmall(1) {
		if taken++; taken == 1 {
			b.Return(nil, c)
		}
	}
	if want := budget.Small/1000 + 1; taken != want {
		t.Errorf("small bodies were taken %d times, want %d", taken, want)
	}
}

// I2, I3, I5: what one queue may take, given what others have.
func TestLargeBodies(t *testing.T) {
	type take struct {
		queue   int
		bytes   int64
		inDoubt bool
		want    bool
	}
	for name, takes := range map[string][]take{
		"a queue may have as much as is left free":   {{0, 300, false, true}, {0, 50, false, true}, {0, 1, false, false}},
		"another one finds room beside it":           {{0, 300, false, true}, {1, 400, false, true}},
		"nothing beyond the limit":                   {{0, 300, false, true}, {1, 401, false, false}},
		"a body larger than the limit may go alone":  {{0, 10_000, false, true}, {1, 1, false, false}},
		"doubtful ones have half":                    {{0, 200, true, true}, {1, 150, true, true}, {2, 1, true, false}},
		"the others have the rest":                   {{0, 350, true, true}, {1, 350, false, true}},
		"a doubtful one larger than the half is one": {{0, 400, true, true}, {1, 1, true, false}, {2, 300, false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			b := large(t)
			queues := map[int]*queue{}
			var total int64
			for i, x := range takes {
				if queues[x.queue] == nil {
					queues[x.queue] = newQueue(b, x.inDoubt)
				}
				if got := queues[x.queue].take(x.bytes); got != x.want {
					t.Fatalf("take %d: got %v, want %v", i, got, x.want)
				}
				if x.want {
					total += x.bytes
				}
			}
			if got := b.InFlight() - limit/8; got != total {
				t.Errorf("%d bytes are in flight, want %d", got, total)
			}
			for _, q := range queues {
				for len(q.charges) > 0 {
					q.give()
				}
			}
			if got := b.InFlight() - limit/8; got != 0 {
				t.Errorf("%d bytes are in flight after all were returned", got)
			}
		})
	}
}

// I4: queues that find no room are woken in their turn, and none overtakes another.
// One that has some in flight does not wait.
func TestTurns(t *testing.T) {
	b := large(t)
	full, first, second := newQueue(b, false), newQueue(b, false), newQueue(b, false)
	if !full.take(700) || full.take(1) || first.take(500) || second.take(500) {
		t.Fatal("there is room in a full budget")
	}
	full.give()
	if got, want := []int{full.woken, first.woken, second.woken}, []int{0, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("woken %v, want %v", got, want)
	}
	if second.take(500) {
		t.Error("a queue overtook the one whose turn it is")
	}
	if !first.take(500) {
		t.Error("no room for the queue that was woken")
	}
	if late := newQueue(b, false); late.take(1) {
		t.Error("a queue overtook one that waits")
	}
	if first.give(); second.woken != 1 || !second.take(500) {
		t.Errorf("the second was woken %d times, want once, and must get its room", second.woken)
	}
}

// I6: a queue that was woken and does not come loses its turn.
func TestLostTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := large(t)
		full, gone, next := newQueue(b, false), newQueue(b, false), newQueue(b, false)
		full.take(700)
		gone.take(700)
		next.take(700)
		full.give()
		if next.take(700) || gone.woken != 1 {
			t.Fatalf("the first was woken %d times, and the second went before it", gone.woken)
		}
		time.Sleep(time.Second)
		if next.take(700); next.woken != 1 {
			t.Errorf("the second was woken %d times after the first did not come, want once", next.woken)
		}
		if !next.take(700) {
			t.Error("the second does not get its room")
		}
	})
}
