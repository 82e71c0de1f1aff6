package segment

import (
	"bytes"
	"errors"
	"io"
	"iter"

	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/vfs"
)

// rebuild moves the intact records of the last batch into a segment of their own, after
// the records that they need there (Options.Prepend), cuts off what is torn, and
// continues after them. At each moment every record is in at least one file.
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
	prepend, err := r.prepend(last, t)
	if err != nil {
		return nil, err
	}
	if len(prepend) > 0 {
		kept = renumber(r.stream.Key, kept, first, prepend)
	}
	fresh := r.stream.File(first)
	if err := vfs.ReplaceFile(r.fs, fresh, kept); err != nil {
		return nil, err
	}
	if first != last {
		if err := r.cut(last, t.keep); err != nil {
			return nil, err
		}
	}
	r.archive.Reopen(first)
	r.archive.Grow(first)
	end, err := r.archive.Last(first)
	if err != nil {
		return nil, err
	}
	r.End = Position{end.Number, end.Batch, end.Location}
	return r.resume(first, int64(len(kept)))
}

// prepend returns the records that have to come before those that are moved.
func (r *recovery) prepend(last uint64, t tail) ([][]byte, error) {
	if r.opts.Prepend == nil {
		return nil, nil
	}
	var failed error
	between := func(from, to int64) iter.Seq[*jsonl.Line] {
		return func(yield func(*jsonl.Line) bool) {
			s, err := r.archive.Scan(last, from)
			for err == nil && s.Offset() < to {
				var line jsonl.Line
				var damage *Damage
				if line, err = s.Next(); err == nil && !yield(&line) {
					return
				}
				if errors.As(err, &damage) {
					err = nil
				}
			}
			failed = errors.Join(failed, err)
		}
	}
	prepend := r.opts.Prepend(between(0, t.keep), between(t.keep, t.torn))
	return prepend, failed
}

// renumber puts records before lines, and raises the numbers of the lines by as many. A
// damaged line stays as it is. None of the lines is known to be synced, so that nothing
// refers to their numbers.
func renumber(key string, lines []byte, first uint64, prepend [][]byte) []byte {
	var moved []byte
	by := uint64(len(prepend))
	for raw := range bytes.Lines(lines) {
		line, reason := jsonl.Parse(key, bytes.TrimSuffix(raw, []byte{'\n'}))
		if reason != "" {
			moved = append(moved, raw...)
			continue
		}
		for ; len(prepend) > 0; prepend = prepend[1:] {
			moved = jsonl.Append(moved, key, first, line.At(), line.Batch, prepend[:1])
			first++
		}
		moved = jsonl.Append(moved, key, line.Number+by, line.At(), line.Batch, [][]byte{line.Fields()})
	}
	return moved
}

// firstIn returns the number of the first record that is to be written again, 0 if there
// is none.
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

// saveTorn keeps the bytes that are cut off in a file beside the segment.
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
	return vfs.ReplaceFile(r.fs, name+".torn", torn)
}
