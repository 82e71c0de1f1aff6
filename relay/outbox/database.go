package outbox

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Database is a PostgreSQL that has an outbox.
type Database struct {
	url    string // it may hold a password
	shown  string // what may be shown of it
	config *pgconn.Config
}

// connectTimeout limits connecting to each host, unless the URL says otherwise.
const connectTimeout = 5 * time.Second

// ParseDatabase returns the database of a URL, of which shown may be shown.
func ParseDatabase(url, shown string) (*Database, error) {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, withoutURL(err))
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "sidehook"
	}
	return &Database{url, shown, config}, nil
}

// withoutURL returns an error of the parser without the URL that it quotes.
func withoutURL(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); !ok {
		return err
	}
	text := err.Error()
	return errors.New(text[strings.LastIndex(text, "`: ")+len("`: "):])
}

// String returns what may be shown of the URL.
func (d *Database) String() string { return d.shown }

// errAway is the root of all errors of a database that cannot be reached: it is one
// trouble, whatever the network says each time.
var errAway = errors.New("the database cannot be reached")

// away is an error of a database that cannot be reached.
type away struct{ why string }

func (e *away) Error() string { return e.why }
func (e *away) Unwrap() error { return errAway }

// explain returns an error as it is logged: with what to do, and with one root for all
// ways in which a database can be away.
func explain(err error) error {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if _, told := errors.AsType[*missingRights](err); told {
			return err
		}
		if connecting, ok := errors.AsType[*pgconn.ConnectError](err); ok && connecting.Unwrap() != nil {
			err = connecting.Unwrap() // without the user and the database
		}
		return &away{strings.Join(strings.Fields(err.Error()), " ")}
	}
	said := errors.New(refusal.Message)
	switch refusal.Code {
	case "42P01", "3F000": // undefined_table, invalid_schema_name
		return fmt.Errorf("it has no outbox; run sidehook outbox init --apply: %w", said)
	case "42501": // insufficient_privilege
		return fmt.Errorf("%w; grant the role what it needs to read the outbox: see sidehook help api", said)
	}
	switch refusal.Code[:min(2, len(refusal.Code))] {
	case "08", "53", "57": // the connection, resources, an operator
		return &away{refusal.Message}
	}
	return said
}
