package database

import "context"

// Call runs a statement that returns one row at most in a transaction of its own, in one
// round trip, and scans the row. After a NoticeError, too, the row is scanned.
func (db *DB) Call(ctx context.Context, sql string, args []Argument, row ...any) error {
	c, err := db.writing.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.writing.release(c)
	return c.do(ctx, db.SQL(sql), args, row...)
}

// Tx is a transaction.
type Tx struct {
	db   *DB
	conn *conn
}

// Transact commits what do does in one transaction, or nothing if that returns an error.
// It must do so if a statement has failed.
func (db *DB) Transact(ctx context.Context, do func(*Tx) error) error {
	c, err := db.writing.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.writing.release(c) // closes it unless the transaction has ended
	if err := c.do(ctx, "BEGIN", nil); err != nil {
		return err
	}
	if err := do(&Tx{db, c}); err != nil {
		return err
	}
	return c.do(ctx, "COMMIT", nil)
}

// Call runs a statement of the transaction, and scans its row as DB.Call does.
func (tx *Tx) Call(ctx context.Context, sql string, args []Argument, row ...any) error {
	return tx.conn.do(ctx, tx.db.SQL(sql), args, row...)
}
