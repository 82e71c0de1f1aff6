package deliver

import (
	"time"

	"sidehook/history/stats"
	"sidehook/relay/deliver/pace"
)

// RestoreRate has a webhook's rate continue from the requests of the process
// before. It must be called between the first Apply and Run.
func (d *Deliverer) RestoreRate(webhook string, requests pace.History) {
	if w := d.worker(webhook); w != nil {
		w.restoreRate(requests)
	}
}

func (w *worker) restoreRate(requests pace.History) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pacer == nil {
		return
	}
	if due, ok := w.queue.Due(); !ok || inFuture(due) {
		requests.Unrecorded = 0 // what was in flight is due again
	}
	requests.Unrecorded = min(requests.Unrecorded, w.hook.Settings.Concurrency+w.pacer.Within(time.Second))
	w.pacer.Restore(time.Now(), requests)
}

// RestoreMinute adds a minute of the process before to the last hour of its
// webhook. It may be called at any time after the first Apply.
func (d *Deliverer) RestoreMinute(m *stats.Minute) {
	w := d.worker(m.Webhook)
	if w == nil || m.Delivered+m.Failed == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastHourLocked().restore(m)
}
