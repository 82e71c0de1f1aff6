// Package database owns the connections to PostgreSQL and the schema. It knows no
// event: packages above it call functions and statements of the schema.
//
// It works behind PgBouncer in transaction mode: no statement is prepared under a
// name, nothing is set for a session, nothing is listened to, and every name is
// qualified with the schema.
package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options of a database.
type Options struct {
	URL    string // postgres://…, with several hosts if need be
	Schema string // DefaultSchema if ""
	Sync   Sync
	// Name is shown to those who look at the connections; "sidehook" if "".
	Name string
	// Readers is how many statements may read at a time; 4 if 0.
	Readers int32
	// Dial replaces the dialer of connections; nil: TCP or a socket, with keep-alive.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Sync is what a commit must promise.
type Sync string

const (
	Require Sync = "require" // it is on a synchronous standby, too
	Storage Sync = "storage" // it is on this server's disk, which the provider replicates
)

// DB is two pools of connections to one database. It is for concurrent use.
type DB struct {
	// Reading is for what changes nothing that others rely on. If its context ends,
	// the server is asked to stop, too.
	Reading *pgxpool.Pool
	// Writing is for what commits. No statement of it is ever canceled on the server,
	// because a canceled wait for the standby looks like a commit (P5). A context that
	// ends leaves the statement running and drops the connection.
	Writing *pgxpool.Pool

	schema string
	sync   Sync
}

const (
	connectTimeout = 5 * time.Second
	// deadAfter is when a connection counts as cut if nothing comes back.
	deadAfter = 10 * time.Second
	writers   = 4
)

// Open makes the pools. It connects to nothing yet, so that a relay starts while the
// database is away.
func Open(opts Options) (*DB, error) {
	if opts.Schema == "" {
		opts.Schema = DefaultSchema
	}
	if err := CheckName(opts.Schema); err != nil {
		return nil, err
	}
	if opts.Sync == "" {
		opts.Sync = Require
	}
	if opts.Readers == 0 {
		opts.Readers = 4
	}
	if opts.Name == "" {
		opts.Name = "sidehook"
	}
	if opts.Dial == nil {
		d := &net.Dialer{
			Timeout:         connectTimeout,
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: deadAfter / 2, Interval: time.Second, Count: 5},
			Control:         controlSocket,
		}
		opts.Dial = d.DialContext
	}
	db := &DB{schema: opts.Schema, sync: opts.Sync}
	var err error
	if db.Reading, err = pool(opts, opts.Readers, "", nil); err != nil {
		return nil, err
	}
	if db.Writing, err = pool(opts, writers, opts.Sync, neverCancel); err != nil {
		db.Reading.Close()
		return nil, err
	}
	return db, nil
}

// pool returns a pool of so many connections, whose commits promise what sync says; ""
// for those that commit nothing. change changes the configuration of each.
func pool(opts Options, size int32, sync Sync, change func(*pgx.ConnConfig)) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(opts.URL)
	if err != nil {
		return nil, Redacted(err)
	}
	c := config.ConnConfig
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.DialFunc = opts.Dial
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	if _, ok := c.RuntimeParams["application_name"]; !ok {
		c.RuntimeParams["application_name"] = opts.Name
	}
	c.OnNotice = func(conn *pgconn.PgConn, n *pgconn.Notice) { conn.CustomData()[noticeKey] = n }
	config.MaxConns, config.MinConns = size, 0
	config.MaxConnIdleTime, config.HealthCheckPeriod = 5*time.Minute, time.Minute
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		if change != nil {
			change(c)
		}
		return nil
	}
	config.AfterConnect = func(ctx context.Context, c *pgx.Conn) error { return checkSync(ctx, c, sync) }
	return pgxpool.NewWithConfig(context.Background(), config)
}

// neverCancel keeps the library from asking the server to stop what a connection was
// doing when it ended: it refuses to dial again for that.
func neverCancel(c *pgx.ConnConfig) {
	var connected atomic.Bool
	dial, after := c.DialFunc, c.AfterConnect
	c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if connected.Load() {
			return nil, errors.New("what is being written is not canceled")
		}
		return dial(ctx, network, address)
	}
	c.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		connected.Store(true)
		if after != nil {
			return after(ctx, conn)
		}
		return nil
	}
}

// checkSync refuses a connection whose commits would promise too little.
func checkSync(ctx context.Context, c *pgx.Conn, sync Sync) error {
	var standbys, commit string
	var recovering bool
	err := c.QueryRow(ctx, `SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_commit'), pg_is_in_recovery()`).
		Scan(&standbys, &commit, &recovering)
	switch {
	case err != nil:
		return err
	case recovering:
		return errors.New("the server is a standby; add target_session_attrs=read-write to the address")
	}
	return syncProblem(sync, standbys, commit)
}

// CheckSync returns why commits promise too little.
func (db *DB) CheckSync(ctx context.Context) error { return db.Writing.Ping(ctx) }

func syncProblem(sync Sync, standbys, commit string) error {
	switch {
	case sync == Require && strings.TrimSpace(standbys) == "":
		return &SyncError{"no synchronous standby is configured: synchronous_standby_names is empty; set it on the server, or write sync: storage if the provider replicates the disk"}
	case sync == Require && commit != "on" && commit != "remote_apply":
		return &SyncError{fmt.Sprintf("synchronous_commit is %s, and must be on or remote_apply", commit)}
	case sync != "" && commit == "off":
		return &SyncError{"synchronous_commit is off"}
	}
	return nil
}

// SyncError is why the commits of a server would promise too little.
type SyncError struct{ Reason string }

func (e *SyncError) Error() string { return e.Reason }

// Close closes all connections. Nothing may use them any more.
func (db *DB) Close() {
	db.Reading.Close()
	db.Writing.Close()
}

// Schema returns the name of the schema, and Sync what a commit must promise.
func (db *DB) Schema() string { return db.schema }
func (db *DB) Sync() Sync     { return db.sync }

// SQL puts the name of the schema into a statement, in place of {schema}.
func (db *DB) SQL(text string) string { return strings.ReplaceAll(text, "{schema}", `"`+db.schema+`"`) }
