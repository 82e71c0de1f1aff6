package outbox

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// stepTimeout limits each exchange with a database.
const stepTimeout = 10 * time.Second

// conn is a connection. It speaks the protocol of PostgreSQL without a layer of types:
// all values are texts, and the binary stays small.
type conn struct {
	pg     *pgconn.PgConn
	awaken bool // a notification has come
}

// statement is a statement of an exchange.
type statement struct {
	sql  string
	args []string
	row  func(values [][]byte) error // called for each row, whose values it must copy; may be nil
}

func (d *Database) connect(ctx context.Context) (*conn, error) {
	c := new(conn)
	config := d.config.Copy()
	config.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) { c.awaken = true }
	var err error
	c.pg, err = pgconn.ConnectConfig(ctx, config)
	return c, err
}

// do runs statements in one round trip. After one that fails no other is run. Nothing is
// prepared under a name, since a pooler may hand each transaction to another server.
func (c *conn) do(ctx context.Context, list ...statement) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var b pgconn.Batch
	for _, s := range list {
		args := make([][]byte, len(s.args))
		for i, arg := range s.args {
			args[i] = []byte(arg)
		}
		b.ExecParams(s.sql, args, nil, nil, nil)
	}
	var failed error
	results := c.pg.ExecBatch(ctx, &b)
	for i := 0; results.NextResult(); i++ {
		rows := results.ResultReader()
		for rows.NextRow() {
			if row := list[i].row; row != nil && failed == nil {
				failed = row(rows.Values())
			}
		}
	}
	if err := results.Close(); err != nil {
		return err
	}
	return failed
}

// rollback ends a transaction that has begun.
func (c *conn) rollback(ctx context.Context) error {
	if c.pg.TxStatus() == 'I' {
		return nil
	}
	return c.do(ctx, statement{sql: "ROLLBACK"})
}

// wait returns when the connection is notified, or after a time.
func (c *conn) wait(ctx context.Context, longest time.Duration) error {
	if !c.awaken {
		waiting, cancel := context.WithTimeout(ctx, longest)
		defer cancel()
		err := c.pg.WaitForNotification(waiting)
		if err != nil && waiting.Err() == nil {
			return err
		}
	}
	c.awaken = false
	return ctx.Err()
}

// close closes the connection. There is nothing to be lost.
func (c *conn) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = c.pg.Close(ctx)
}

// number reads an integer.
func number(text []byte) (int64, error) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read a number: %w", err)
	}
	return n, nil
}

// isTrue reads a boolean.
func isTrue(text []byte) bool { return string(text) == "t" }
