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

// The files of the checkpoint and of the one before it. Both are only replaced by rename.
const (
	CheckpointFile         = "cursors.json"
	PreviousCheckpointFile = "cursors.previous.json"
)

// Checkpoint is the state of all queues, so that a start reads only what came after it
// and not the whole history. It is a hint: it never claims more than synced lines say,
// and without it a start reads all lines.
//
// Recovery brings it up to date with the events after Events and the deliveries after
// Deliveries. To make that exact, the writer takes Deliveries first, then Events, then
// each queue: all that happens to a queue after its part was taken comes after both.
type Checkpoint struct {
	Version    int                           `json:"version"`
	At         time.Time                     `json:"at"`
	Stopped    bool                          `json:"stopped,omitempty"` // nothing was written after it
	Generation history.Generation            `json:"generation"`        // of the configuration in force
	Hash       string                        `json:"hash"`              // of that configuration
	Events     Position                      `json:"events"`
	Spoken     history.Seq                   `json:"spoken"` // seqs up to this one may have been used, though the record may be damaged
	Deliveries Position                      `json:"deliveries"`
	Steps      [][2]int64                    `json:"steps,omitempty"` // of the wall clock: before which seq, by how many ns
	Webhooks   map[string]pending.Checkpoint `json:"webhooks"`
	// Rows has the streaks of the webhooks that are not in Webhooks.
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

// WriteCheckpoint writes the checkpoint, and returns its size in bytes.
func WriteCheckpoint(fsys vfs.FS, c *Checkpoint) (size int64, err error) {
	text, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	text = jsonl.AppendChecksum(text[:len(text)-1])
	switch err := vfs.Rename(fsys, CheckpointFile, PreviousCheckpointFile); {
	case err == nil, errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST):
		// A folder has its name, which ReplaceFile moves.
	default:
		return 0, fmt.Errorf("keep the cursors before: %w", err)
	}
	return int64(len(text)), vfs.ReplaceFile(fsys, CheckpointFile, text)
}

// LoadCheckpoint reads the newest valid checkpoint. It returns nil if there is none.
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
