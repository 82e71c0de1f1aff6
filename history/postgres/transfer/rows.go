package transfer

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/jsonl"
	"sidehook/history/postgres/accept"
	"sidehook/history/postgres/columns"
	"sidehook/history/postgres/database"
)

// eventRows are rows of the events, and those of the targets.
type eventRows struct {
	seq, at, of, generation, idHash   []int64
	kind, typ, webhooks               []string
	size                              []int32
	line                              [][]byte
	bytes                             int
	target                            []string
	targetSeq, targetEnds, targetSize []int64
}

// typed has the columns of a resend that come from its event.
type typed struct {
	typ  string
	hash int64
}

// importEvents copies the events after those that are there.
func (x *importer) importEvents() error {
	last, err := x.head("events")
	if err != nil {
		return err
	}
	b := &eventRows{}
	flush := func() error {
		if len(b.seq) == 0 {
			return nil
		}
		full := b
		b = &eventRows{}
		err := x.addBatch("events", full.seq[0], full.seq[len(full.seq)-1], func(tx *database.Tx) error { return full.insert(x.ctx, tx) })
		x.done.Events += uint64(len(full.seq))
		x.Progress(x.done.Events+x.done.Attempts, x.total)
		return err
	}
	err = x.visit(x.events, 0, func(line *jsonl.Line) error {
		a := history.ParseEventRecord(line)
		x.seen(a.Generation, a.To...)
		if a.Was != "" {
			x.seen(0, a.Was)
		}
		if line.Number <= uint64(last) {
			return nil // a former run has copied it
		}
		if n := len(b.seq); n >= x.Batch || b.bytes >= batchBytes || n > 0 && b.seq[n-1]+1 < int64(line.Number) {
			if err := flush(); err != nil {
				return err
			}
		}
		return b.add(x, &a, line)
	})
	if err != nil {
		return err
	}
	return flush()
}

// seen notes the configuration that a record names.
func (x *importer) seen(generation history.Generation, webhooks ...string) {
	x.generation = max(x.generation, generation)
	for _, name := range webhooks {
		x.webhooks[name] = true
	}
}

// add adds a record.
func (b *eventRows) add(x *importer, a *history.EventRecord, line *jsonl.Line) error {
	var t typed
	var err error
	switch {
	case a.Kind == history.KindEvent:
		t = typeOf(a)
	case a.Of != 0:
		if t, err = x.eventOf(a.Of); err != nil {
			return err
		}
	}
	fields := bytes.Clone(line.Fields())
	b.seq, b.at, b.of = append(b.seq, int64(a.Seq)), append(b.at, line.At().UnixNano()), append(b.of, int64(a.Of))
	b.generation, b.idHash = append(b.generation, int64(a.Generation)), append(b.idHash, t.hash)
	b.kind, b.typ, b.webhooks = append(b.kind, a.Kind), append(b.typ, t.typ), append(b.webhooks, strings.Join(a.To, " "))
	b.size, b.line = append(b.size, int32(len(fields))), append(b.line, fields)
	b.bytes += len(fields)
	target := func(name string, ends history.Seq) {
		b.target, b.targetSeq = append(b.target, name), append(b.targetSeq, int64(a.Seq))
		b.targetEnds, b.targetSize = append(b.targetEnds, int64(ends)), append(b.targetSize, int64(len(fields)))
	}
	for _, name := range a.To {
		target(name, 0)
	}
	if a.Was != "" && !slices.Contains(a.To, a.Was) {
		target(a.Was, a.From)
	}
	return nil
}

func typeOf(a *history.EventRecord) (t typed) {
	if e, err := event.Parse(a.Event, a.Filled); err == nil {
		t = typed{columns.Text(e.Type), database.Hash(e.ID)}
	}
	return t
}

// eventOf returns these columns for an event. They are zero if it was removed.
func (x *importer) eventOf(seq history.Seq) (typed, error) {
	line, err := x.events.Find(uint64(seq))
	if err != nil {
		return typed{}, nil
	}
	a := history.ParseEventRecord(&line)
	return typeOf(&a), nil
}

func (b *eventRows) insert(ctx context.Context, tx *database.Tx) error {
	err := tx.Call(ctx, `INSERT INTO {schema}.events (seq, at, kind, of, generation, id_hash, type, webhooks, size, line)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::int[], $10::bytea[])`, []database.Argument{
		database.Int8s(b.seq), database.Int8s(b.at), database.Texts(b.kind), database.Int8s(b.of), database.Int8s(b.generation), database.Int8s(b.idHash),
		database.Texts(b.typ), database.Texts(b.webhooks), database.Int4s(b.size), database.Byteas(b.line),
	})
	if err != nil {
		return err
	}
	return tx.Call(ctx, `INSERT INTO {schema}.targets (webhook, seq, size, ends)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])`, []database.Argument{
		database.Texts(b.target), database.Int8s(b.targetSeq), database.Int8s(b.targetSize), database.Int8s(b.targetEnds),
	})
}

// windowEvents is how many events a repeat is looked for in (P6).
const windowEvents = 100_000

