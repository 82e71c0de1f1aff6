package history

// TakeOver makes the queue hand out what waits under a former name first. A
// webhook that gets its former name back takes over from the one that had taken
// over from it, and has its own again.
func (q *Queue) TakeOver(older *Queue) {
	for x := older; x != nil; {
		x.mu.Lock()
		next := x.older
		if next == q {
			x.older = nil
		}
		x.mu.Unlock()
		if next == q {
			q.setTaker(nil)
		}
		x = next
	}
	q.mu.Lock()
	before := q.older
	q.mu.Unlock()
	if before != nil && before != older {
		q.GiveBack(before)
	}
	q.mu.Lock()
	q.older = older
	generation, age, order, longest := q.lapse.generation, q.lapse.age, q.order.Order, q.longest
	q.sweepLater()
	q.mu.Unlock()
	older.setTaker(q)
	older.Limit(generation, age)
	older.Order(order)
	older.Schedule(longest)
	q.awaken()
}

// GiveBack undoes TakeOver: what still waits under the former name is that
// name's own again. What is under way ends as it began.
func (q *Queue) GiveBack(older *Queue) {
	q.mu.Lock()
	taken := q.older == older
	if taken {
		q.older = nil
	}
	q.mu.Unlock()
	if taken {
		older.setTaker(nil)
		older.awaken()
	}
}

func (q *Queue) setTaker(taker *Queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taker = taker
}
