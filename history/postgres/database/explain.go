package database

import (
	"crypto/x509"
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Explained returns an error as those who look after a relay read it: one line, without
// secrets, and with what to do where that is known.
func Explained(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, c := range connections(err) {
		text = strings.ReplaceAll(text, c.Error(), reason(c))
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		text = strings.ReplaceAll(text, e.Error(), e.Message)
	}
	text = strings.ReplaceAll(secrets.ReplaceAllString(text, "$1$2***@"), "ValidateConnect failed: read only connection", "takes no writes")
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		// A name with several addresses repeats the message of the first.
		line = strings.TrimSpace(line)
		if n := len(lines); n == 0 || !strings.HasSuffix(lines[n-1], line) {
			lines = append(lines, line)
		}
	}
	if todo := remedy(err); todo != "" && !strings.Contains(text, todo) {
		lines = append(lines, todo)
	}
	return explained{err, strings.Join(lines, "; ")}
}

type explained struct {
	error
	text string
}

func (e explained) Error() string { return e.text }
func (e explained) Unwrap() error { return e.error }

// connections returns why each server that was tried was not connected to.
func connections(err error) (list []*pgconn.ConnectError) {
	switch e := err.(type) {
	case *pgconn.ConnectError:
		return []*pgconn.ConnectError{e}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			list = append(list, connections(one)...)
		}
	case interface{ Unwrap() error }:
		return connections(e.Unwrap())
	}
	return list
}

// reason is an error of connecting, without the user and the database.
func reason(c *pgconn.ConnectError) string {
	if c.Unwrap() == nil {
		return c.Error()
	}
	return c.Unwrap().Error()
}

// remedy returns what to do, "" if that is not known.
func remedy(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "name the file with the certificate of its authority: sslrootcert=FILE in the URL"
	}
	switch Code(err) {
	case "28P01", "28000":
		return "the user and the password are those of the URL"
	case forbidden:
		return "let the role of the URL work: as the owner of the schema run the SQL of `sidehook cluster init --role ROLE`"
	case "42883", "42703": // a function, or a column, that is not there
		return "the tables are those of another version: run `sidehook cluster init` of this one"
	}
	return ""
}

var secrets = regexp.MustCompile(`(://[^:/@\s]*:)[^@\s]*@|(password=)('[^']*'|\S+)`)

// RedactURL returns an address without its password.
func RedactURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return secrets.ReplaceAllString(address, "$1$2***@")
	}
	return u.Redacted()
}
