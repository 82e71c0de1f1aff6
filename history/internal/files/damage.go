package files

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"sidehook/history"
	"sidehook/history/segment"
)

// DamageFile has the damage that was accepted, sealed as the cursors are.
const DamageFile = "damage.json"

// damages is what damageFile says.
type damages struct {
	Version  int               `json:"version"`
	Problems []history.Problem `json:"problems"`
}

const damagesVersion = 1

// LoadKnownDamage reads the damage that was accepted. A list that cannot be read, or is
// damaged, excuses nothing, and the error says so.
func LoadKnownDamage(fsys segment.FS) (map[history.Problem]bool, error) {
	known := map[history.Problem]bool{}
	text, err := readFile(fsys, DamageFile)
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
		known[p.Plain()] = true
	}
	return known, nil
}

// AcceptDamage adds problems to those that are known, forgets those of segments that
// have gone, and returns the size of the list in bytes.
func AcceptDamage(fsys segment.FS, problems []history.Problem) (size int64, err error) {
	d := damages{Version: damagesVersion, Problems: []history.Problem{}}
	known, _ := LoadKnownDamage(fsys) // what cannot be read is replaced
	names, err := fsys.List()
	if err != nil {
		return 0, err
	}
	stands := map[string]bool{}
	for _, name := range names {
		stands[segment.PlainName(name)] = true
	}
	add := func(p history.Problem) {
		_, event := segment.Events.Owner(p.File)
		_, delivery := segment.Deliveries.Owner(p.File)
		if p.File != DamageFile && (stands[p.File] || !event && !delivery) {
			d.Problems = append(d.Problems, p)
		}
	}
	for _, p := range problems {
		delete(known, p.Plain())
	}
	for p := range known {
		add(p)
	}
	for _, p := range problems {
		add(p.Plain())
	}
	slices.SortFunc(d.Problems, func(a, b history.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset), strings.Compare(a.What, b.What))
	})
	text, err := json.Marshal(d)
	if err != nil {
		return 0, err
	}
	text = segment.Seal(text[:len(text)-1])
	if err := CheckReserve(fsys, int64(len(text))); err != nil {
		return 0, fmt.Errorf("accept the damage: %w", err)
	}
	if err := segment.ReplaceFile(fsys, DamageFile, text); err != nil {
		return 0, fmt.Errorf("accept the damage: %w", err)
	}
	return int64(len(text)), nil
}
