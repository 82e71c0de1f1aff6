package history

import (
	"cmp"
	"context"
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

// Knows reports whether all of these are known.
func (r *Reading) Knows(problems []Problem) bool {
	known, err := loadKnown(r.events.fs)
	return err == nil && !slices.ContainsFunc(problems, func(p Problem) bool { return p.File != damageFile && !known[p.plain()] })
}

// InUseError says that another process has the history open.
type InUseError = segment.InUseError

// Accept records problems of a check as known, in a history that no process has
// open (*InUseError): the next check tells only of others. It changes nothing of
// the records. Where one has it open, that one does it: Journal.Accept.
func Accept(path string, problems []Problem) (err error) {
	dir, err := segment.OpenDir(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	release, err := dir.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	return AcceptFS(dir, problems)
}

// AcceptFS is Accept on a file system that nobody else writes to.
func AcceptFS(fsys segment.FS, problems []Problem) error {
	_, err := accept(fsys, problems)
	return err
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

// accepting is a wish to have problems accepted.
type accepting struct {
	problems []Problem
	done     chan error
}

// Accept records problems of a check as known, durably on return.
func (j *Journal) Accept(ctx context.Context, problems []Problem) error {
	a := accepting{problems, make(chan error, 1)}
	select {
	case j.accepted <- a:
	case <-j.retention.ended:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-a.done
}

// accept does what Accept wishes. Its error is a sync that failed, which is final.
func (j *Journal) accept(a accepting) error {
	size, err := accept(j.fs, a.problems)
	switch {
	case err == nil:
		j.retention.grew(size)
		j.log.Info("accepted damage of the history as known", "places", len(a.problems))
	case segment.NoRoom(err) && !errors.Is(err, segment.ErrUnsynced):
		err = fmt.Errorf("%w: %w", ErrNoRoom, err)
	}
	a.done <- err
	if errors.Is(err, segment.ErrUnsynced) {
		return err
	}
	return nil
}
