package history

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"sidehook/history/event"
	"sidehook/history/segment"
)

// Reading is a history opened to be looked at, beside the process that writes
// it or without one. It changes nothing and takes no lock.
type Reading struct {
	fs                 segment.FS
	events, deliveries *segment.Archive
}

// ErrNotFound says that no segment holds what was asked for.
var ErrNotFound = segment.ErrNotFound

// ErrNoHistory says that a folder holds no history.
var ErrNoHistory = errors.New("there is no history yet")

// Read opens the history in a folder to be looked at.
func Read(path string) (*Reading, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoHistory)
	}
	dir, err := segment.Dir(path)
	if err != nil {
		return nil, err
	}
	text, err := readFile(dir, formatFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoHistory)
	}
	if err != nil {
		return nil, err
	}
	if err := knownFormat(text); err != nil {
		return nil, err
	}
	return ReadFS(dir)
}

// ReadFS opens the history on a file system to be looked at.
func ReadFS(fsys segment.FS) (*Reading, error) {
	events, err := segment.NewArchive(fsys, segment.Events)
	if err != nil {
		return nil, err
	}
	deliveries, err := segment.NewArchive(fsys, segment.Deliveries)
	if err != nil {
		return nil, err
	}
	return &Reading{fs: fsys, events: events, deliveries: deliveries}, nil
}

// Close closes what is open.
func (r *Reading) Close() error { return errors.Join(r.events.Close(), r.deliveries.Close()) }

// Which names an event: by its seq if that is not 0, else by its id, of several
// the newest, with the source if one is given.
type Which struct {
	ID, Source string
	Seq        uint64
}

// ParseWhich reads seq:N, or an id.
func ParseWhich(text string) Which {
	if digits, ok := strings.CutPrefix(text, "seq:"); ok {
		if seq, err := strconv.ParseUint(digits, 10, 64); err == nil && seq > 0 {
			return Which{Seq: seq}
		}
	}
	return Which{ID: text}
}

// Event finds an accepted event; ErrNotFound if there is none.
func (r *Reading) Event(w Which) (Accepted, error) {
	if w.Seq == 0 {
		seq, err := r.newest(w)
		if errors.Is(err, ErrNotFound) {
			seq, err = r.sent(w.ID)
		}
		if err != nil {
			return Accepted{}, err
		}
		w.Seq = seq
	}
	line, err := r.events.Find(w.Seq)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotFound // it is being removed
	}
	if err != nil {
		return Accepted{}, err
	}
	a := parseAccepted(&line)
	if a.Kind == kindResend {
		return r.Event(Which{Seq: a.Of})
	}
	if a.Kind != kindEvent {
		return Accepted{}, ErrNotFound
	}
	return a, nil
}

// newest is the seq of the newest event of an id.
func (r *Reading) newest(w Which) (found uint64, err error) {
	quoted := event.AppendString(nil, w.ID)
	for _, first := range slices.Backward(r.events.Segments()) {
		err := lines(r.events, first, func(line *segment.Line) bool {
			// Most lines are told apart without looking into them. An id may
			// be written with escapes that it does not need, which only
			// parsing sees.
			if bytes.Contains(line.Raw, quoted) || bytes.IndexByte(line.Raw, '\\') >= 0 {
				if a := parseAccepted(line); a.Kind == kindEvent {
					e, err := event.Parse(a.Event, a.Filled)
					if err == nil && e.ID == w.ID && (w.Source == "" || e.Source == w.Source) {
						found = line.Number
					}
				}
			}
			return true
		})
		if err != nil || found > 0 {
			return found, err
		}
	}
	return 0, ErrNotFound
}

// sent is the seq of the newest event that was sent under another id.
func (r *Reading) sent(id string) (found uint64, err error) {
	if !strings.HasPrefix(id, "msg_") {
		return 0, ErrNotFound
	}
	member := event.AppendString([]byte(`"sent_id":`), id)
	for _, first := range slices.Backward(r.deliveries.Segments()) {
		err := lines(r.deliveries, first, func(line *segment.Line) bool {
			if bytes.Contains(line.Raw, member) {
				if o := parseOutcome(line); o.SentID == id {
					found = o.Seq
				}
			}
			return true
		})
		if err != nil || found > 0 {
			return found, err
		}
	}
	return 0, ErrNotFound
}

