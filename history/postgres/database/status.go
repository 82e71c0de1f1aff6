package database

import (
	"context"
	"time"
)

// Status is the state of a database, for its operators.
type Status struct {
	Server     string // its version
	Standbys   string // synchronous_standby_names
	Commit     string // synchronous_commit
	Events     int64  // the last number
	Attempts   int64
	Bytes      int64 // of all tables
	Partitions int
	Members    []Member
}

// Member is a relay that has not left, by its last beat.
type Member struct {
	Name       string
	Silent     time.Duration // since its last beat
	Generation int64
	Webhooks   int // that it owns
}

// Status asks for it. It does not judge what commits promise: SyncProblem does.
func (db *DB) Status(ctx context.Context) (*Status, error) {
	var s Status
	err := db.Read(ctx, `
		SELECT current_setting('server_version'), current_setting('synchronous_standby_names'), current_setting('synchronous_commit'),
			(SELECT last FROM {schema}.head WHERE stream = 'events'), (SELECT last FROM {schema}.head WHERE stream = 'attempts'),
			(SELECT count(*) FROM {schema}.parts),
			(SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r')`,
		[]Argument{Text(db.SQL("{schema}"))}, &s.Server, &s.Standbys, &s.Commit, &s.Events, &s.Attempts, &s.Partitions, &s.Bytes)
	if err != nil {
		return nil, Explained(err)
	}
	rows := db.Query(ctx, `
		SELECT m.name, greatest(0, {schema}.now_ns() - m.beat), m.generation,
			(SELECT count(*) FROM {schema}.cursors c WHERE c.owner = m.name AND c.incarnation = m.incarnation)
		FROM {schema}.members m WHERE m.beat > 0 ORDER BY m.name`)
	var m Member
	for rows.Next(&m.Name, (*int64)(&m.Silent), &m.Generation, &m.Webhooks) {
		s.Members = append(s.Members, m)
	}
	return &s, Explained(rows.Close())
}

// SyncProblem returns why the commits of the server promise too little, nil if they do
// not.
func (s *Status) SyncProblem(sync Sync) error { return syncProblem(sync, s.Standbys, s.Commit) }

// TryCommit commits something that leaves no trace, as events are committed: it returns
// once that is durable, or ctx is done.
func (db *DB) TryCommit(ctx context.Context) error {
	var at string
	return db.Read(ctx, `SELECT pg_logical_emit_message(true, 'sidehook', '')::text`, nil, &at)
}
