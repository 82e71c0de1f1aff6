package segment

import (
	"errors"
	"io"
)

// rebuild puts what stands of the last batch into a segment of its own, cuts
// off what is torn, and goes on behind it. At each moment of it every record
// stands in at least one file.
func (r *recovery) rebuild(last uint64, t tail) (*Writer, error) {
	name := r.stream.File(last)
	if err := r.saveTorn(name, t); err != nil {
		return nil, err
	}
	kept := make([]byte, t.torn-t.keep)
	if _, err := (reader{r.archive, last}).ReadAt(kept, t.keep); err != nil && err != io.EOF {
		return nil, err
	}
	first, err := r.firstIn(last, t)
	if err != nil {
		return nil, err
	}
	if first == 0 { // nothing to keep
		if err := r.cut(last, t.keep); err != nil {
			return nil, err
		}
		if t.keep == 0 {
			return r.resume(last, 0)
		}
		return r.begin(max(t.end.Number, r.opts.Proven), t.end.Batch)
	}
	fresh := r.stream.File(first)
	if err := ReplaceFile(r.fs, fresh, kept); err != nil {
		return nil, err
	}
	if first != last {
		if err := r.cut(last, t.keep); err != nil {
			return nil, err
		}
	}
	r.archive.Reopen(first)
	r.archive.Grow(first)
	end := t.end.Last
	r.End.Last = Place{first, end.Offset - uint32(t.keep), end.Length}
	return r.resume(first, int64(len(kept)))
}

// firstIn is the number of the first record that is to be written anew, 0 if
// there is none.
func (r *recovery) firstIn(last uint64, t tail) (uint64, error) {
	s, err := r.archive.Scan(last, t.keep)
	if err != nil {
		return 0, err
	}
	for s.Offset() < t.torn {
		line, err := s.Next()
		var damage *Damage
		if !errors.As(err, &damage) {
			return line.Number, err
		}
	}
	return 0, nil
}

// saveTorn keeps the bytes that are cut off beside the segment.
func (r *recovery) saveTorn(name string, t tail) error {
	r.Cut = t.size - t.torn
	if r.Cut == 0 {
		return nil
	}
	file, err := r.fs.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	torn := make([]byte, r.Cut)
	if _, err := file.ReadAt(torn, t.torn); err != nil && err != io.EOF {
		return err
	}
	return ReplaceFile(r.fs, name+".torn", torn)
}
