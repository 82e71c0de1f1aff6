package segment

import (
	"errors"
	"io"
	"slices"
)

// tail is the end of the last segment.
type tail struct {
	size  int64    // of the file
	known int64    // up to here it is known to be synced
	keep  int64    // from here to torn are the lines to be written again
	torn  int64    // from here on it is torn; size if nothing is
	end   Position // of the last record before torn
}

// tail reads the last segment after what is known to be synced, and finds where it is
// torn.
func (r *recovery) tail(last uint64) (tail, error) {
	var t tail
	var err error
	if t.size, err = r.archive.Size(last); err != nil {
		return t, err
	}
	if err := r.trust(last, t.size); err != nil {
		return t, err
	}
	if r.Trusted {
		t.end = r.opts.Known
		if t.end.Last.Segment == last {
			t.known = t.end.Last.End()
		}
	}
	if t.end.Number+1 < last {
		// There are segments between Known and this one. They are complete (S3),
		// so only their last record matters.
		before, err := r.archive.lastBefore(last)
		if err != nil {
			return t, err
		}
		t.end = Position{last - 1, before.Batch, before.Location}
	}
	return t, r.scan(last, &t)
}

// trust decides whether Known is a position of this stream.
func (r *recovery) trust(last uint64, size int64) error {
	k := r.opts.Known
	firsts := r.archive.Segments()
	switch {
	case k.Number == 0:
		return nil
	case slices.Contains(firsts, k.Number+1) && !slices.Contains(firsts, k.Last.Segment):
		// Retention has removed the segment that ended with the known record, as
		// the name of the next one shows.
		r.Trusted = true
		return nil
	case k.Last.Segment == 0, !slices.Contains(firsts, k.Last.Segment), k.Last.Segment == last && k.Last.End() > size:
		return nil
	}
	line, err := r.archive.Read(k.Last)
	var damage *Damage
	// A damaged line was synced once: its location is right although its bytes
	// are not. Another record there means another history.
	if err != nil && !errors.As(err, &damage) {
		return err
	}
	r.Trusted = err != nil || line.Number == k.Number && line.Batch == k.Batch
	return nil
}

// scan reads the lines to the end and tells a torn batch from damage. All after the last
// good line is torn, unless a record there is proven to be synced. If a line of the last
// batch lacks a page, that line and all after it are torn, because nothing of that batch
// was ever acknowledged (S2). Any other bad line is damage, and the lines after it stay.
func (r *recovery) scan(last uint64, t *tail) error {
	s, err := r.archive.Scan(last, t.known)
	if err != nil {
		return err
	}
	t.keep = t.known
	batch := t.end.Batch
	var bad []*Damage // after the last good line
	hole := struct {
		at     int64    // of the first missing page in the last batch, -1 for none
		before Position // the last record before it
	}{at: -1}
	for {
		line, err := s.Next()
		var damage *Damage
		switch {
		case err == nil:
		case errors.As(err, &damage):
			bad = append(bad, damage)
			continue
		case errors.Is(err, io.EOF), errors.Is(err, ErrTorn):
			if t.torn = s.Offset(); len(bad) > 0 && t.end.Number >= r.opts.Proven {
				t.torn, bad = bad[0].Offset, nil
			}
			if hole.at >= 0 {
				t.torn, t.end = hole.at, hole.before
			}
			r.Damage = slices.DeleteFunc(append(r.Damage, bad...), func(d *Damage) bool { return d.Offset >= t.torn })
			t.keep = min(t.keep, t.torn)
			return nil
		default:
			return err
		}
		switch {
		case line.Batch != batch:
			// What comes before a later batch was synced (S2): a bad line
			// there is damage, unless it is a page at the beginning of this batch.
			batch, t.keep, hole.at = line.Batch, int64(line.Location.Offset), -1
			if i := slices.IndexFunc(bad, func(d *Damage) bool { return d.Page }); i >= 0 && line.Number > r.opts.Proven {
				hole.at, hole.before = bad[i].Offset, t.end
			}
		case line.Number <= r.opts.Proven:
			hole.at = -1
		case hole.at < 0:
			if i := slices.IndexFunc(bad, func(d *Damage) bool { return d.Zeros }); i >= 0 {
				hole.at, hole.before = bad[i].Offset, t.end
			}
		}
		r.Damage, bad = append(r.Damage, bad...), nil
		t.end = Position{line.Number, line.Batch, line.Location}
	}
}
