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
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
)

// DamageFile has the damage that was accepted, with a checksum.
const DamageFile = "damage.json"

// damages is the content of DamageFile.
type damages struct {
	Version  int               `json:"version"`
	Problems []history.Problem `json:"problems"`
}

const damagesVersion = 1

// LoadKnownDamage reads the damage that was accepted. If the list cannot be read or is
// damaged, no damage is known, and the error is why.
func LoadKnownDamage(fsys vfs.ReadFS) (map[history.Problem]bool, error) {
	known := map[history.Problem]bool{}
	text, err := readFile(fsys, DamageFile)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return known, err
	}
	var d damages
	body, ok := jsonl.VerifyChecksum(text)
	if !ok || json.Unmarshal(append(body, '}'), &d) != nil {
		return known, errors.New("the list is damaged")
	}
	if d.Version != damagesVersion {
		return known, fmt.Errorf("the list is of version %d, and this sidehook knows %d only", d.Version, damagesVersion)
	}
	for _, p := range d.Problems {
		known[Plain(p)] = true
	}
	return known, nil
}

// Plain returns the problem with the name of the uncompressed segment. Compression
// changes nothing else of it.
func Plain(p history.Problem) history.Problem {
	p.File = segment.PlainName(p.File)
	return p
}

// AcceptDamage adds problems to the known ones, drops those of segments that were removed,
// and returns the size of the list in bytes.
func AcceptDamage(fsys vfs.FS, problems []history.Problem) (size int64, err error) {
	d := damages{Version: damagesVersion, Problems: []history.Problem{}}
	known, _ := LoadKnownDamage(fsys) // what cannot be read is replaced
	names, err := fsys.List()
	if err != nil {
		return 0, err
	}
	exists := map[string]bool{}
	for _, name := range names {
		exists[segment.PlainName(name)] = true
	}
	add := func(p history.Problem) {
		_, event := segment.Events.Owner(p.File)
		_, delivery := segment.Deliveries.Owner(p.File)
		if p.File != DamageFile && (exists[p.File] || !event && !delivery) {
			d.Problems = append(d.Problems, p)
		}
	}
	for _, p := range problems {
		delete(known, Plain(p))
	}
	for p := range known {
		add(p)
	}
	for _, p := range problems {
		add(Plain(p))
	}
	slices.SortFunc(d.Problems, func(a, b history.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset), strings.Compare(a.What, b.What))
	})
	text, err := json.Marshal(d)
	if err != nil {
		return 0, err
	}
	text = jsonl.AppendChecksum(text[:len(text)-1])
	if err := CheckReserve(fsys, int64(len(text))); err != nil {
		return 0, fmt.Errorf("accept the damage: %w", err)
	}
	if err := vfs.ReplaceFile(fsys, DamageFile, text); err != nil {
		return 0, fmt.Errorf("accept the damage: %w", err)
	}
	return int64(len(text)), nil
}
