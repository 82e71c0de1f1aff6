package ledger

import (
	"context"
	"strconv"

	"sidehook/history"
	"sidehook/history/postgres/columns"
	"sidehook/history/postgres/database"
)

const (
	// batchMost and batchBytes bound the lines of one transaction, and their bytes.
	batchMost  = 2048
	batchBytes = 8 << 20
)

// ownership is a webhook that the member owned when lines were recorded.
type ownership struct {
	webhook string
	epoch   int64
}

// batch is the content of one transaction. It stays the same until that has succeeded (O2).
type batch struct {
	member, incarnation string
	number              int64
	skew                int64
	entries             int
	bytes               int64

	owned []ownership
	place map[ownership]int32

	owner, code, took, counts, size        []int32
	kind, typ, status                      []string
	generation, seq, idHash, sent, at      []int64
	lines                                  []byte
	config                                 []string
	configGeneration                       []int64
	configLine                             [][]byte
	configs                                []history.ConfigKey
	saved                                  []string
	savedEpoch, savedAt, coversN, coverSeq []int64
	checkpoint, figures                    [][]byte
	refs                                   []string

	// The answer.
	lastN int64
	late  []bool
}

// next takes a batch, nil if there is nothing to write.
func (l *Ledger) next() *batch {
	l.mu.Lock()
	n, bytes := 0, int64(0)
	for n < len(l.entries) && n < batchMost && bytes < batchBytes {
		bytes += l.entries[n].size()
		n++
	}
	list := l.entries[:n:n]
	if l.entries = l.entries[n:]; len(l.entries) == 0 {
		l.entries = nil
	}
	l.mu.Unlock()
	if n == 0 {
		return nil
	}
	l.batches++
	b := &batch{
		member: l.o.Member, incarnation: l.o.Incarnation, number: l.batches, skew: int64(l.o.Skew()),
		entries: n, bytes: bytes, place: map[ownership]int32{},
	}
	for i := range list {
		if e := &list[i]; e.saved != nil {
			b.save(e.saved)
		} else {
			b.add(e, l.known)
		}
	}
	return b
}

// add adds a line.
func (b *batch) add(e *entry, known map[history.ConfigKey]bool) {
	d := history.ParseDeliveryFields(e.line.Fields)
	if c := e.line.Config; c != nil {
		if key := (history.ConfigKey{Webhook: e.line.Webhook, Generation: c.Generation}); !known[key] {
			b.configs = append(b.configs, key)
			b.config, b.configGeneration = append(b.config, e.line.Webhook), append(b.configGeneration, int64(c.Generation))
			b.configLine = append(b.configLine, history.AppendConfig(nil, e.line.Webhook, c))
		}
	}
	own := ownership{e.line.Webhook, e.epoch}
	place, ok := b.place[own]
	if !ok {
		b.owned = append(b.owned, own)
		place = int32(len(b.owned))
		b.place[own] = place
	}
	c := columns.Of(&d)
	b.owner, b.size = append(b.owner, place), append(b.size, int32(len(e.line.Fields)))
	b.code, b.took, b.counts = append(b.code, c.Code), append(b.took, c.Took), append(b.counts, c.Counts)
	b.kind, b.typ, b.status = append(b.kind, c.Kind), append(b.typ, c.Type), append(b.status, c.Status)
	b.generation, b.seq = append(b.generation, c.Generation), append(b.seq, c.Seq)
	b.idHash, b.sent, b.at = append(b.idHash, c.ID), append(b.sent, c.Sent), append(b.at, e.line.At.UnixNano()+b.skew)
	b.lines = append(b.lines, e.line.Fields...)
}

// save adds a checkpoint. Of two of one webhook the later one counts.
func (b *batch) save(c *Checkpoint) {
	i := len(b.saved)
	for k, name := range b.saved {
		if name == c.Webhook {
			i = k
		}
	}
	if i == len(b.saved) {
		b.saved, b.savedEpoch, b.savedAt = append(b.saved, ""), append(b.savedEpoch, 0), append(b.savedAt, 0)
		b.coversN, b.coverSeq = append(b.coversN, 0), append(b.coverSeq, 0)
		b.checkpoint, b.figures, b.refs = append(b.checkpoint, nil), append(b.figures, nil), append(b.refs, "")
	}
	b.saved[i], b.savedEpoch[i], b.savedAt[i], b.coversN[i], b.coverSeq[i] = c.Webhook, c.Epoch, c.At.UnixNano(), int64(c.CoversN), int64(c.CoversSeq)
	b.checkpoint[i], b.figures[i], b.refs[i] = c.JSON, c.Figures, refsText(c.Refs)
}

// refsText is an array of the first and last seqs of runs.
func refsText(refs [][2]history.Seq) string {
	text := []byte{'{'}
	for i, r := range refs {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, uint64(r[0]), 10)
		text = append(text, ',')
		text = strconv.AppendUint(text, uint64(r[1]), 10)
	}
	return string(append(text, '}'))
}

// lateLines counts the lines of ownerships that had ended.
func (b *batch) lateLines() (n int64) {
	for _, place := range b.owner {
		if b.late[place-1] {
			n++
		}
	}
	return n
}

const recordSQL = `SELECT last_n, late FROM {schema}.record($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31)`

// do writes the batch.
func (b *batch) do(db *database.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	webhooks, epochs := make([]string, len(b.owned)), make([]int64, len(b.owned))
	for i, own := range b.owned {
		webhooks[i], epochs[i] = own.webhook, own.epoch
	}
	return db.Call(ctx, recordSQL, []database.Argument{
		database.Text(b.member), database.Text(b.incarnation), database.Int8(b.number),
		database.Texts(webhooks), database.Int8s(epochs),
		database.Int4s(b.owner), database.Texts(b.kind), database.Int8s(b.generation), database.Int8s(b.seq), database.Int8s(b.idHash), database.Int8s(b.sent),
		database.Texts(b.typ), database.Texts(b.status), database.Int4s(b.code), database.Int4s(b.took), database.Int4s(b.counts), database.Int8s(b.at),
		database.Int8(b.skew), database.Int4s(b.size), database.Bytea(b.lines),
		database.Texts(b.config), database.Int8s(b.configGeneration), database.Byteas(b.configLine),
		database.Texts(b.saved), database.Int8s(b.savedEpoch), database.Int8s(b.savedAt), database.Byteas(b.checkpoint),
		database.Int8s(b.coversN), database.Int8s(b.coverSeq), database.Texts(b.refs), database.Byteas(b.figures),
	}, &b.lastN, &b.late)
}
