package relay

import "sidehook/relay/metrics"

// standing is how things stand, for a scrape. It may read the sizes of files,
// and holds no lock while it does.
func (r *Relay) standing() metrics.Standing {
	f, refused := (*operator)(r).inForce()
	s := metrics.Standing{
		Webhooks:     make([]metrics.Webhook, 0, len(f.webhooks)),
		DamagedLines: r.journal.DamagedLines(),
		Generation:   f.generation,
		Loaded:       f.loaded,
		Refused:      refused != nil,
	}
	for _, q := range r.journal.Queues() {
		w := metrics.Webhook{Name: q.Name(), Backlog: q.Backlog()}
		if _, ok := f.webhooks[w.Name]; ok {
			snapshot, known := r.deliver.Snapshot(w.Name)
			if !known {
				continue // an edit has just taken it away
			}
			w.State = snapshot.State
		} else if w.State = q.State().Name; w.State != stateOrphaned || w.Backlog.Events == 0 {
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
