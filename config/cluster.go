package config

import (
	"time"

	"sidehook/config/endpoint"
	"sidehook/config/naming"
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

// The values of Sync: what a commit must promise.
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
			text(schema{"pattern": naming.SchemaPattern}, plain(naming.ReadSchema)), func(c *Cluster) *string { return &c.Schema }),
		declare("name", "host-a", "The name of this member, which no other has and which stays; by default that of the host.",
			text(schema{"pattern": naming.MemberPattern}, plain(naming.ReadMember)), func(c *Cluster) *string { return &c.Name }),
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

// cluster is the section cluster. It is not shown while it is not given.
func cluster(keys []key[Cluster], unset *Cluster) codec[Cluster] {
	c := section(objectOf(keys, unset, "postgres"), keys, withPostgres("cluster", keys))
	return shownIf(func(x Cluster) bool { return x.Given() }, c)
}

// withPostgres reads a section that must have postgres.
func withPostgres[T any](section string, keys []key[T]) func(*loader, *value, *T) {
	return func(l *loader, v *value, into *T) {
		given := l.Pairs(v, "")
		readKeys(l, given, keys, into)
		if yamlnode.Find(given, "postgres") == nil {
			l.Fail(v, "has no postgres", "write postgres: with the URL of the database, or remove "+section)
		}
	}
}
