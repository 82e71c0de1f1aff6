package dedupe

// webhookLists stores each list of webhooks of the events in the window once, under a
// number. An event has the number, so that the window has no pointers: the garbage
// collector would follow one for each event, each time.
type webhookLists struct {
	lists   []webhookList
	numbers map[string]uint32 // by the key
	free    []uint32          // numbers that no list has
	last    uint32            // that was asked for
	key     []byte
}

type webhookList struct {
	names  []string
	key    string
	events int // that have it
}

// use returns the number of the list of one more event.
func (w *webhookLists) use(names []string) uint32 {
	n, ok := w.last, false
	if int(n) < len(w.lists) { // most events have the same list as the one before
		l := w.lists[n].names
		ok = len(l) > 0 && len(l) == len(names) && &l[0] == &names[0]
	}
	if !ok {
		n = w.number(names)
	}
	w.last = n
	w.lists[n].events++
	return n
}

func (w *webhookLists) number(names []string) uint32 {
	w.key = w.key[:0]
	for _, name := range names {
		w.key = append(append(w.key, name...), ' ')
	}
	n, ok := w.numbers[string(w.key)]
	if ok {
		return n
	}
	if last := len(w.free) - 1; last >= 0 {
		n, w.free = w.free[last], w.free[:last]
	} else {
		n, w.lists = uint32(len(w.lists)), append(w.lists, webhookList{})
	}
	key := string(w.key)
	w.lists[n], w.numbers[key] = webhookList{names: names, key: key}, n
	return n
}

// unuse drops the list of an event.
func (w *webhookLists) unuse(number uint32) {
	l := &w.lists[number]
	if l.events--; l.events == 0 {
		delete(w.numbers, l.key)
		*l = webhookList{}
		w.free = append(w.free, number)
	}
}
