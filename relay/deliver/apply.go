package deliver

import (
	"time"
)

// Apply puts a configuration in force: these webhooks, and no others. It may be
// called before, during and after Run.
//
// A webhook whose settings are the same pointer as before goes on undisturbed.
// One that has others gets new connections, and what waits for longer than its
// retry says now is due sooner; if it is failing it is probed at
// once, if its receiver throttles it goes on at once, and if it was disabled it
// takes up what waits, also if it was edited while no process ran. One that is
// gone, or off, stops where it is: what waits stays in its queue.
func (d *Deliverer) Apply(webhooks []Webhook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	listed := make(map[string]struct{}, len(webhooks))
	for _, hook := range webhooks {
		listed[hook.Name] = struct{}{}
		w, ok := d.workers[hook.Name]
		if !ok {
			w = d.newWorker(hook.Name)
			d.workers[hook.Name] = w
		}
		w.adopt(hook)
	}
	for name, w := range d.workers {
		if _, ok := listed[name]; ok {
			continue
		}
		w.adopt(Webhook{Name: name})
		if w.spent() {
			delete(d.workers, name)
		}
	}
}

func (d *Deliverer) newWorker(name string) *worker {
	w := &worker{d: d, name: name, queue: d.open(name)}
	w.health.restore(w.queue.State(), w.queue.FailureStreak())
	w.count()
	w.resume()
	w.queue.Notify(w.wake)
	return w
}

// adopt takes up what is in force now. Nobody else changes what is.
func (w *worker) adopt(hook Webhook) {
	if s := hook.Settings; s != nil && s != w.hook.Settings {
		w.queue.Order(s.Order) // ahead of the first claim that it is about
		w.queue.Schedule(s.longest())
	}
	w.mu.Lock()
	before := w.hook
	w.hook = hook
	if before.Settings == hook.Settings {
		w.mu.Unlock()
		return
	}
	if s := hook.Settings; s != nil && (w.pace == nil || w.pace.Rate != s.Rate) {
		w.pace, w.paced = newPace(s.Rate), time.Time{}
	}
	w.since = time.Now()
	if w.client != nil {
		w.client.Retire()
		w.client = nil
	}
	w.health.probeNow()
	enabled := w.edited(before, hook) && w.health.enable(w.since, "its entry was edited")
	known := before.Name != "" // else this is no edit, but how the process begins
	if known {
		w.unhold()
	}
	w.mu.Unlock()
	if known {
		w.queue.Unthrottle()
	}
	if enabled || hook.Settings == nil { // ahead of what else is recorded of one that is gone
		w.tell()
	}
	w.wakeIfDue()
}

// edited reports whether an entry was changed, or went. The first configuration of
// a process is an edit only if the entry is another than when it was disabled.
func (w *worker) edited(before, hook Webhook) bool {
	then := w.health.entry
	return before.Name != "" || then != "" && then != hook.Settings.Entry
}

// wakeIfDue wakes a worker that has something to do or to wait for, so that
// ten thousand which have not cost nothing.
func (w *worker) wakeIfDue() {
	if _, ok := w.queue.Due(); ok {
		w.wake()
	}
}

// spent reports whether a worker without an entry has nothing left to tell of.
func (w *worker) spent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.queue.Due(); ok || w.running > 0 {
		return false
	}
	w.d.alarms.set(w, time.Time{})
	w.d.waits.Add(int64(-w.waits))
	w.waits = 0
	return true
}

// close lets go of the connections.
func (w *worker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client != nil {
		w.client.Retire()
	}
}
