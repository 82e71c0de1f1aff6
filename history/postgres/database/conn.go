package database

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// conn is a connection. It speaks the protocol of PostgreSQL without a layer of types:
// those that are used here are written and read by hand, in their binary form.
type conn struct {
	pg        *pgconn.PgConn
	host      *host
	opened    time.Time
	idleSince time.Time
	broken    bool           // it ended without our doing
	notice    *pgconn.Notice // the last one
	heard     []string       // notifications on the channels that it listens to
}

// send sends a statement. Nothing is prepared under a name, since a pooler may hand each
// transaction to another server.
func (c *conn) send(ctx context.Context, sql string, args []Argument) *pgconn.ResultReader {
	values, types, binary := make([][]byte, len(args)), make([]uint32, len(args)), []int16{1}
	for i, a := range args {
		values[i], types[i] = a.value, a.oid
	}
	return c.pg.ExecParams(ctx, sql, values, types, binary, binary)
}

// do runs a statement and scans its only row, if any is asked for. After a NoticeError,
// too, the row is scanned.
func (c *conn) do(ctx context.Context, sql string, args []Argument, row ...any) error {
	c.notice = nil
	result := c.send(ctx, sql, args)
	scanned := ErrNoRow
	if len(row) == 0 {
		scanned = nil
	}
	if result.NextRow() {
		scanned = scan(result, row)
	}
	if _, err := result.Close(); err != nil {
		c.failed(err)
		return err
	}
	if c.notice != nil {
		return &NoticeError{c.notice}
	}
	return scanned
}

// failed notes why a statement failed.
func (c *conn) failed(err error) {
	c.broken = c.pg.IsClosed() && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// old reports whether a connection must be closed for its age.
func (c *conn) old() bool { return time.Since(c.opened) > ageMost }

// answers reports whether a connection that was idle is still one.
func (c *conn) answers(ctx context.Context) bool {
	if c.old() {
		return false
	}
	if time.Since(c.idleSince) <= pingAfter {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return c.pg.Ping(ctx) == nil
}

func (c *conn) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = c.pg.Close(ctx) // there is nothing to be lost
}

// Listener receives the notifications of a channel (pg_notify). It has a session of its
// own; through a pooler it receives none.
type Listener struct{ *conn }

// Listen listens to a channel.
func (db *DB) Listen(ctx context.Context, channel string) (*Listener, error) {
	c, err := db.reading.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.do(ctx, `LISTEN "`+channel+`"`, nil); err != nil {
		c.close()
		return nil, err
	}
	return &Listener{c}, nil
}

// Next waits for the next notification.
func (l *Listener) Next(ctx context.Context) (text string, err error) {
	for len(l.heard) == 0 {
		if err := l.pg.WaitForNotification(ctx); err != nil {
			return "", err
		}
	}
	text, l.heard = l.heard[0], l.heard[1:]
	return text, nil
}

// Close ends the session.
func (l *Listener) Close() { l.close() }
