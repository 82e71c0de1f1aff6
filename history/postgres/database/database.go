// Package database owns the connections to PostgreSQL and the schema. It knows no
// event: packages above it call functions and statements of the schema.
//
// It works through PgBouncer in transaction mode: no statement is prepared under a
// name, nothing is set for a session, nothing relies on a Listener, and every name is
// qualified with the schema.
//
// It speaks the protocol by package pgconn alone. The types that are used are written by
// hand: the arguments in argument.go, the columns of rows in scan.go.
package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Options of a database.
type Options struct {
	URL    string // postgres://…, with several hosts if need be
	Schema string // DefaultSchema if ""
	Sync   Sync
	// Name is the application_name of the connections; "sidehook" if "".
	Name string
	// Readers is how many statements may read at a time; 4 if 0.
	Readers int
	// Dial replaces the dialer of connections; nil: TCP or a socket, with keep-alive.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Sync is the promise that a commit must make.
type Sync string

const (
	Require Sync = "require" // it is on a synchronous standby, too
	Storage Sync = "storage" // it is on this server's disk, which the provider replicates
)

// DB is two pools of connections to one database. It is for concurrent use.
type DB struct {
	// reading is for statements that change nothing others rely on. If the context
	// ends, the server is asked to stop the statement.
	reading *pool
	// writing is for statements that commit. None is ever canceled on the server,
	// because a canceled wait for the standby looks like a commit (P5). A context that
	// ends leaves the statement running and drops the connection.
	writing *pool

	schema string
	sync   Sync
}

const (
	// connectTimeout is how long a connection may take, and connectNext if another host is
	// to be tried after it.
	connectTimeout = 5 * time.Second
	connectNext    = 2 * time.Second
	// deadAfter is when a connection counts as cut if nothing comes back. It is less than
	// the shortest lease.
	deadAfter = 4 * time.Second
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
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: deadAfter / 2, Interval: time.Second, Count: 2},
			Control:         controlSocket,
		}
		opts.Dial = d.DialContext
	}
	config, err := pgconn.ParseConfig(opts.URL)
	if err != nil {
		return nil, Explained(err)
	}
	config.DialFunc = opts.Dial
	hosts := hostsOf(config)
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
		if len(hosts.all) > 1 {
			config.ConnectTimeout = connectNext
		}
	}
	if _, ok := config.RuntimeParams["application_name"]; !ok {
		config.RuntimeParams["application_name"] = opts.Name
	}
	return &DB{
		reading: newPool(opts.Readers, config, hosts, nil, commits("")),
		writing: newPool(writers, config, hosts, neverCancel, commits(opts.Sync)),
		schema:  opts.Schema, sync: opts.Sync,
	}, nil
}

// neverCancel keeps the library from canceling the statement of a connection that ended.
// The library would dial once more for that, and neverCancel refuses it.
func neverCancel(c *pgconn.Config) {
	var connected atomic.Bool
	dial, after := c.DialFunc, c.AfterConnect
	c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if connected.Load() {
			return nil, errors.New("a statement that writes is not canceled")
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

// commits returns a check of new connections. It refuses a connection whose commits promise
// less than sync. If sync is "" nothing is committed.
func commits(sync Sync) func(context.Context, *conn) error {
	return func(ctx context.Context, c *conn) error {
		var standbys, commit string
		var recovering bool
		err := c.do(ctx, `SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_commit'), pg_is_in_recovery()`, nil,
			&standbys, &commit, &recovering)
		switch {
		case err != nil:
			return err
		case recovering:
			return errors.New("the server is a standby; add target_session_attrs=read-write to the address")
		}
		return syncProblem(sync, standbys, commit)
	}
}

// CheckSync returns why commits promise too little.
func (db *DB) CheckSync(ctx context.Context) error {
	c, err := db.writing.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.writing.release(c)
	return c.pg.Ping(ctx)
}

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
	db.reading.close()
	db.writing.close()
}

// Schema returns the name of the schema, and Sync what a commit must promise.
func (db *DB) Schema() string { return db.schema }
func (db *DB) Sync() Sync     { return db.sync }

// SQL puts the name of the schema into a statement, in place of {schema}.
func (db *DB) SQL(text string) string { return strings.ReplaceAll(text, "{schema}", `"`+db.schema+`"`) }
