package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidehook/config"
)

func TestCluster(t *testing.T) {
	t.Setenv("DATABASE_OF_TEST", "postgres://u:s3cr3t@a.example,b.example/app?target_session_attrs=read-write")
	f := load(t, "cluster: {postgres: '${DATABASE_OF_TEST}'}\nwebhooks: []\n", config.Run)
	want := config.Cluster{Postgres: f.Cluster.Postgres, Schema: "sidehook", Lease: 10 * time.Second, Sync: "require"}
	if f.Cluster != want || !f.Cluster.Given() || f.Cluster.Postgres.Reveal() == "" {
		t.Errorf("got %+v", f.Cluster)
	}
	var text strings.Builder
	if err := f.Print(&text); err != nil || !strings.Contains(text.String(), "cluster:\n  postgres: ") || strings.Contains(text.String(), "s3cr3t") {
		t.Errorf("got %v\n%s", err, &text)
	}
	f = load(t, "cluster: {postgres: postgres://a/b, schema: s_1, name: Host-1.a, lease: 1m, sync: storage, spool: true}\nwebhooks: []\n", config.Run)
	if c := f.Cluster; c.Schema != "s_1" || c.Name != "Host-1.a" || c.Lease != time.Minute || c.Sync != config.SyncStorage || !c.Spool {
		t.Errorf("got %+v", c)
	}
	f = load(t, "webhooks: []\n", config.Run)
	text.Reset()
	if err := f.Print(&text); err != nil || f.Cluster.Given() || strings.Contains(text.String(), "cluster") {
		t.Errorf("without a cluster: %v\n%s", err, &text)
	}
}

func TestClusterRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{}":                 "cluster: has no postgres; write postgres: with the URL of the database, or remove cluster",
		"{schema: a}":        "has no postgres",
		"{postgres: mysql:}": "must be a URL postgres://…",
		"{postgres: [postgres://a/b, postgres://c/d]}":   "must be a single value, not a list",
		"{postgres: postgres://a/b, schema: A}":          `must be 1 to 51 of a-z, 0-9 and _, with a letter or _ first, not "A"`,
		"{postgres: postgres://a/b, schema: 1a}":         "must be 1 to 51",
		"{postgres: postgres://a/b, name: -a}":           "must be 1 to 63 of letters",
		"{postgres: postgres://a/b, name: 'a b'}":        "must be 1 to 63 of letters",
		"{postgres: postgres://a/b, lease: 4s}":          "lease",
		"{postgres: postgres://a/b, lease: 61s}":         "lease",
		"{postgres: postgres://a/b, sync: local}":        "sync",
		"{postgres: postgres://a/b, spool: maybe}":       "spool",
		"{postgres: postgres://a/b, spol: true}":         `unknown key; did you mean "spool"?`,
		"{postgres: 'postgres://u:hunter2#x@a/hunter2'}": "must be percent-encoded",
	} {
		_, err := config.Parse("f", []byte("cluster: "+text+"\nwebhooks: []\n"), config.Run)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// The commands that prepare the database need nothing else of the file.
func TestModeClusterDatabase(t *testing.T) {
	const rest = "listen: {token: '${UNSET_OF_TEST}'}\nwebhooks: [{name: '!'}]\n"
	f, err := config.Parse("f", []byte("cluster: {postgres: postgres://a/b}\n"+rest), config.ClusterDatabase)
	if err != nil || !f.Cluster.Given() {
		t.Errorf("got %v, %v", f, err)
	}
	_, err = config.Parse("f", []byte("cluster: {postgres: '${UNSET_OF_TEST}'}\n"+rest), config.ClusterDatabase)
	if want := "f:1:21: cluster.postgres: environment variable UNSET_OF_TEST is not set"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
