package member

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"sidehook/history/postgres/database"
)

// Asked is an action on a webhook, which its owner does for another member.
type Asked struct {
	Webhook   string
	Kind      string
	Arguments json.RawMessage
}

// ErrNoOwner is the error of Ask if no member has begun to do it: none owns the webhook
// at the moment, or the owner does not answer.
var ErrNoOwner = errors.New("the member that owns the webhook does not answer; try again in a few seconds")

const (
	// askEvery is how often an answer is looked for, and the asks of others where
	// nothing is heard of them.
	askEvery = 100 * time.Millisecond
	// askFor is how long an owner is waited for that has not begun, unless ctx ends.
	askFor = 15 * time.Second
)

// asks are the asks of others that this member does.
type asks struct {
	kick  chan struct{}
	mu    sync.Mutex
	doing map[int64]bool
}

func newAskList() asks { return asks{kick: make(chan struct{}, 1), doing: map[int64]bool{}} }

func (a *asks) wake() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

// begin reports whether an ask was not begun before.
func (a *asks) begin(id int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.doing[id]
	a.doing[id] = true
	return !before
}

// Ask has the owner of a webhook do something, and returns its answer. An error means
// that nothing was begun, or that ctx is done first and it may be done or not.
func (m *Member) Ask(ctx context.Context, a Asked) (json.RawMessage, error) {
	var id int64
	err := m.call(ctx, `INSERT INTO {schema}.asks (webhook, kind, arguments, member) VALUES ($1, $2, $3, $4) RETURNING id`, []database.Argument{
		database.Text(a.Webhook), database.Text(a.Kind),
		database.JSONB(orEmpty(a.Arguments)), database.Text(m.o.Name),
	}, &id)
	if err != nil {
		return nil, err
	}
	m.tell(ctx, newAsks)
	begun := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(askEvery):
		}
		answer, taken, done, err := m.answerOf(ctx, id)
		if err != nil || done {
			return answer, err
		}
		if !taken && time.Since(begun) >= askFor {
			if withdrawn, err := m.withdraw(ctx, id); err != nil || withdrawn {
				return nil, errors.Join(ErrNoOwner, err)
			}
		}
	}
}

func orEmpty(arguments json.RawMessage) json.RawMessage {
	if len(arguments) == 0 {
		return json.RawMessage("{}")
	}
	return arguments
}

// answerOf returns the answer to an ask, or whether it was begun.
func (m *Member) answerOf(ctx context.Context, id int64) (answer json.RawMessage, taken, done bool, err error) {
	rows := m.o.DB.Query(ctx, `SELECT coalesce(answer::text, ''), begun IS NOT NULL, answered IS NOT NULL FROM {schema}.asks WHERE id = $1`, database.Int8(id))
	var text string
	rows.Next(&text, &taken, &done)
	return json.RawMessage(text), taken, done, rows.Close()
}

// withdraw takes an ask back, unless it was begun.
func (m *Member) withdraw(ctx context.Context, id int64) (withdrawn bool, err error) {
	var n int64
	err = m.call(ctx, `WITH gone AS (DELETE FROM {schema}.asks WHERE id = $1 AND begun IS NULL RETURNING id) SELECT count(*) FROM gone`,
		[]database.Argument{database.Int8(id)}, &n)
	return n > 0, err
}

// answerAsks carries out the asks of other members until ctx is done.
func (m *Member) answerAsks(ctx context.Context) {
	var doing sync.WaitGroup
	defer doing.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.asks.kick:
		}
		list, err := m.openAsks(ctx)
		if err != nil {
			continue // the next beat wakes it again
		}
		for _, a := range list {
			if m.Owns(a.Webhook) && m.asks.begin(a.id) {
				doing.Go(func() { m.answer(ctx, &a) })
			}
		}
	}
}

type openAsk struct {
	Asked
	id int64
}

// openAsks reads the requests that no member has begun. One older than a minute is dead.
func (m *Member) openAsks(ctx context.Context) (list []openAsk, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows := m.o.DB.Query(ctx, `SELECT id, webhook, kind, arguments::text FROM {schema}.asks
		WHERE answered IS NULL AND begun IS NULL AND asked > now() - interval '1 minute' ORDER BY id`)
	var a openAsk
	var arguments string
	for rows.Next(&a.id, &a.Webhook, &a.Kind, &arguments) {
		a.Arguments = json.RawMessage(arguments)
		list = append(list, a)
	}
	return list, rows.Close()
}

// answer carries out an ask, once, and writes the answer.
func (m *Member) answer(ctx context.Context, a *openAsk) {
	var n int64
	err := m.call(ctx, `WITH mine AS (UPDATE {schema}.asks SET begun = now() WHERE id = $1 AND begun IS NULL RETURNING id) SELECT count(*) FROM mine`,
		[]database.Argument{database.Int8(a.id)}, &n)
	if err != nil || n == 0 {
		return
	}
	text := m.o.Do(ctx, a.Asked)
	for {
		// This also removes old asks.
		err := m.call(context.WithoutCancel(ctx), `WITH old AS (DELETE FROM {schema}.asks WHERE asked < now() - interval '1 hour')
			UPDATE {schema}.asks SET answer = $2, answered = now() WHERE id = $1`,
			[]database.Argument{database.Int8(a.id), database.JSONB(orEmpty(text))})
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
	m.tell(ctx, newAsks)
}
