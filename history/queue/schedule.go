package queue

import "time"

// Schedule says how long a delivery waits at most behind each attempt that used
// up a step: what waits for longer, by a schedule that was in force before, is
// due that much sooner. What the receiver had throttled waits for the receiver.
// As with Hasten, no line is written.
func (q *Queue) Schedule(longest []time.Duration) {
	q.mu.Lock()
	n := 0
	q.eachWait(func(w *scheduled) {
		step := w.attempts
		if w.throttled || step < 1 || step > len(longest) {
			return
		}
		if due := w.last.Add(longest[step-1]); due < w.due {
			n++
			w.due, w.back = due, min(w.back, due)
		}
	})
	if n > 0 {
		q.scheduled.order()
	}
	q.mu.Unlock()
	if n > 0 {
		q.awaken()
	}
}
