package config

import (
	"fmt"
	"strings"
	"time"

	"sidehook/config/canonical"
	"sidehook/config/endpoint"
	"sidehook/config/redact"
	"sidehook/config/yamlnode"
)

// Cluster says which PostgreSQL has the history, for relays that share it. Without
// Postgres the history is in files.
type Cluster struct {
	Postgres URL
	Schema   string
	Name     string        // of this member; "": the name of the host
	Lease    time.Duration // after which the webhooks of a member that died are taken over
	Sync     string        // SyncRequire or SyncStorage
	Spool    bool          // events are accepted into files while the database is away
}

// Given reports whether the history is in PostgreSQL.
func (c *Cluster) Given() bool { return c.Postgres.Reveal() != "" }

// What a commit must promise.
const (
	SyncRequire = "require"
	SyncStorage = "storage"
)

// The bounds of cluster.lease.
const (
	leastLease = 5 * time.Second
	mostLease  = 60 * time.Second
)

func clusterKeys() []key[Cluster] {
	return []key[Cluster]{
		declare("postgres", "${SIDEHOOK_DATABASE}", "The URL of the PostgreSQL that has the history.",
			database(), func(c *Cluster) *URL { return &c.Postgres }),
		declare("schema", "sidehook", "The schema of its tables.",
			text(schema{"pattern": "^[a-z_][a-z0-9_]{0,50}$"}, readSchema), func(c *Cluster) *string { return &c.Schema }),
		declare("name", "host-a", "The name of this member, which no other has and which stays; by default that of the host.",
			text(schema{"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"}, readMember), func(c *Cluster) *string { return &c.Name }),
		declare("lease", "10s", "How long a member may be silent before others take over its webhooks, 5s to 60s.",
			duration(leastLease, mostLease), func(c *Cluster) *time.Duration { return &c.Lease }),
		declare("sync", SyncRequire, "What makes a commit safe: require a synchronous standby, or storage that the provider replicates.",
			oneOf(SyncRequire, SyncStorage), func(c *Cluster) *string { return &c.Sync }),
		declare("spool", "false", "Whether events are accepted into the local files while the database is away.",
			boolean(), func(c *Cluster) *bool { return &c.Spool }),
	}
}

// database is the URL of one PostgreSQL.
func database() codec[URL] {
	return codec[URL]{
		schema: schema{"type": "string", "minLength": 1},
		read: func(l *loader, v *value, into *URL) {
			if u, ok := endpoint.ReadDatabase(l.Reader, v); ok {
				*into = u
			}
		},
		show: func(u redact.URL) any { return showText(u.Redacted()) },
	}
}

func readSchema(l *loader, v *value, into *string) {
	readPattern(l, v, into, "abcdefghijklmnopqrstuvwxyz_", "abcdefghijklmnopqrstuvwxyz_0123456789", 51, "a-z, 0-9 and _, with a letter or _ first")
}

func readMember(l *loader, v *value, into *string) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	readPattern(l, v, into, letters, letters+"._-", 63, "letters, 0-9, dot, _ and -, with a letter or digit first")
}

// cluster is the section cluster. It is not shown while it is not given.
func cluster(keys []key[Cluster], unset *Cluster) codec[Cluster] {
	c := section(objectOf(keys, unset, "postgres"), keys, func(l *loader, v *yamlnode.Value, into *Cluster) {
		given := l.Pairs(v, "")
		readKeys(l, given, keys, into)
		if yamlnode.Find(given, "postgres") == nil {
			l.Fail(v, "has no postgres", "write postgres: with the URL of the database, or remove cluster")
		}
	})
	show := c.show
	c.show = func(x Cluster) any {
		if !x.Given() {
			return nil
		}
		return show(x).(canonical.Pairs)
	}
	return c
}

// readPattern reads a word of some characters, of which the first is one of fewer.
func readPattern(l *loader, v *value, into *string, first, rest string, most int, what string) {
	t, ok := l.Known(v)
	if !ok {
		return
	}
	s := t.String()
	if s == "" || len(s) > most || strings.IndexByte(first, s[0]) < 0 || strings.Trim(s, rest) != "" {
		l.Fail(v, fmt.Sprintf("must be 1 to %d of %s, not %s", most, what, t.Show()), "")
		return
	}
	*into = s
}
