package member

import (
	"context"
	"time"

	"sidehook/history/postgres/database"
)

// The notifications that members send to each other. Nothing relies on them: a member that
// gets none, for example through PgBouncer, reads again after Poll and at the next beat.
const (
	newRecords = "records" // there are more records
	newOwners  = "owners"  // a webhook has no owner any more
	newAsks    = "asks"    // something is asked, or answered
)

const (
	// tellEvery is the least time between two notifications of records.
	tellEvery = 20 * time.Millisecond
	// listenAgain is the pause before a lost connection is opened again.
	listenAgain = time.Second
	// heardPoll is how often records are read while notifications arrive.
	heardPoll = time.Second
)

func (m *Member) channel() string { return "sidehook_" + m.o.DB.Schema() }

// tell sends a notification to all members.
func (m *Member) tell(ctx context.Context, what string) {
	_ = m.call(ctx, `SELECT pg_notify($1, $2)::text`, []database.Argument{
		database.Text(m.channel()), database.Text(what),
	})
}

// tellOthers notifies the other members of records that this one accepts, until ctx is
// done.
func (m *Member) tellOthers(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.fresh:
		}
		if !m.alone() {
			m.tell(ctx, newRecords)
			select {
			case <-ctx.Done():
				return
			case <-time.After(tellEvery):
			}
		}
	}
}

// alone reports whether no other member lives.
func (m *Member) alone() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view == nil || len(m.view.living()) < 2
}

// listen receives the notifications of other members, until ctx is done.
func (m *Member) listen(ctx context.Context) {
	for ctx.Err() == nil {
		m.hear(ctx)
		m.heard.Store(false)
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

// hear hears over one connection, until it is lost.
func (m *Member) hear(ctx context.Context) {
	others, err := m.o.DB.Listen(ctx, m.channel())
	if err != nil {
		return
	}
	defer others.Close()
	m.tell(ctx, m.incarnation) // if it comes back, others are heard as well
	m.feed.others()
	for {
		what, err := others.Next(ctx)
		if err != nil {
			return
		}
		switch what {
		case newRecords:
			m.feed.others()
		case newOwners:
			m.wakeBeat()
		case newAsks:
			m.asks.wake()
		case m.incarnation:
			m.heard.Store(true)
		}
	}
}
