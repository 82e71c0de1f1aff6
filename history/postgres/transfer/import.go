package transfer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/postgres/database"
)

// Import copies the history of a folder into an empty schema. It locks the folder, and
// changes nothing in it.
func Import(ctx context.Context, path string, o Options) (Done, error) {
	dir, err := vfs.Dir(path)
	if err != nil {
		return Done{}, err
	}
	done, err := ImportFS(ctx, dir, o)
	var inUse *vfs.InUseError
	if errors.As(err, &inUse) {
		err = fmt.Errorf("%s: %w; stop the relay", path, err)
	}
	return done, errors.Join(err, dir.Close())
}

// ImportFS is Import of a file system.
func ImportFS(ctx context.Context, unlocked vfs.Lockable, o Options) (done Done, err error) {
	o.complete()
	there, err := files.HasFormat(unlocked)
	if err == nil && !there {
		err = history.ErrNoHistory
	}
	if err != nil {
		return done, err
	}
	fsys, err := vfs.Lock(unlocked)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, fsys.Unlock()) }()
	x := &importer{Options: o, ctx: ctx}
	if x.checkpoint, err = files.LoadCheckpoint(fsys); err != nil {
		o.Log.Warn("cannot use the latest checkpoint", "error", err)
	}
	if x.events, err = segment.NewArchive(fsys, segment.Events); err != nil {
		return done, err
	}
	defer x.events.Close() // only read from
	if x.deliveries, err = segment.NewArchive(fsys, segment.Deliveries); err != nil {
		return done, err
	}
	defer x.deliveries.Close()
	err = x.run()
	return x.done, database.Explained(err)
}

// importer is one import.
type importer struct {
	Options
	ctx                context.Context
	events, deliveries *segment.Archive
	checkpoint         *files.Checkpoint // nil: there is none
	source             string
	done               Done

	generation history.Generation // the highest
	highest    history.Seq        // that a record refers to
	webhooks   map[string]bool
	total      uint64
}

func (x *importer) run() error {
	x.webhooks = map[string]bool{}
	if err := x.begin(); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{{"events", x.importEvents}, {"ids", x.importIDs}, {"attempts", x.importAttempts}, {"end", x.end}} {
		if err := x.Step(step.name); err != nil {
			return err
		}
		if err := step.do(); err != nil {
			return fmt.Errorf("import %s: %w", step.name, err)
		}
	}
	return nil
}

// begin marks the schema as being filled from this folder, which is known again by its
// first and last records.
func (x *importer) begin() error {
	firsts := [2]uint64{1, 1}
	for i, archive := range []*segment.Archive{x.events, x.deliveries} {
		segments := archive.Segments()
		if len(segments) == 0 {
			continue
		}
		firsts[i] = segments[0]
		at := time.Time{}
		last := segments[len(segments)-1] - 1
		if line, err := archive.Last(last + 1); err == nil {
			at, last = line.At(), line.Number
		} else if !errors.Is(err, jsonl.ErrNotFound) {
			return err
		}
		x.total += last + 1 - min(firsts[i], last+1)
		x.source += fmt.Sprintf("%d-%d %s ", firsts[i], last, at.UTC().Format(jsonl.TimeFormat))
	}
	if err := x.Step("begin"); err != nil {
		return err
	}
	var why string
	err := x.DB.Call(x.ctx, `SELECT {schema}.import_begin($1, $2, $3)`, []database.Argument{
		database.Text(x.source), database.Int8(firsts[0]), database.Int8(firsts[1]),
	}, &why)
	if err != nil {
		return err
	}
	if why != "" {
		return fmt.Errorf("schema %s: %w: %s", x.DB.Schema(), ErrNotEmpty, why)
	}
	// Not hundreds of partitions for a long history.
	return x.DB.Call(x.ctx, `UPDATE {schema}.head SET width = $1 WHERE stream <> 'ids' AND width < $1`, []database.Argument{database.Int8(x.total / mostParts)})
}

// mostParts is in about how many partitions a history is put, unless it is small.
const mostParts = 100

