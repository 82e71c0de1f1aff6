package database

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// Rows are the rows of a statement. They hold a connection until Next reports false, or
// Close.
type Rows struct {
	pool   *pool
	conn   *conn // nil: they are closed
	result *pgconn.ResultReader
	err    error
}

// Query runs a statement that changes nothing. Its error is that of the rows.
func (db *DB) Query(ctx context.Context, sql string, args ...Argument) *Rows {
	c, err := db.reading.acquire(ctx)
	if err != nil {
		return &Rows{err: err}
	}
	return &Rows{pool: db.reading, conn: c, result: c.send(ctx, db.SQL(sql), args)}
}

// Next reads the next row, and reports whether there is one. scanValue stores the
// columns where row points to.
func (r *Rows) Next(row ...any) bool {
	if r.conn == nil {
		return false
	}
	if r.result.NextRow() {
		if r.err = scan(r.result, row); r.err == nil {
			return true
		}
	}
	r.Close()
	return false
}

// Close ends the reading, and returns why not all rows could be read that were asked for.
func (r *Rows) Close() error {
	if r.conn != nil {
		if _, err := r.result.Close(); err != nil {
			if r.conn.failed(err); r.err == nil {
				r.err = err
			}
		}
		r.pool.release(r.conn)
		r.conn = nil
	}
	return r.err
}

// Read runs a statement that changes nothing, and scans its only row.
func (db *DB) Read(ctx context.Context, sql string, args []Argument, row ...any) error {
	rows := db.Query(ctx, sql, args...)
	found := rows.Next(row...)
	if err := rows.Close(); err != nil || found {
		return err
	}
	return ErrNoRow
}
