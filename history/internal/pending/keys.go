package pending

import "slices"

// Keys keeps the deliveries of each key in their order.
//
//	L1  A key has a queue while one of its deliveries is in flight or scheduled: that
//	    one is its first.
//	L2  The queue of a key holds the deliveries after the first, in the order of
//	    acceptance. When the first ends, the next becomes the first. It is due at
//	    once, unless it has a time of its own that is still to come.
type Keys struct {
	queues map[string][]Scheduled
	count  int // of all deliveries in queues
}

// Len returns how many deliveries wait for another one of their key.
func (k *Keys) Len() int { return k.count }

// Admit makes s the first of its key, or puts it into the queue of the key and reports
// false. A delivery without a key is always admitted.
func (k *Keys) Admit(s *Scheduled) bool {
	if s.Key == "" {
		return true
	}
	waiting, ok := k.queues[s.Key]
	if !ok {
		if k.queues == nil {
			k.queues = map[string][]Scheduled{}
		}
		k.queues[s.Key] = nil
		return true
	}
	s.Body = nil
	k.queues[s.Key] = append(waiting, *s)
	k.count++
	return false
}

// Next makes the next delivery of a key its first, after the first has ended, and
// returns it. It reports false if the key has none left.
func (k *Keys) Next(key string) (first Scheduled, ok bool) {
	waiting, known := k.queues[key]
	switch {
	case !known:
	case len(waiting) == 0:
		delete(k.queues, key)
	default:
		k.queues[key] = waiting[1:]
		k.count--
		return waiting[0], true
	}
	return Scheduled{}, false
}

// Remove takes out the deliveries that match.
func (k *Keys) Remove(match func(*Scheduled) bool) {
	for key, waiting := range k.queues {
		left := slices.DeleteFunc(waiting, func(s Scheduled) bool { return match(&s) })
		k.count -= len(waiting) - len(left)
		k.queues[key] = left
	}
}

// Each visits the deliveries that wait for another one.
func (k *Keys) Each(visit func(*Scheduled)) {
	for _, waiting := range k.queues {
		for i := range waiting {
			visit(&waiting[i])
		}
	}
}
