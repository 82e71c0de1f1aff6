package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"sidehook/history/segment"
)

// damageFile has the damage that was accepted, sealed as the cursors are.
const damageFile = "damage.json"

// damages is what damageFile says.
type damages struct {
	Version  int       `json:"version"`
	Problems []Problem `json:"problems"`
}

const damagesVersion = 1

// plain is the problem as it is, or was, where the segment is not compressed.
// Compression changes nothing of it.
func (p Problem) plain() Problem {
	p.File = segment.PlainName(p.File)
	return p
}

// loadKnown reads the damage that was accepted. A damaged list excuses nothing.
func (r *Reading) loadKnown() (map[Problem]bool, error) {
	known := map[Problem]bool{}
	text, err := readFile(r.events.fs, damageFile)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	var d damages
	body, ok := segment.Sealed(text)
	if ok && json.Unmarshal(append(body, '}'), &d) == nil && d.Version == damagesVersion {
		for _, p := range d.Problems {
			known[p.plain()] = true
		}
	}
	return known, nil
}

// Accept records all that a check found as known, so that the next one tells
// only of what is new. It changes nothing of the records.
func (r *Reading) Accept(c *Checked) error {
	text, err := json.Marshal(damages{damagesVersion, append(append([]Problem{}, c.Known...), c.Problems...)})
	if err != nil {
		return err
	}
	if err := segment.ReplaceFile(r.events.fs, damageFile, segment.Seal(text[:len(text)-1])); err != nil {
		return fmt.Errorf("accept the damage: %w", err)
	}
	return nil
}