// importIDs fills the table ids, which finds repeats, from the last events.
func (x *importer) importIDs() error {
	type known struct {
		key      [16]byte
		content  int64
		seq      int64
		webhooks string
	}
	var list []known // the newest first
	segments := x.events.Segments()
	for i := len(segments) - 1; i >= 0 && len(list) < windowEvents; i-- {
		var some []known
		err := x.events.Visit(segments[i], 0, x.damaged, func(line *jsonl.Line) bool {
			a := history.ParseEventRecord(line)
			if a.Kind != history.KindEvent {
				return true
			}
			if e, err := event.Parse(a.Event, a.Filled); err == nil {
				key, content := accept.Identify(&e)
				some = append(some, known{key, content, int64(a.Seq), strings.Join(a.To, " ")})
			}
			return true
		})
		if err != nil {
			return err
		}
		slices.Reverse(some)
		list = append(list, some...)
	}
	list = list[:min(len(list), windowEvents)]
	slices.Reverse(list)
	last, err := x.head("ids")
	if err != nil {
		return err
	}
	for n := int(last); n < len(list); {
		part := list[n:min(len(list), n+x.Batch)]
		keys, webhooks := make([][16]byte, len(part)), make([]string, len(part))
		numbers, contents, seqs := make([]int64, len(part)), make([]int64, len(part)), make([]int64, len(part))
		for i, k := range part {
			keys[i], numbers[i], contents[i], seqs[i], webhooks[i] = k.key, int64(n+i+1), k.content, k.seq, k.webhooks
		}
		err := x.addBatch("ids", int64(n+1), int64(n+len(part)), func(tx *database.Tx) error {
			return tx.Call(x.ctx, `INSERT INTO {schema}.ids (key, n, content, seq, webhooks)
				SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])`, []database.Argument{
				database.UUIDs(keys), database.Int8s(numbers), database.Int8s(contents), database.Int8s(seqs), database.Texts(webhooks),
			})
		})
		if err != nil {
			return err
		}
		n += len(part)
	}
	return nil
}

// attemptRows are rows of the attempts, and of the configurations.
type attemptRows struct {
	n, at, generation, seq, idHash, sent []int64
	kind, webhook, typ, status           []string
	code, took, counts                   []int32
	late                                 []bool
	line                                 [][]byte
	bytes                                int

	config           []string
	configGeneration []int64
	configAt         []int64
	configLine       [][]byte
}

// importAttempts copies the deliveries after those that are there. A line of a
// configuration keeps its number.
func (x *importer) importAttempts() error {
	last, err := x.head("attempts")
	if err != nil {
		return err
	}
	b := &attemptRows{}
	flush := func() error {
		if len(b.n) == 0 {
			return nil
		}
		full := b
		b = &attemptRows{}
		err := x.addBatch("attempts", full.n[0], full.n[len(full.n)-1], func(tx *database.Tx) error { return full.insert(x.ctx, tx) })
		x.done.Attempts += uint64(len(full.n))
		x.Progress(x.done.Events+x.done.Attempts, x.total)
		return err
	}
	err = x.visit(x.deliveries, 0, func(line *jsonl.Line) error {
		d := history.ParseDeliveryRecord(line)
		x.seen(d.Generation, d.Webhook)
		x.highest = max(x.highest, d.Seq)
		if line.Number <= uint64(last) {
			return nil
		}
		if n := len(b.n); n >= x.Batch || b.bytes >= batchBytes || n > 0 && b.n[n-1]+1 < int64(line.Number) {
			if err := flush(); err != nil {
				return err
			}
		}
		b.add(&d, line)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

func (b *attemptRows) add(d *history.DeliveryRecord, line *jsonl.Line) {
	c := columns.Of(d)
	fields := bytes.Clone(line.Fields())
	b.n, b.at, b.generation = append(b.n, int64(d.N)), append(b.at, d.At.UnixNano()), append(b.generation, c.Generation)
	b.seq, b.idHash, b.sent = append(b.seq, c.Seq), append(b.idHash, c.ID), append(b.sent, c.Sent)
	b.kind, b.webhook, b.typ, b.status = append(b.kind, c.Kind), append(b.webhook, d.Webhook), append(b.typ, c.Type), append(b.status, c.Status)
	b.code, b.took, b.counts = append(b.code, c.Code), append(b.took, c.Took), append(b.counts, c.Counts)
	b.late, b.line = append(b.late, d.Late), append(b.line, bytes.Replace(fields, []byte(`,"late":true`), nil, 1))
	b.bytes += len(fields)
	if d.Kind == history.KindConfig {
		b.config, b.configGeneration = append(b.config, d.Webhook), append(b.configGeneration, c.Generation)
		b.configAt, b.configLine = append(b.configAt, d.At.UnixNano()), append(b.configLine, fields)
	}
}

func (b *attemptRows) insert(ctx context.Context, tx *database.Tx) error {
	err := tx.Call(ctx, `INSERT INTO {schema}.attempts (n, at, kind, webhook, generation, seq, id_hash, sent, type, status, code, took, counts, late, line, skew)
		SELECT *, 0 FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
			$9::text[], $10::text[], $11::int[], $12::int[], $13::int[], $14::boolean[], $15::bytea[])`, []database.Argument{
		database.Int8s(b.n), database.Int8s(b.at), database.Texts(b.kind), database.Texts(b.webhook), database.Int8s(b.generation), database.Int8s(b.seq),
		database.Int8s(b.idHash), database.Int8s(b.sent), database.Texts(b.typ), database.Texts(b.status), database.Int4s(b.code), database.Int4s(b.took),
		database.Int4s(b.counts), database.Bools(b.late), database.Byteas(b.line),
	})
	if err != nil {
		return err
	}
	return tx.Call(ctx, `INSERT INTO {schema}.configs (webhook, generation, at, line)
		SELECT DISTINCT ON (webhook, generation) webhook, generation, at, line FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[]) AS c(webhook, generation, at, line)
		ORDER BY webhook, generation, at ON CONFLICT DO NOTHING`, []database.Argument{
		database.Texts(b.config), database.Int8s(b.configGeneration), database.Int8s(b.configAt), database.Byteas(b.configLine),
	})
}
