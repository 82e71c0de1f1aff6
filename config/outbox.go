package config

import (
	"sidehook/config/endpoint"
	"sidehook/config/jsonschema"
)

// Outbox says which databases have an outbox, from which events come in.
type Outbox struct {
	Postgres []URL // each is given once
}

// databases is one URL of a PostgreSQL, or a list of them.
func databases() codec[[]URL] {
	form := schema{"type": "string", "minLength": 1}
	return codec[[]URL]{
		schema: jsonschema.Either(form, jsonschema.List(form, 1, endpoint.MaxDatabases)),
		read:   plain(endpoint.ReadDatabases),
		show: func(list []URL) any {
			return showList(each(list, func(u URL) string { return u.Redacted() }))
		},
	}
}

// outbox is the section outbox. It is not shown while it is not given.
func outbox(keys []key[Outbox]) codec[Outbox] {
	c := section(objectOf(keys, &Outbox{}, "postgres"), keys, withPostgres("outbox", keys))
	return shownIf(func(o Outbox) bool { return len(o.Postgres) > 0 }, c)
}
