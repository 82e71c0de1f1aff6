package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/pending"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/vfs"
	"sidehook/history/postgres/database"
)

// Partial is the suffix of the name of a folder that is not complete.
const Partial = ".partial"

// Export copies the history of a schema into a folder that does not exist yet, or is
// empty. Until it is complete the folder has another name, Partial; what a killed export
// left there is removed.
func Export(ctx context.Context, path string, o Options) (Done, error) {
	o.complete()
	path = filepath.Clean(path)
	switch err := os.Remove(path); {
	case err == nil, errors.Is(err, fs.ErrNotExist):
	default:
		return Done{}, fmt.Errorf("%s: %w: name a new folder", path, ErrNotEmpty)
	}
	partial := path + Partial
	if err := os.RemoveAll(partial); err != nil {
		return Done{}, err
	}
	dir, err := vfs.Dir(partial)
	if err != nil {
		return Done{}, err
	}
	x := &exporter{Options: o, ctx: ctx}
	if err := errors.Join(x.into(dir), dir.Close()); err != nil {
		return x.done, database.Explained(err)
	}
	if err := o.Step("name"); err != nil {
		return x.done, err
	}
	if err := os.Rename(partial, path); err != nil {
		return x.done, err
	}
	return x.done, syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// exporter is one export.
type exporter struct {
	Options
	ctx   context.Context
	done  Done
	total uint64
	lastN int64 // of the attempts, that was written
}

// into writes the history into an empty folder.
func (x *exporter) into(dir vfs.Lockable) (err error) {
	fsys, err := vfs.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fsys.Unlock()) }()
	before, err := x.standing()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func(*vfs.Locked) error
	}{{"events", x.exportEvents}, {"attempts", x.exportAttempts}} {
		if err := x.Step(step.name); err != nil {
			return err
		}
		if err := step.do(fsys); err != nil {
			return fmt.Errorf("export %s: %w", step.name, err)
		}
	}
	after, err := x.standing()
	if err == nil && after != before {
		err = errors.New("the history has changed meanwhile: stop all relays of the cluster")
	}
	if err != nil {
		return err
	}
	return files.CheckFormat(fsys)
}

// standing returns where the streams end. It is an error if relays run.
func (x *exporter) standing() (heads [2]int64, err error) {
	var living int
	err = x.DB.Read(x.ctx, `SELECT (SELECT last FROM {schema}.head WHERE stream = 'events'), (SELECT last FROM {schema}.head WHERE stream = 'attempts'),
		(SELECT count(*) FROM {schema}.members WHERE beat + lease >= {schema}.now_ns())`, nil, &heads[0], &heads[1], &living)
	if err == nil && living > 0 {
		err = fmt.Errorf("%d relays run with the cluster: stop them", living)
	}
	x.total = uint64(heads[0] + heads[1])
	return heads, err
}

// numbers reads rows after a number, some at a time, in their order.
func (x *exporter) numbers(sql string, row []any, last *int64, visit func() error) error {
	for {
		n, err := x.rows(sql+fmt.Sprintf(` LIMIT %d`, x.Batch), []database.Argument{database.Int8(*last)}, row, visit)
		if err != nil || n < x.Batch {
			return err
		}
		if err := x.Step(fmt.Sprint("after ", *last)); err != nil {
			return err
		}
		x.Progress(x.done.Events+x.done.Attempts, x.total)
	}
}

// rows reads rows, and returns how many it has visited.
func (x *exporter) rows(sql string, args []database.Argument, row []any, visit func() error) (n int, err error) {
	rows := x.DB.Query(x.ctx, sql, args...)
	defer rows.Close()
	for ; rows.Next(row...); n++ {
		if err := visit(); err != nil {
			return n, err
		}
	}
	return n, rows.Close()
}

// stream writes records of a stream.
type stream struct {
	fsys   *vfs.Locked
	of     segment.Stream
	writer *segment.Writer
	begun  func() // is called when a segment begins; may be nil
}

// openStream begins a stream with a number.
func openStream(fsys *vfs.Locked, of segment.Stream, first uint64) (*stream, error) {
	r, err := segment.Recover(fsys, of, segment.Options{Known: segment.Position{Number: first - 1}})
	if err != nil {
		return nil, err
	}
	return &stream{fsys: fsys, of: of, writer: r.Writer}, r.Archive.Close()
}

// skip has the next record have a number that is higher than it would have.
func (s *stream) skip(next uint64) error {
	if err := s.flush(); err != nil {
		return err
	}
	end := s.writer.Position()
	if err := errors.Join(s.writer.Sync(), s.writer.Close()); err != nil {
		return err
	}
	r, err := segment.Recover(s.fsys, s.of, segment.Options{Known: end, Stopped: true, Proven: next - 1})
	if err != nil {
		return err
	}
	s.writer = r.Writer
	return r.Archive.Close()
}

