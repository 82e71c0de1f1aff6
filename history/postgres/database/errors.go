package database

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNoRow is the error of a statement that returns no row where one is needed.
var ErrNoRow = errors.New("there is no such row")

// NoticeError is the error of a commit that came with a notice or warning, such as
// that it did not wait for the standby. It may be durable or not.
type NoticeError struct{ *pgconn.Notice }

func (e *NoticeError) Error() string {
	return fmt.Sprintf("the commit came with a notice: %s: %s", e.Severity, e.Message)
}

// The SQLSTATEs that callers distinguish.
const (
	undefinedTable  = "42P01"
	undefinedSchema = "3F000"
	forbidden       = "42501"
	diskFull        = "53100"
	syncTooLittle   = "SH001"
)

// Code returns the SQLSTATE of an error that came from the server, or "".
func Code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// IsDiskFull reports whether the server has no room left.
func IsDiskFull(err error) bool { return Code(err) == diskFull }

// IsSync reports whether a commit would promise too little.
func IsSync(err error) bool {
	var e *SyncError
	return errors.As(err, &e) || Code(err) == syncTooLittle
}

// IsData reports whether the server has refused a value: the same statement with
// others may succeed.
func IsData(err error) bool {
	switch code := Code(err); {
	case len(code) == 5:
		return code[:2] == "22" || code[:2] == "21" || code[:2] == "23" || code[:2] == "54"
	}
	return false
}

// IsRefused reports whether the server has refused a statement, so that nothing of it
// is committed. If the server ends the connection, that is not known: it may have been
// waiting for its standby.
func IsRefused(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.SeverityUnlocalized == "ERROR"
}

// IsUnsent reports whether a statement did not reach a server.
func IsUnsent(err error) bool {
	var c *pgconn.ConnectError
	return errors.As(err, &c) || pgconn.SafeToRetry(err) || IsSync(err)
}
