package deliver

import "time"

// Apply puts a configuration in force: these webhooks, and no others. It may be
// called before, during and after Run. It keeps the slice.
//
// A webhook whose settings are the same pointer as before continues undisturbed. If its
// settings changed it gets new connections, and no delivery waits for longer than the new
// retry schedule says. If it is failing it is probed at once, if it is throttled it
// continues at once, and if it was disabled it is enabled, also if it was edited while no
// process ran. A webhook that is gone, or off, stops: its waiting deliveries stay in its
// queue.
func (d *Deliverer) Apply(webhooks []Webhook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.applied = webhooks
	listed := make(map[string]struct{}, len(webhooks))
	for _, hook := range webhooks {
		listed[hook.Name] = struct{}{}
		if w, ok := d.workers[hook.Name]; ok {
			w.adopt(hook)
			w.wakeIfDue()
		} else if _, dropped := d.dropped[hook.Name]; !dropped && !d.options.HoldEach {
			d.holdLocked(hook, nil)
		}
	}
	for name, w := range d.workers {
		if _, ok := listed[name]; ok {
			continue
		}
		w.adopt(Webhook{Name: name})
		w.wakeIfDue()
		if w.idle() {
			delete(d.workers, name)
		}
	}
}

// adopt applies the settings in force. The caller holds the lock of the Deliverer.
func (w *worker) adopt(hook Webhook) {
	if s := hook.Settings; s != nil && s != w.hook.Settings {
		w.queue.Order(s.Order) // before the first claim that it is about
		w.queue.Schedule(s.maxWaits())
	}
	w.mu.Lock()
	before := w.hook
	w.hook = hook
	if before.Settings == hook.Settings {
		w.mu.Unlock()
		return
	}
	w.since = time.Now()
	if s := hook.Settings; s != nil && w.pacer.Rate() != s.Rate {
		w.setPacerLocked(s.Rate)
	}
	w.retireLocked()
	w.health.ProbeNow()
	enabled := w.entryChangedLocked(before) && w.health.Enable(w.since)
	if enabled {
		w.cause = cause{why: "its entry was edited"}
	}
	edit := before.Name != "" // else the process begins to hold the webhook
	if edit {
		w.clearBackoffLocked()
	}
	w.mu.Unlock()
	if edit {
		w.queue.Unthrottle()
	}
	if enabled || hook.Settings == nil { // before anything else is recorded of one that is gone
		w.recordState()
	}
}

// entryChangedLocked reports whether the entry was edited or removed. The first
// configuration that a process applies is an edit only if the entry is not the
// one that the webhook was disabled with.
func (w *worker) entryChangedLocked(before Webhook) bool {
	entry := w.health.DisabledBy()
	return before.Name != "" || entry != "" && entry != w.hook.Settings.Entry
}

// wakeIfDue wakes a worker that has something to do or to wait for, so that ten
// thousand that have not cost nothing.
func (w *worker) wakeIfDue() {
	if _, ok := w.queue.Due(); ok {
		w.wake()
	}
}

// idle reports whether a worker without an entry has nothing left to report, and
// then gives up what it holds.
func (w *worker) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.queue.Due(); ok || w.running > 0 {
		return false
	}
	w.d.timers.set(w, time.Time{})
	w.setWaitingLocked(0)
	return true
}

// close closes the connections.
func (w *worker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.retireLocked()
}

// retireLocked closes the connections after the requests in flight.
func (w *worker) retireLocked() {
	if w.client != nil {
		w.client.Retire()
		w.client = nil
	}
}
