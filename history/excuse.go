package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sort"

	"sidehook/history/segment"
)

const (
	// damageFile has the damage that was accepted, sealed as the cursors are.
	damageFile = "damage.json"
	// removedFile has the ranges of seq whose segments retention removed.
	removedFile = "removed.json"
)

// damages is what damageFile says.
type damages struct {
	Version  int       `json:"version"`
	Problems []Problem `json:"problems"`
}

const damagesVersion = 1

// removed are ranges of seq, both ends included.
type removed [][2]uint64

// covers says whether retention took all records from one number to another.
// Of the deliveries it is not told which went: some may have, as soon as events
// did.
func (r removed) covers(key string, from, to uint64) bool {
	if key == segment.Deliveries.Key {
		return len(r) > 0
	}
	// Ranges may touch or overlap, and stand in any order.
	sort.Slice(r, func(i, j int) bool { return r[i][0] < r[j][0] })
	for _, span := range r {
		if span[0] <= from && from <= span[1] {
			from = span[1] + 1
		}
	}
	return from > to
}

// loadExcuses reads what is no news to a check. A damaged list of accepted
// damage excuses nothing.
func (r *Reading) loadExcuses() (known map[Problem]bool, gone removed, err error) {
	text, err := readFile(r.events.fs, removedFile)
	if err == nil {
		err = json.Unmarshal(text, &gone)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("read %s: %w", removedFile, err)
	}
	known = map[Problem]bool{}
	text, err = readFile(r.events.fs, damageFile)
	if errors.Is(err, fs.ErrNotExist) {
		return known, gone, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var d damages
	body, ok := segment.Sealed(text)
	if ok && json.Unmarshal(append(body, '}'), &d) == nil && d.Version == damagesVersion {
		for _, p := range d.Problems {
			known[p] = true
		}
	}
	return known, gone, nil
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
