package relay

import (
	"context"

	"sidehook/relay/api"
	"sidehook/relay/metrics"
)

// snapshot returns the current state for a scrape of metrics. It may read the sizes of
// files, and holds no lock meanwhile.
func (r *Relay) snapshot() metrics.State {
	now := r.current()
	active, refused := now.Active, now.Refused
	s := metrics.State{
		Webhooks:     make([]metrics.Webhook, 0, len(active.Webhooks)),
		DamagedLines: r.journal.DamagedLines(),
		Generation:   active.Generation,
		Loaded:       active.Loaded,
		Refused:      refused != nil,
		RefusedFiles: len(active.File.Refused()),
		Outbox:       r.outboxState(),
		Cluster:      r.journal.Cluster(),
	}
	renamed := active.Renamed()
	r.journal.WaitQueued(context.Background())
	for _, q := range r.journal.Queues() {
		if !r.journal.Owns(q.Name()) {
			continue // its owner tells, so that sums over a cluster are right
		}
		w := metrics.Webhook{Name: q.Name(), Backlog: q.Backlog()}
		if _, ok := active.Webhooks[w.Name]; ok {
			snapshot, known := r.deliver.Snapshot(w.Name)
			if !known {
				continue // an edit has just removed it
			}
			w.State = snapshot.State
		} else if w.State = api.StateOrphaned; renamed[w.Name] || !r.journal.IsOrphan(active, w.Name, w.Backlog.Events) {
			continue
		}
		s.Webhooks = append(s.Webhooks, w)
	}
	size, err := r.journal.Size()
	if err != nil {
		size = -1
	}
	s.HistoryBytes, s.HistoryLimit = size, r.journal.Limit()
	return s
}
