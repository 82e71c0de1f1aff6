package database_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

// TestExplained: an operator reads one line, which shows what to do.
func TestExplained(t *testing.T) {
	s := postgrestest.Shared(t)
	ready, foreign := s.Schema(t), s.Schema(t)
	for schema, role := range map[string]string{ready: postgrestest.Role, foreign: ""} {
		if err := database.Install(t.Context(), s.OwnerURL(), schema, role); err != nil {
			t.Fatal(err)
		}
	}
	install := func(url, role string) func() error {
		return func() error { return database.Install(t.Context(), url, "another", role) }
	}
	check := func(url, schema string) func() error {
		return func() error {
			return open(t, s, database.Options{URL: url, Schema: schema}).CheckSchema(t.Context())
		}
	}
	call := func() error {
		db := open(t, s, database.Options{Schema: ready})
		return database.Explained(db.Call(t.Context(), `SELECT {schema}.nothing()`, nil))
	}
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"no right to make a schema": {install(s.URL(), ""), `permission denied for database postgres; run it as the owner of the schema, or as a role that has CREATE on the database`},
		"no such role":              {install(s.OwnerURL(), "nobody"), `role "nobody" does not exist; make it before: CREATE ROLE … LOGIN PASSWORD '…'`},
		"no right to read":          {check("", foreign), "the schema does not fit: permission denied for schema " + foreign + "; let the role of the URL work: as the owner of the schema run the SQL of `sidehook cluster init --role ROLE`"},
		"a function is not there":   {call, "function " + ready + ".nothing() does not exist; the tables are those of another version: run `sidehook cluster init` of this one"},
		"no such database":          {check(strings.Replace(s.URL(), "/postgres?", "/nope?", 1), ready), fmt.Sprintf(`%s (127.0.0.1): server error: database "nope" does not exist`, s.Address())},
		"nothing listens":           {check("postgres://u@127.0.0.1:1,127.0.0.1:2/d?sslmode=prefer", ready), "127.0.0.1:1 (127.0.0.1): dial error: dial tcp 127.0.0.1:1: connect: connection refused; 127.0.0.1:2 (127.0.0.1): dial error: dial tcp 127.0.0.1:2: connect: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.do(); err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}
