package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"sidehook/history/segment"
)

// The files of the cursors. Both generations are only ever replaced by rename.
const (
	cursorsFile  = "cursors.json"
	previousFile = "cursors.previous.json"
)

// cursors are where each webhook stands, so that a start reads what came after
// them and not the whole history. They are a hint: they never say more than
// synced lines say, and without them a start costs a scan.
//
// What they say is brought up to date by the events behind Events and the
// deliveries behind Deliveries. To make that exact, write takes Deliveries
// first, then Events, then each queue: all that happened to a queue after its
// part was taken stands behind both.
type cursors struct {
	Version    int               `json:"version"`
	At         time.Time         `json:"at"`
	Stopped    bool              `json:"stopped,omitempty"` // after them nothing was written
	Generation uint64            `json:"generation"`        // of the configuration in force
	Hash       string            `json:"hash"`              // of that configuration
	Events     position          `json:"events"`
	Spoken     uint64            `json:"spoken"` // a seq of this or below was given away, though its record may be damaged
	Deliveries position          `json:"deliveries"`
	Steps      [][2]int64        `json:"steps,omitempty"` // of the wall clock: ahead of which seq, by how many ns
	Webhooks   map[string]cursor `json:"webhooks"`
	// Rows are those of the webhooks of which nothing else is to be told.
	Rows map[string]*rowCursor `json:"rows,omitempty"`
}

type position struct {
	Number uint64    `json:"number"`
	Batch  uint64    `json:"batch"`
	Place  [3]uint64 `json:"place"` // segment, offset, length
}

const cursorsVersion = 2

func packPosition(p segment.Position) position {
	return position{p.Number, p.Batch, packPlace(p.Last)}
}

func (p position) unpack() segment.Position {
	return segment.Position{Number: p.Number, Batch: p.Batch, Last: unpackPlace(p.Place)}
}

// errWriter says that the outcomes are not written any more.
var errWriter = errors.New("the writer has ended")

// saveCursors writes the cursors if anything was written since they last were.
func (j *Journal) saveCursors() error {
	now := j.clock.check()
	deliveries := j.outcomes.position()
	j.mu.Lock()
	events := j.published
	c := cursors{
		Version: cursorsVersion, At: now, Stopped: j.last, Generation: j.generation, Hash: j.hash,
		Events: packPosition(events), Spoken: max(j.spoken, events.Number), Deliveries: packPosition(deliveries),
		Webhooks: map[string]cursor{}, Rows: map[string]*rowCursor{},
	}
	steps := j.clock.steps.Load()
	stale := steps != j.savedSteps || j.saved.Generation != c.Generation || j.saved.Hash != c.Hash ||
		j.saved.Events != c.Events || j.saved.Deliveries != c.Deliveries ||
		!j.saved.At.IsZero() && now.Sub(j.saved.At).Abs() >= cursorsAge
	j.mu.Unlock()
	if !stale {
		return nil
	}
	for _, q := range j.queues.Queues() {
		if x, ok := q.cursor(c.At, events.Number, time.Duration(j.retention.keep.Load())); ok {
			c.Webhooks[q.name] = x
			c.Spoken = max(c.Spoken, x.Last) // what was published meanwhile was synced, too
		} else if x.Row != nil {
			c.Rows[q.name] = x.Row
		}
	}
	for _, s := range steps.list {
		c.Steps = append(c.Steps, [2]int64{int64(s.seq), int64(s.by)})
	}
	// They may say no more than lines that are synced.
	switch err := j.outcomes.flush(); {
	case errors.Is(err, ErrNoRoom):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", errWriter, err)
	}
	size, err := writeCursors(j.fs, &c)
	if err != nil {
		return err
	}
	j.retention.grew(max(0, size-j.savedSize))
	j.saved, j.savedSteps, j.savedSize = c, steps, size
	j.saved.Webhooks, j.saved.Rows = nil, nil
	return nil
}

// writeCursors returns how many bytes they have.
func writeCursors(fsys segment.FS, c *cursors) (size int64, err error) {
	text, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	text = segment.Seal(text[:len(text)-1])
	switch err := segment.Rename(fsys, cursorsFile, previousFile); {
	case err == nil, errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST):
		// A folder has their name, which ReplaceFile moves.
	default:
		return 0, fmt.Errorf("keep the cursors before: %w", err)
	}
	return int64(len(text)), segment.ReplaceFile(fsys, cursorsFile, text)
}

// loadCursors reads the newest cursors that hold. It is nil if none do.
func loadCursors(fsys segment.FS) (_ *cursors, problem error) {
	for _, name := range [...]string{cursorsFile, previousFile} {
		text, err := readFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			problem = errors.Join(problem, err)
			continue
		}
		body, ok := segment.Sealed(text)
		if !ok {
			problem = errors.Join(problem, fmt.Errorf("%s is damaged", name))
			continue
		}
		c := new(cursors)
		switch err := json.Unmarshal(append(body, '}'), c); {
		case err != nil:
			problem = errors.Join(problem, fmt.Errorf("read %s: %w", name, err))
		case c.Version != cursorsVersion:
			problem = errors.Join(problem, fmt.Errorf("%s is of version %d, and this sidehook knows %d only", name, c.Version, cursorsVersion))
		default:
			return c, problem
		}
	}
	return nil, problem
}
