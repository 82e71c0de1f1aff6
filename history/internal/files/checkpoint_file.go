package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/pending"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/streak"
	"sidehook/history/internal/vfs"
)

// The files of the cursors. Both generations are only ever replaced by rename.
const (
	CheckpointFile         = "cursors.json"
	PreviousCheckpointFile = "cursors.previous.json"
)

// Checkpoint are where each webhook stands, so that a start reads what came after
// them and not the whole history. They are a hint: they never say more than
// synced lines say, and without them a start costs a scan.
//
// What they say is brought up to date by the events behind Events and the
// deliveries behind Deliveries. To make that exact, write takes Deliveries
// first, then Events, then each queue: all that happened to a queue after its
// part was taken stands behind both.
type Checkpoint struct {
	Version    int                           `json:"version"`
	At         time.Time                     `json:"at"`
	Stopped    bool                          `json:"stopped,omitempty"` // after them nothing was written
	Generation history.Generation            `json:"generation"`        // of the configuration in force
	Hash       string                        `json:"hash"`              // of that configuration
	Events     Position                      `json:"events"`
	Spoken     history.Seq                   `json:"spoken"` // a seq of this or below was given away, though its record may be damaged
	Deliveries Position                      `json:"deliveries"`
	Steps      [][2]int64                    `json:"steps,omitempty"` // of the wall clock: ahead of which seq, by how many ns
	Webhooks   map[string]pending.Checkpoint `json:"webhooks"`
	// Rows are those of the webhooks of which nothing else is to be told.
	Rows map[string]*streak.Checkpoint `json:"rows,omitempty"`
}

type Position struct {
	Number uint64    `json:"number"`
	Batch  uint64    `json:"batch"`
	Place  [3]uint64 `json:"place"` // segment, offset, length
}

const CheckpointVersion = 2

func PackPosition(p segment.Position) Position {
	return Position{p.Number, p.Batch, pending.PackLocation(p.Last)}
}

func (p Position) Unpack() segment.Position {
	return segment.Position{Number: p.Number, Batch: p.Batch, Last: pending.UnpackLocation(p.Place)}
}

// WriteCheckpoint returns how many bytes they have.
func WriteCheckpoint(fsys vfs.FS, c *Checkpoint) (size int64, err error) {
	text, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	text = jsonl.AppendChecksum(text[:len(text)-1])
	switch err := vfs.Rename(fsys, CheckpointFile, PreviousCheckpointFile); {
	case err == nil, errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST):
		// A folder has their name, which ReplaceFile moves.
	default:
		return 0, fmt.Errorf("keep the cursors before: %w", err)
	}
	return int64(len(text)), vfs.ReplaceFile(fsys, CheckpointFile, text)
}

// LoadCheckpoint reads the newest cursors that hold. It is nil if none do.
func LoadCheckpoint(fsys vfs.ReadFS) (_ *Checkpoint, problem error) {
	for _, name := range [...]string{CheckpointFile, PreviousCheckpointFile} {
		text, err := readFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			problem = errors.Join(problem, err)
			continue
		}
		body, ok := jsonl.VerifyChecksum(text)
		if !ok {
			problem = errors.Join(problem, fmt.Errorf("%s is damaged", name))
			continue
		}
		c := new(Checkpoint)
		switch err := json.Unmarshal(append(body, '}'), c); {
		case err != nil:
			problem = errors.Join(problem, fmt.Errorf("read %s: %w", name, err))
		case c.Version != CheckpointVersion:
			problem = errors.Join(problem, fmt.Errorf("%s is of version %d, and this sidehook knows %d only", name, c.Version, CheckpointVersion))
		default:
			return c, problem
		}
	}
	return nil, problem
}
