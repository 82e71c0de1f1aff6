package history

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

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

// loadKnown reads the damage that was accepted. A list that cannot be read, or is
// damaged, excuses nothing, and the error says so.
func loadKnown(fsys segment.FS) (map[Problem]bool, error) {
	known := map[Problem]bool{}
	text, err := readFile(fsys, damageFile)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return known, err
	}
	var d damages
	body, ok := segment.Sealed(text)
	if !ok || json.Unmarshal(append(body, '}'), &d) != nil {
		return known, errors.New("the list is damaged")
	}
	if d.Version != damagesVersion {
		return known, fmt.Errorf("the list is of version %d, and this sidehook knows %d only", d.Version, damagesVersion)
	}
	for _, p := range d.Problems {
		known[p.plain()] = true
	}
	return known, nil
}

// accept adds problems to those that are known, forgets those of segments that
// have gone, and returns the size of the list in bytes.
func accept(fsys segment.FS, problems []Problem) (size int64, err error) {
	d := damages{Version: damagesVersion, Problems: []Problem{}}
	known, _ := loadKnown(fsys) // what cannot be read is replaced
	names, err := fsys.List()
	if err != nil {
		return 0, err
	}
	stands := map[string]bool{}
	for _, name := range names {
		stands[segment.PlainName(name)] = true
	}
	add := func(p Problem) {
		_, event := segment.Events.Owner(p.File)
		_, delivery := segment.Deliveries.Owner(p.File)
		if p.File != damageFile && (stands[p.File] || !event && !delivery) {
			d.Problems = append(d.Problems, p)
		}
	}
	for _, p := range problems {
		delete(known, p.plain())
	}
	for p := range known {
		add(p)
	}
	for _, p := range problems {
		add(p.plain())
	}
	slices.SortFunc(d.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset), strings.Compare(a.What, b.What))
	})
	text, err := json.Marshal(d)
	if err != nil {
		return 0, err
	}
	text = segment.Seal(text[:len(text)-1])
	if err := reserved(fsys, int64(len(text))); err != nil {
		return 0, fmt.Errorf("accept the damage: %w", err)
	}
	if err := segment.ReplaceFile(fsys, damageFile, text); err != nil {
		return 0, fmt.Errorf("accept the damage: %w", err)
	}
	return int64(len(text)), nil
}

// Problem is one thing that is wrong with a history, and where.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"` // from 1; 0 if it is about the file
	Offset int64  `json:"offset,omitempty"`
	What   string `json:"message"`
}

func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.What)
	}
	return fmt.Sprintf("%s:%d: byte %d: %s", p.File, p.Line, p.Offset, p.What)
}
