package deliver

import "time"

// fullLocked reports whether so many deliveries wait, or may once these
// goroutines are done, that no new one is begun.
func (w *worker) fullLocked(running int) bool {
	o := &w.d.options
	if w.waiting+running <= o.MaxWaits && w.d.waiting.Load() < int64(o.MaxAllWaits) {
		if !w.full.IsZero() {
			w.reportRoomLocked()
		}
		return false
	}
	w.countWaitingLocked()
	full := w.waiting+running > o.MaxWaits || w.d.waiting.Load() >= int64(o.MaxAllWaits)
	if full && w.full.IsZero() {
		w.full = time.Now()
		o.Log.Warn("webhook has no room: so many deliveries wait for another attempt that no new ones are begun; these stay on the disk",
			"webhook", w.name, "waiting", w.waiting, "limit", o.MaxWaits, "waiting_of_all", w.d.waiting.Load(), "limit_of_all", o.MaxAllWaits)
	}
	return full
}

// reportRoomLocked logs that a webhook has room again, once that is for a while: a
// tenth of the limits is free.
func (w *worker) reportRoomLocked() {
	o := &w.d.options
	if w.waiting > o.MaxWaits-o.MaxWaits/10 || w.d.waiting.Load() > int64(o.MaxAllWaits-o.MaxAllWaits/10) {
		return
	}
	o.Log.Info("webhook has room again: new deliveries are begun", "webhook", w.name, "after", time.Since(w.full).Round(time.Second))
	w.full = time.Time{}
}
