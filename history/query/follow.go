package query

import (
	"context"
	"errors"
	"io"
	"sort"
	"time"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
)

// followEvery is how often a Follower checks for new records.
const followEvery = 200 * time.Millisecond

// Await opens the history in a folder to read, after waiting until there is one.
func Await(ctx context.Context, path string) (*Reader, error) {
	for {
		reading, err := Open(path)
		if !errors.Is(err, history.ErrNoHistory) {
			return reading, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(followEvery):
		return nil
	}
}

// Newest returns the number of the newest record of the deliveries, 0 if there is none.
func (r *Reader) Newest() (n history.LineNo, err error) {
	err = newestFirst(r.deliveries, func(line *jsonl.Line) bool {
		n = history.LineNo(line.Number)
		return false
	})
	return n, err
}

// newestFirst visits the good records of a stream, the newest first, until visit
// returns false.
func newestFirst(stream *lookup.Stream, visit func(*jsonl.Line) bool) error {
	segments := stream.Segments()
	for i := len(segments) - 1; i >= 0; i-- {
		b, err := stream.Backward(segments[i], 1<<62)
		for err == nil {
			var line jsonl.Line
			line, err = b.Next()
			var damage *segment.Damage
			if errors.As(err, &damage) {
				err = nil
				continue
			}
			if err == nil && !visit(&line) {
				return nil
			}
		}
		if !errors.Is(err, io.EOF) && !lookup.IsGone(err) {
			return err
		}
	}
	return nil
}

// Follower reads the records of the deliveries as they are written, through all segments.
// It only reads the files, so a slow reader does not delay the writer.
type Follower struct {
	*lookup.Stream
	after   history.LineNo // records up to this number are known
	first   uint64         // of the segment; 0 before there is one
	scanner *segment.Scanner
	offset  int64 // up to where it is read
	size    int64 // at the last check
	ends    bool  // a newer segment exists: this one gets no more lines
}

// Follow returns a Follower of the records after that number.
func (r *Reader) Follow(after history.LineNo) *Follower {
	f := &Follower{Stream: r.deliveries, after: after}
	if after == 0 {
		return f
	}
	if f.first = f.SegmentOf(uint64(after)); f.first > 0 {
		if line, err := f.Find(uint64(after)); err == nil {
			f.offset = line.Location.End()
		}
	}
	return f
}

// Next waits for the next record, which is valid until the next call.
func (f *Follower) Next(ctx context.Context) (history.DeliveryRecord, error) {
	for {
		line, ok, err := f.next()
		if err != nil {
			return history.DeliveryRecord{}, err
		}
		if n := history.LineNo(line.Number); ok && n > f.after {
			f.after = n
			return history.ParseDeliveryRecord(&line), nil
		}
		if ok {
			continue
		}
		if more, err := f.advance(); err != nil {
			return history.DeliveryRecord{}, err
		} else if more {
			continue
		}
		if err := pause(ctx); err != nil {
			return history.DeliveryRecord{}, err
		}
	}
}

// next returns the next complete line up to the size at the last check.
func (f *Follower) next() (line jsonl.Line, ok bool, err error) {
	if f.scanner == nil {
		return line, false, nil
	}
	line, ok, err = f.scanner.NextGood(func(*segment.Damage) {})
	f.offset = f.scanner.Offset()
	if !ok {
		f.scanner = nil
	}
	if lookup.IsGone(err) {
		err = nil // advance finds out
	}
	return line, ok, err
}

// advance checks whether there is more, in this segment or in the next one.
func (f *Follower) advance() (more bool, err error) {
	if err := f.Refresh(); err != nil {
		return false, err
	}
	if f.first > 0 {
		size, err := f.Size(f.first)
		if err != nil && !lookup.IsGone(err) {
			return false, err
		}
		if f.ends = f.ends || lookup.IsGone(err); err == nil && size > f.size {
			f.size = size
			f.scanner, err = f.Scan(f.first, f.offset)
			return true, err
		}
	}
	segments := f.Segments()
	i := sort.Search(len(segments), func(i int) bool { return segments[i] > f.first })
	if i == len(segments) {
		return false, nil
	}
	if f.first > 0 && !f.ends {
		// Lines may have been written between the last check and the new segment.
		f.ends = true
		return true, nil
	}
	f.first, f.offset, f.size, f.ends = segments[i], 0, 0, false
	return true, nil
}
