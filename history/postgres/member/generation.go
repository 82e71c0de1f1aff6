package member

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
)

// Declaration is the content of a member's file.
type Declaration struct {
	File       string             // a hash of what the file means
	Generation history.Generation // its Number; 0: the database has not numbered it yet
	Edited     bool               // the file was changed while the member runs
	Digests    map[string]string  // of the entry of each webhook
	Was        map[string]string  // the former names of webhooks

	entries map[string]Entry
}

// numberTimeout is how long Number waits for the database.
const numberTimeout = 2 * time.Second

// Number returns the number of a configuration: all members whose files mean the same
// have the same one. It returns 0 if the database does not answer; Options.Numbered gets
// the number later, after Declare.
func (m *Member) Number(file string, edited bool) history.Generation {
	ctx, cancel := context.WithTimeout(context.Background(), numberTimeout)
	defer cancel()
	n, err := m.number(ctx, file, edited)
	if err != nil {
		return 0
	}
	return n
}

func (m *Member) number(ctx context.Context, file string, edited bool) (history.Generation, error) {
	var n int64
	err := m.call(ctx, `SELECT {schema}.number($1,$2,$3)`, []database.Argument{
		database.Text(m.o.Name), database.Text(file), database.Bool(edited),
	}, &n)
	return history.Generation(n), err
}

// Declare sets what the member's file has. The next beat writes it.
func (m *Member) Declare(d Declaration) {
	m.mu.Lock()
	m.next = &d
	m.mu.Unlock()
	m.wakeBeat()
}

// declare numbers the content of the file, if that is new, and each entry by the first
// generation that has it. It is called before a beat.
func (b *beats) declare(ctx context.Context) error {
	b.mu.Lock()
	next, before := b.next, b.declared
	b.mu.Unlock()
	if next == nil {
		return nil
	}
	d := *next
	if d.Generation == 0 {
		n, err := b.number(ctx, d.File, d.Edited)
		if err != nil {
			return err
		}
		d.Generation = n
		defer b.o.Numbered(n)
	}
	known, err := b.allEntries(ctx)
	if err != nil {
		return err
	}
	own := before.entries
	if own == nil {
		own = known[b.o.Name] // of the last process
	}
	d.entries = numbered(&d, own, known)
	b.mu.Lock()
	b.declared, b.unsent = d, true
	if b.next == next {
		b.next = nil
	}
	b.mu.Unlock()
	return nil
}

// numbered gives each entry its generation. One that the member had before keeps its
// own; one that was changed gets the new one; a new member takes the generation that
// others have for the same entry.
func numbered(d *Declaration, own map[string]Entry, known map[string]map[string]Entry) map[string]Entry {
	entries := make(map[string]Entry, len(d.Digests))
	for name, digest := range d.Digests {
		e := Entry{Digest: digest, Generation: d.Generation, Was: d.Was[name]}
		before, had := own[name]
		switch {
		case had && before.Digest == digest:
			e.Generation = before.Generation
		case had || d.Edited:
		default:
			newest := history.Generation(0)
			for _, other := range known {
				if o := other[name]; o.Digest == digest {
					newest = max(newest, o.Generation)
				}
			}
			if newest > 0 {
				e.Generation = newest
			}
		}
		entries[name] = e
	}
	return entries
}

// allEntries reads what all members have in their files.
func (m *Member) allEntries(ctx context.Context) (map[string]map[string]Entry, error) {
	rows := m.o.DB.Query(ctx, `SELECT name, entries::text FROM {schema}.members`)
	defer rows.Close()
	all := map[string]map[string]Entry{}
	var name, text string
	for rows.Next(&name, &text) {
		var entries map[string]Entry
		if err := json.Unmarshal([]byte(text), &entries); err != nil {
			return nil, err
		}
		all[name] = entries
	}
	return all, rows.Close()
}

// Generation returns the number of the configuration that was declared last, 0 if it has
// none yet, and its hash.
func (m *Member) Generation() (history.Generation, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.declared.Generation, m.declared.File
}

func (d *Declaration) same(other *Declaration) bool {
	return d.File == other.File && d.Generation == other.Generation && maps.Equal(d.entries, other.entries)
}
