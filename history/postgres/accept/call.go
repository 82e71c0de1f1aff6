package accept

import (
	"context"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
	"sidehook/history/queue"
)

// The verdicts of the function accept on a record.
const (
	isNew      = 'n'
	isRepeat   = 'd'
	isAgain    = 'a' // an earlier try of this call has committed it
	isConflict = 'c'
	isGone     = 'g'
	isFull     = 'f'
	isNeedless = 's'
)

// caller has the arguments of a call. Their memory is used again.
type caller struct {
	db    *database.DB
	full  bool
	batch int64 // identifies this call, with each try of it (P10)

	sent []sent // one for each record
	req  []int32
	key  [][16]byte
	size []int32

	content, of, generation, idHash, ends, after []int64
	kind, to, was                                []string

	lines []byte
}

// sent is a record of the call.
type sent struct {
	request *request
	index   int // in the request
}

// answer is the result of the function accept.
type answer struct {
	at, last int64
	seqs     []int64
	verdicts string
	known    []string
}

func (c *caller) reset() {
	clear(c.sent)
	*c = caller{
		db: c.db, full: c.full, batch: c.batch, sent: c.sent[:0], req: c.req[:0], key: c.key[:0], size: c.size[:0],
		content: c.content[:0], of: c.of[:0], generation: c.generation[:0], idHash: c.idHash[:0], ends: c.ends[:0], after: c.after[:0],
		kind: c.kind[:0], to: c.to[:0], was: c.was[:0], lines: c.lines[:0],
	}
	if cap(c.lines) > 4*batchBytes {
		c.lines = nil
	}
}

// add adds a record of the request of a number.
func (c *caller) add(number int, r *request, index int) {
	rec := &r.records[index]
	c.sent = append(c.sent, sent{r, index})
	c.req = append(c.req, int32(number))
	c.key = append(c.key, rec.key)
	c.content, c.of = append(c.content, rec.content), append(c.of, int64(rec.of))
	c.generation, c.idHash = append(c.generation, int64(rec.generation)), append(c.idHash, rec.idHash)
	c.kind, c.to, c.was = append(c.kind, rec.kind), append(c.to, strings.Join(rec.to, " ")), append(c.was, rec.was)
	c.ends, c.after = append(c.ends, int64(rec.ends)), append(c.after, int64(rec.after))
	c.size = append(c.size, int32(len(rec.line)))
	c.lines = append(c.lines, rec.line...)
}

const acceptSQL = `SELECT stamped, last_seq, seqs, states, known FROM {schema}.accept($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`

// do makes the call.
func (c *caller) do(ctx context.Context) (a answer, err error) {
	err = c.db.Call(ctx, acceptSQL, []database.Argument{
		database.Text(string(c.db.Sync())), database.Bool(!c.full), database.Int4s(c.req), database.UUIDs(c.key),
		database.Int8s(c.content), database.Int8s(c.of), database.Int8s(c.generation), database.Int8s(c.idHash),
		database.Texts(c.kind), database.Texts(c.to), database.Texts(c.was), database.Int8s(c.ends), database.Int8s(c.after),
		database.Int4s(c.size), database.Bytea(c.lines), database.Int8(c.batch),
	}, &a.at, &a.last, &a.seqs, &a.verdicts, &a.known)
	return a, err
}

// settle gives the requests of the call their receipts, and returns the new records.
func (c *caller) settle(a *answer) []queue.Published {
	at := time.Unix(0, a.at)
	var fresh []queue.Published
	for i, s := range c.sent {
		r := s.request
		if r.receipts == nil {
			r.receipts = make([]history.Receipt, len(r.records))
		}
		rec, seq := &r.records[s.index], history.Seq(a.seqs[i])
		switch a.verdicts[i] {
		case isNew:
			r.receipts[s.index] = history.Receipt{Seq: seq, To: rec.to}
			fresh = append(fresh, rec.published(seq, at))
		case isAgain: // the feed reads it
			r.receipts[s.index] = history.Receipt{Seq: seq, To: rec.to}
		case isRepeat:
			r.receipts[s.index] = duplicate(a.seqs[i], a.known[i])
		case isConflict:
			if r.err == nil {
				r.err = &history.ConflictError{Index: s.index}
			}
		case isFull:
			if r.err == nil {
				r.err = history.ErrNoRoom
			}
		case isNeedless:
			r.needless++
		case isGone:
		}
	}
	return fresh
}
