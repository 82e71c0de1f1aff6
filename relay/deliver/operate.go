package deliver

import "time"

// Enable ends being disabled: what waits for the webhook continues where it
// stood. It is false if this process does not hold such a webhook.
func (d *Deliverer) Enable(webhook string) bool {
	w := d.worker(webhook)
	if w == nil {
		return false
	}
	w.mu.Lock()
	if w.hook.Settings == nil || !w.beginLocked() {
		w.mu.Unlock()
		return false
	}
	changed := w.health.Enable(time.Now())
	if changed {
		w.cause = cause{why: "an operator asked for it"}
	}
	w.mu.Unlock()
	if changed {
		w.recordState()
		w.wakeIfDue()
	}
	w.end()
	return true
}

// RetryNow makes all that waits for a webhook due now, probes it at once if it is
// failing, and continues if it is throttled. It is false if this process does not
// hold such a webhook.
func (d *Deliverer) RetryNow(webhook string) bool {
	w := d.worker(webhook)
	if w == nil {
		return false
	}
	w.mu.Lock()
	if w.hook.Settings == nil || !w.beginLocked() {
		w.mu.Unlock()
		return false
	}
	w.health.ProbeNow()
	w.clearBackoffLocked()
	w.mu.Unlock()
	w.queue.RetryNow()
	w.end()
	return true
}