// begin readies the stream for a record.
func (s *stream) begin() error {
	if s.writer.Pending() > 0 && s.writer.Pending() < 1<<20 {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	fresh, err := s.writer.Begin()
	if fresh && s.begun != nil {
		s.begun()
	}
	return err
}

func (s *stream) flush() error { return s.writer.Write() }

func (s *stream) close() error {
	return errors.Join(s.flush(), s.writer.Sync(), s.writer.Close())
}

// exportEvents writes the events, with their numbers. What is missing between them counts
// as removed.
func (x *exporter) exportEvents(fsys *vfs.Locked) error {
	var s *stream
	var removed seqset.Set[uint64]
	var seq, at, last int64
	var line []byte
	err := x.numbers(`SELECT seq, at, line FROM {schema}.events WHERE seq > $1 ORDER BY seq`, []any{&seq, &at, &line}, &last, func() (err error) {
		if seq > last+1 {
			removed.AddSpan(seqset.Span[uint64]{From: uint64(last) + 1, To: uint64(seq) - 1})
		}
		switch {
		case s == nil:
			s, err = openStream(fsys, segment.Events, uint64(seq))
		case seq > last+1:
			err = s.skip(uint64(seq))
		}
		if err != nil {
			return err
		}
		last = seq
		if err := s.begin(); err != nil {
			return err
		}
		s.writer.Add(time.Unix(0, at), line)
		x.done.Events++
		return nil
	})
	if s != nil {
		err = errors.Join(err, s.close())
	}
	if err != nil {
		return err
	}
	return files.SaveRemoved(fsys, segment.Events, removed)
}

// exportAttempts writes the deliveries, numbered from 1, with the configuration of each
// attempt before it in its segment, and after them the state of each webhook.
func (x *exporter) exportAttempts(fsys *vfs.Locked) error {
	configs, err := x.configs()
	if err != nil {
		return err
	}
	s, err := openStream(fsys, segment.Deliveries, 1)
	if err != nil {
		return err
	}
	known := map[history.ConfigKey]bool{}
	s.begun = func() { clear(known) }
	var n, at, skew int64
	var late bool
	var line []byte
	err = x.numbers(`SELECT n, at, skew, late, line FROM {schema}.attempts WHERE n > $1 AND kind <> 'config' ORDER BY n`, []any{&n, &at, &skew, &late, &line}, &x.lastN, func() error {
		x.lastN = n
		if err := s.begin(); err != nil {
			return err
		}
		// The times in the line are of the same clock.
		when := time.Unix(0, at-skew)
		d := history.ParseDeliveryFields(line)
		key := history.ConfigKey{Webhook: d.Webhook, Generation: d.Generation}
		if config := configs[key]; config != nil && d.Kind == history.KindAttempt && !known[key] {
			known[key] = true
			s.writer.Add(when, config)
		}
		if late {
			line = append(line, `,"late":true`...)
		}
		s.writer.Add(when, line)
		x.done.Attempts++
		return nil
	})
	if err == nil {
		err = x.states(s)
	}
	return errors.Join(err, s.close())
}

// configs returns the lines of all configurations.
func (x *exporter) configs() (map[history.ConfigKey][]byte, error) {
	configs := map[history.ConfigKey][]byte{}
	var webhook string
	var generation int64
	var line []byte
	rows := x.DB.Query(x.ctx, `SELECT webhook, generation, line FROM {schema}.configs`)
	for rows.Next(&webhook, &generation, &line) {
		configs[history.ConfigKey{Webhook: webhook, Generation: history.Generation(generation)}] = line
	}
	return configs, rows.Close()
}

// states writes the states of webhooks again: the lines that have them may have been
// removed.
func (x *exporter) states(s *stream) error {
	var webhook string
	var checkpoint []byte
	_, err := x.rows(`SELECT webhook, checkpoint FROM {schema}.cursors c WHERE checkpoint IS NOT NULL AND NOT EXISTS (
		SELECT FROM {schema}.attempts a WHERE a.webhook = c.webhook AND a.kind = 'webhook' AND NOT a.late AND a.n > c.covers_n) ORDER BY webhook`, nil, []any{&webhook, &checkpoint}, func() error {
		var c pending.Checkpoint
		if err := json.Unmarshal(checkpoint, &c); err != nil {
			return fmt.Errorf("the checkpoint of %s: %w", webhook, err)
		}
		if c.State == "" {
			return nil
		}
		if err := s.begin(); err != nil {
			return err
		}
		s.writer.Add(time.Now(), history.AppendRestated(nil, webhook, history.WebhookState{Name: c.State, Since: c.Since, Why: c.Why, Entry: c.Entry}))
		return nil
	})
	return err
}
