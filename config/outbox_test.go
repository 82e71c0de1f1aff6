package config_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/config"
)

func TestOutbox(t *testing.T) {
	t.Setenv("DATABASE_OF_TEST", "postgres://u:s3cr3t@db.example/app?sslmode=require")
	for value, want := range map[string]string{
		"postgres://db.example":                                            "[postgres://db.example]",
		"postgresql://u@db.example:5432/app":                               "[postgresql://***@db.example:5432/app]",
		"'postgres://u:p%40ss@[::1]:5432/app'":                             "[postgres://***@[::1]:5432/app]",
		"postgres://u:p@a:5432,b:5433/app?target_session_attrs=read-write": "[postgres://***@a:5432,b:5433/app?target_session_attrs=***]",
		"postgres:///app?host=/run/postgresql&user=u":                      "[postgres:///app?host=***&user=***]",
		"postgres://a/app?password=x@y":                                    "[postgres://a/app?password=***]",
		"${DATABASE_OF_TEST}":                                              "[postgres://***@db.example/***]",
		"[postgres://a/x, postgres://a/y]":                                 "[postgres://a/x postgres://a/y]",
	} {
		f := load(t, "outbox: {postgres: "+quoted(value)+"}\nwebhooks: []\n", config.Run)
		if got := fmt.Sprint(f.Outbox.Postgres); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
		var text strings.Builder
		if err := f.Print(&text); err != nil {
			t.Fatal(err)
		}
		if printed := text.String(); !strings.Contains(printed, "outbox:\n  postgres: [") || strings.Contains(printed, "s3cr3t") {
			t.Errorf("%s is printed as\n%s", value, printed)
		}
	}
	f := load(t, "webhooks: []\n", config.Run)
	var text strings.Builder
	if err := f.Print(&text); err != nil || strings.Contains(text.String(), "outbox") {
		t.Errorf("without an outbox: %v\n%s", err, &text)
	}
}

// quoted quotes a value that is not a list.
func quoted(value string) string {
	if strings.HasPrefix(value, "[") || strings.HasPrefix(value, "'") {
		return value
	}
	return `"` + value + `"`
}

// Nothing of a URL is quoted: it may be a password.
func TestOutboxRefused(t *testing.T) {
	for value, want := range map[string]string{
		"mysql://a/b":                       "must be a URL postgres://…",
		"host=a dbname=b password=hunter2":  "must be a URL postgres://…",
		"postgres://u:hunter2/x@a/b":        "has a user name or password with a character that must be percent-encoded",
		"postgres://u:hunter2?@a/b":         "has a user name or password with a character that must be percent-encoded",
		"postgres://u:hunter2#x@a/b":        "has a user name or password with a character that must be percent-encoded",
		"postgres://u:hunter2?a=b@a/b":      "must have a port between 1 and 65535",
		"postgres:///app":                   "has no host",
		"postgres://a:0/b":                  "must have a port between 1 and 65535",
		"postgres://a:/b":                   "has a colon without a port",
		"postgres://a,/b":                   "has no host",
		"postgres://::1/b":                  "has a host that is neither a name nor an IPv6 address in brackets",
		"postgres://a/b/c":                  "must have the name of a database as its path",
		"postgres://a/b#c":                  "must have no fragment",
		"postgres://a/b c":                  "has a character after its host that must be percent-encoded",
		`postgres://a/b\n`:                  "must not contain control characters",
		"postgres://a/b?sslmode=hunter2":    "has a sslmode that there is not",
		"postgres://a/b?x=y&sslmode":        "has a sslmode that there is not",
		"[]":                                "is an empty list",
		"[postgres://a/b, postgres://a/b]":  "is given twice",
		"[postgres://a/b, {url: hunter2}]":  "must be a single value",
		"{postgres: postgres://a/hunter2 }": "must be",
	} {
		if !strings.HasPrefix(value, "{") {
			value = quoted(value)
		}
		_, err := config.Parse("f", []byte("outbox: {postgres: "+value+"}\nwebhooks: []\n"), config.Run)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", value, err, want)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: %v", value, err)
		}
	}
	_, err := config.Parse("f", []byte("outbox: {}\nwebhooks: []\n"), config.Run)
	if want := "f:1:9: outbox: has no postgres; write postgres: with the URL of the database, or remove outbox"; fmt.Sprint(err) != want {
		t.Errorf("without postgres: %v, want %s", err, want)
	}
}

// The command that prepares the databases needs nothing else of the file.
func TestModeDatabases(t *testing.T) {
	const rest = "listen: {token: '${UNSET_OF_TEST}'}\nwebhooks: [{name: '!'}]\n"
	f, err := config.Parse("f", []byte("outbox: {postgres: postgres://a/b}\n"+rest), config.Databases)
	if err != nil || len(f.Outbox.Postgres) != 1 {
		t.Errorf("got %v, %v", f, err)
	}
	_, err = config.Parse("f", []byte("outbox: {postgres: '${UNSET_OF_TEST}'}\n"+rest), config.Databases)
	if want := "f:1:20: outbox.postgres: environment variable UNSET_OF_TEST is not set"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
