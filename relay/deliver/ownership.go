package deliver

import (
	"slices"
	"time"

	"sidehook/relay/deliver/pace"
)

// Hold makes this process the owner of a webhook in force: it opens the queue,
// restores health and throttling from it, and the rate from the requests that the
// owner before has made, and claims from then on. It reports whether this process
// holds the webhook now: not if it is not in force, or if requests that were in
// flight at a Drop still are.
func (d *Deliverer) Hold(webhook string, requests pace.History) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.workers[webhook] != nil {
		return true
	}
	i := slices.IndexFunc(d.applied, func(hook Webhook) bool { return hook.Name == webhook })
	if i < 0 {
		return false
	}
	if w := d.dropped[webhook]; w != nil {
		select {
		case <-w.released:
		default:
			return false
		}
		delete(d.dropped, webhook)
	}
	d.holdLocked(d.applied[i], &requests)
	return true
}

// holdLocked adds the worker of a webhook. Without requests its rate begins anew.
func (d *Deliverer) holdLocked(hook Webhook, requests *pace.History) {
	w := &worker{d: d, name: hook.Name, queue: d.open(hook.Name)}
	d.workers[hook.Name] = w
	state := w.queue.State()
	w.recorded = recorded{state.Name, state.Since}
	w.health.Restore(time.Now(), state, w.queue.FailureStreak())
	w.setWaitingLocked(w.queue.Waiting())
	w.restoreThrottle()
	w.adopt(hook)
	if requests != nil {
		w.restoreRate(*requests)
	}
	w.queue.Notify(w.wake)
	w.wakeIfDue()
}

// Drop ends the ownership of a webhook: nothing is claimed for it any more, and a delivery
// that is being claimed is released. Requests in flight end as usual, and are recorded. The
// channel that it returns is closed after the last of them: then the queue is not touched
// again until Hold. For a webhook that this process does not hold it returns a closed
// channel.
func (d *Deliverer) Drop(webhook string) (released <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.dropped[webhook]; w != nil {
		return w.released
	}
	w := d.workers[webhook]
	if w == nil {
		w = &worker{d: d, name: webhook, released: make(chan struct{})}
		close(w.released)
	} else {
		w.drop()
	}
	delete(d.workers, webhook)
	d.dropped[webhook] = w
	return w.released
}

func (w *worker) drop() {
	w.queue.Notify(func() {})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropped, w.released = true, make(chan struct{})
	w.d.timers.set(w, time.Time{})
	w.setWaitingLocked(0)
	w.retireLocked()
	w.releaseLocked()
}

// releaseLocked tells Drop's caller when nothing uses the queue any more.
func (w *worker) releaseLocked() {
	if w.dropped && w.running == 0 && w.detached == 0 {
		close(w.released)
	}
}

// beginLocked has Drop wait for end. It is false if the webhook was dropped.
func (w *worker) beginLocked() bool {
	if w.dropped {
		return false
	}
	w.detached++
	return true
}

// end must be called after beginLocked reported true.
func (w *worker) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.detached--
	w.releaseLocked()
}