// Story is all that became of an event, in order: its attempts, those of its
// resends, and the config lines of the generations they were made under.
func (r *Reading) Story(a Accepted) (resends []Accepted, outcomes []Outcome, err error) {
	seqs := map[uint64]bool{a.Seq: true}
	of := strconv.AppendUint([]byte(`"of":`), a.Seq, 10)
	for _, first := range r.events.Segments() {
		if first < r.events.SegmentOf(a.Seq) {
			continue
		}
		err := lines(r.events, first, func(line *segment.Line) bool {
			if bytes.Contains(line.Raw, of) {
				if x := parseAccepted(line); x.Kind == kindResend && x.Of == a.Seq {
					resends = append(resends, x.clone())
					seqs[x.Seq] = true
				}
			}
			return true
		})
		if err != nil {
			return nil, nil, err
		}
	}
	configs := map[string]Outcome{}
	err = r.Outcomes(a.At, func(o *Outcome) bool {
		key := fmt.Sprint(o.Generation, o.Webhook)
		switch {
		case o.Kind == kindConfig:
			configs[key] = o.clone()
		case o.Kind == kindAttempt && seqs[o.Seq]:
			if c, ok := configs[key]; ok {
				outcomes = append(outcomes, c)
				delete(configs, key)
			}
			outcomes = append(outcomes, o.clone())
		}
		return true
	})
	return resends, outcomes, err
}

// Outcomes visits the records of the deliveries that were written at or behind
// a time, oldest first, until visit is false. What it is given is only valid
// meanwhile. Damaged lines are passed over; Check tells of them.
func (r *Reading) Outcomes(since time.Time, visit func(*Outcome) bool) error {
	segments := r.deliveries.Segments()
	begin := 0
	for i := 1; i < len(segments); i++ {
		if at, ok := firstTime(r.deliveries, segments[i]); ok && at.Before(since) {
			begin = i // all of the segments ahead of it are older
		}
	}
	for _, first := range segments[min(begin, len(segments)):] {
		more := true
		err := lines(r.deliveries, first, func(line *segment.Line) bool {
			o := parseOutcome(line)
			// A config line is told whatever its time: attempts behind it rest on it.
			if o.Kind == kindConfig || !o.At.Before(since) {
				more = visit(&o)
			}
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// Tail visits the newest records of the deliveries first, until visit is false,
// a segment in memory at a time.
func (r *Reading) Tail(visit func(*Outcome) bool) error {
	for _, first := range slices.Backward(r.deliveries.Segments()) {
		var outcomes []Outcome
		err := lines(r.deliveries, first, func(line *segment.Line) bool {
			o := parseOutcome(line)
			outcomes = append(outcomes, o.clone())
			return true
		})
		if err != nil {
			return err
		}
		for i := range slices.Backward(outcomes) {
			if !visit(&outcomes[i]) {
				return nil
			}
		}
	}
	return nil
}

// clone makes an outcome that outlives its line.
func (o *Outcome) clone() Outcome {
	c := *o
	for _, raw := range []*[]byte{&c.Took, &c.Timing, &c.Request, &c.Response, &c.URL, &c.Headers, &c.Raw} {
		*raw = bytes.Clone(*raw)
	}
	return c
}

func firstTime(a *segment.Archive, first uint64) (at time.Time, ok bool) {
	_ = lines(a, first, func(line *segment.Line) bool {
		at, ok = line.At(), true
		return false
	})
	return at, ok
}

// lines visits the good records of a segment until visit is false. Check tells
// of the others. Of one that is removed meanwhile there are no more.
func lines(a *segment.Archive, first uint64, visit func(*segment.Line) bool) error {
	err := visitLines(a, first, 0, func(*segment.Damage) {}, visit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// JSON is the record as it stands in the history, without its checksum.
func (a *Accepted) JSON() []byte { return bare(a.Raw) }

// JSON is the record as it stands in the history, without its checksum.
func (o *Outcome) JSON() []byte { return bare(o.Raw) }

func bare(raw []byte) []byte {
	body, _ := segment.Sealed(raw)
	return append(bytes.Clone(body), '}')
}
