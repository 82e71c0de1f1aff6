package config

import (
	"slices"

	"sidehook/config/canonical"
	"sidehook/config/endpoint"
	"sidehook/config/jsonschema"
	"sidehook/config/yamlnode"
)

// Outbox says which databases have an outbox, from which events come in.
type Outbox struct {
	Postgres []URL // each is given once
}

// maxDatabases is how many databases may have an outbox: each costs a connection.
const maxDatabases = 64

// databases is one URL of a PostgreSQL, or a list of them.
func databases() codec[[]URL] {
	form := schema{"type": "string", "minLength": 1}
	return codec[[]URL]{
		schema: jsonschema.Either(form, jsonschema.List(form, 1, maxDatabases)),
		read:   readDatabases,
		show: func(list []URL) any {
			return showList(each(list, func(u URL) string { return u.Redacted() }))
		},
	}
}

func readDatabases(l *loader, v *value, into *[]URL) {
	items := l.OneOrItems(v)
	switch n := len(items); {
	case v.IsList() && n == 0:
		l.Fail(v, "is an empty list", "list at least one URL, or remove outbox")
	case n > maxDatabases:
		l.Fail(v, "must have at most 64 items", "")
	}
	for i := range items {
		u, ok := endpoint.ReadDatabase(l.Reader, &items[i])
		if ok && slices.ContainsFunc(*into, func(o URL) bool { return o.Reveal() == u.Reveal() }) {
			l.Fail(&items[i], "is given twice", "remove it")
			continue
		}
		if ok {
			*into = append(*into, u)
		}
	}
}

// outbox is the section outbox. It is not shown while it is not given.
func outbox(keys []key[Outbox]) codec[Outbox] {
	c := section(objectOf(keys, &Outbox{}, "postgres"), keys, func(l *loader, v *yamlnode.Value, into *Outbox) {
		given := l.Pairs(v, "")
		readKeys(l, given, keys, into)
		if yamlnode.Find(given, "postgres") == nil {
			l.Fail(v, "has no postgres", "write postgres: with the URL of the database, or remove outbox")
		}
	})
	show := c.show
	c.show = func(o Outbox) any {
		if pairs := show(o); len(pairs.(canonical.Pairs)) > 0 {
			return pairs
		}
		return nil
	}
	return c
}
