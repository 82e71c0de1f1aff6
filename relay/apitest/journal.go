package apitest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"sync"

	"sidehook/history"
)

// Journal is an intake.Journal in memory.
type Journal struct {
	Wait func(context.Context) error // called before anything is kept; may be nil

	mu      sync.Mutex
	fails   error
	kept    []history.Entry
	content map[string]string // by source and id
}

// Append keeps entries, unless they are known.
func (j *Journal) Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	if j.Wait != nil {
		if err := j.Wait(ctx); err != nil {
			return nil, err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fails != nil {
		return nil, j.fails
	}
	content := maps.Clone(j.content)
	if content == nil {
		content = map[string]string{}
	}
	kept := j.kept
	receipts := make([]history.Receipt, len(entries))
	for i, e := range entries {
		var given bytes.Buffer
		e.Event.WriteContent(&given)
		key := e.Event.Source + "\n" + e.Event.ID
		switch old, known := content[key]; {
		case !known:
			content[key] = given.String()
			kept = append(kept, e)
			receipts[i] = history.Receipt{Seq: history.Seq(len(kept)), To: e.To}
		case old == given.String():
			receipts[i] = history.Receipt{Seq: 1, To: []string{"first"}, Duplicate: true}
		default:
			return nil, fmt.Errorf("append: %w", &history.ConflictError{Index: i})
		}
	}
	j.content, j.kept = content, kept
	return receipts, nil
}

// Fail makes the next calls fail; nil ends it.
func (j *Journal) Fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fails = err
}

// Events returns what was kept.
func (j *Journal) Events() []history.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]history.Entry(nil), j.kept...)
}