// head returns the last number of a stream.
func (x *importer) head(stream string) (last int64, err error) {
	err = x.DB.Read(x.ctx, `SELECT last FROM {schema}.head WHERE stream = $1`, []database.Argument{database.Text(stream)}, &last)
	return last, err
}

// visit visits the good lines of a stream after a number.
func (x *importer) visit(archive *segment.Archive, after uint64, visit func(*jsonl.Line) error) error {
	var failed error
	for _, first := range archive.Segments() {
		if _, next := archive.Bounds(first); next <= after {
			continue
		}
		err := archive.Visit(first, 0, x.damaged, func(line *jsonl.Line) bool {
			if line.Number > after {
				failed = visit(line)
			}
			return failed == nil
		})
		if err := errors.Join(err, failed); err != nil {
			return err
		}
	}
	return nil
}

func (x *importer) damaged(d *segment.Damage) {
	x.done.Damaged++
	x.Log.Warn("left out a damaged line", "file", d.File, "offset", d.Offset, "reason", d.Reason)
}

// addBatch commits rows of a stream with numbers up to last.
func (x *importer) addBatch(stream string, first, last int64, insert func(*database.Tx) error) error {
	if err := x.Step(stream + " " + fmt.Sprint(first)); err != nil {
		return err
	}
	of := func(number int64) []database.Argument {
		return []database.Argument{database.Text(stream), database.Int8(number)}
	}
	if err := x.DB.Call(x.ctx, `SELECT {schema}.import_skip($1, $2)`, of(first)); err != nil {
		return err
	}
	return x.DB.Transact(x.ctx, func(tx *database.Tx) error {
		var before int64
		if err := tx.Call(x.ctx, `SELECT {schema}.import_ready($1, $2)`, of(last), &before); err != nil {
			return err
		}
		if before >= first {
			return fmt.Errorf("another import adds %s, too", stream)
		}
		if err := insert(tx); err != nil {
			return err
		}
		return tx.Call(x.ctx, `UPDATE {schema}.head SET last = $2 WHERE stream = $1`, of(last))
	})
}

// end adds the cursors, and lets relays start. It commits what came before for good, too
// (P4).
func (x *importer) end() error {
	c := x.checkpoint
	if c == nil {
		c = &files.Checkpoint{At: time.Now()}
	}
	last, err := x.head("events")
	if err != nil {
		return err
	}
	// No number that something refers to is given away again.
	if next := int64(max(x.highest, c.Spoken)) + 1; next > last+1 {
		if err := x.DB.Call(x.ctx, `SELECT {schema}.import_skip('events', $1)`, []database.Argument{database.Int8(next)}); err != nil {
			return err
		}
	}
	for name := range c.Webhooks {
		x.webhooks[name] = true
	}
	for name := range c.Rows {
		x.webhooks[name] = true
	}
	names := make([]string, 0, len(x.webhooks))
	for name := range x.webhooks {
		names = append(names, name)
	}
	slices.Sort(names)
	covers := min(int64(c.Events.Number), last)
	checkpoints, refs := make([][]byte, len(names)), make([]string, len(names))
	for i, name := range names {
		w, ok := c.Webhooks[name]
		refs[i] = refsText(w.Holds)
		if w.Row = cmp.Or(w.Row, c.Rows[name]); !ok {
			w.Last, w.Next = history.Seq(covers), history.Seq(covers)+1
		}
		if ok || w.Row != nil {
			if checkpoints[i], err = json.Marshal(w); err != nil {
				return err
			}
		}
	}
	return x.DB.Call(x.ctx, `SELECT {schema}.import_end($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)::text`, []database.Argument{
		database.Text(string(x.DB.Sync())), database.Text(x.source),
		database.Int8(max(c.Generation, x.generation)), database.Text(c.Hash), database.Int8(c.At.UnixNano()),
		database.Texts(names), database.Byteas(checkpoints), database.Texts(refs),
		database.Int8(c.Deliveries.Number), database.Int8(covers),
	})
}

// refsText returns the records that a checkpoint needs, as an array of the first and last
// seqs of runs.
func refsText(holds [][3]uint64) string {
	text := "{"
	for i, h := range holds {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf("%d,%d", h[0], h[1])
	}
	return text + "}"
}
