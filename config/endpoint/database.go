package endpoint

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"sidehook/config/credential"
	"sidehook/config/redact"
	"sidehook/config/yamlnode"
)

const likeDatabase = "write it like postgres://user@db.example.com:5432/app"

// CheckDatabase returns all that is wrong with the URL of a PostgreSQL. No flaw quotes
// it: its password is a secret. The driver judges what the parameters mean.
func CheckDatabase(text string) []Flaw {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return controlCharacters()
	}
	var flaws []Flaw
	add := func(message, hint string) { flaws = append(flaws, Flaw{message, hint}) }
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "postgres" && scheme != "postgresql" {
		return []Flaw{{"must be a URL postgres://…", likeDatabase}}
	}
	// The last @ ends the user info, even if the user info contains others. One in the
	// value of a parameter does not.
	user, before := "", rest
	at := strings.LastIndexByte(rest, '@')
	if query := strings.IndexByte(rest, '?'); query >= 0 && strings.Contains(rest[query:max(at, query)], "=") {
		at = strings.LastIndexByte(rest[:query], '@')
	}
	if at >= 0 {
		user, before = rest[:at], rest[at+1:]
	}
	if _, bad := encode(user, ofUserInfo); bad != "" {
		add("has a user name or password with a character that must be percent-encoded",
			"write %40 for @, %2F for /, %3F for ?, %23 for #, %5B for [, %5D for ], %20 for a space and %25 for %")
	}
	u := splitURI("//" + before)
	if u.fragment != "" {
		add("must have no fragment", "write %23 for #")
	}
	if _, bad := encode(u.rest, ofQuery); bad != "" {
		add("has a character after its host that must be percent-encoded", "write %20 for a space, and %25 for %")
	}
	path, query, _ := strings.Cut(u.rest, "?")
	if strings.Contains(strings.TrimPrefix(path, "/"), "/") {
		add("must have the name of a database as its path", likeDatabase)
	}
	flaws = append(flaws, checkParameters(query)...)
	if u.authority == "" {
		if !strings.HasPrefix(query, "host=") && !strings.Contains(query, "&host=") {
			add("has no host", likeDatabase+", or ?host=/run/postgresql for a socket")
		}
		return flaws
	}
	for one := range strings.SplitSeq(u.authority, ",") {
		host, port := splitPort(one)
		if flaw := checkURLHost(host, true); flaw.Message != "" {
			flaws = append(flaws, flaw)
		}
		switch {
		case port == ":":
			add("has a colon without a port", "remove it, or write it like db.example.com:5432")
		case !isURLPort(port):
			add("must have a port between 1 and 65535", "")
		}
	}
	return flaws
}

// chosen are the parameters of a URL that have one of several words.
var chosen = map[string][]string{
	"sslmode":              {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
	"target_session_attrs": {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"},
}

// checkParameters returns what is wrong with the parameters whose words are known. It
// quotes none: it may be a password in the wrong place.
func checkParameters(query string) (flaws []Flaw) {
	for one := range strings.SplitSeq(query, "&") {
		name, word, _ := strings.Cut(one, "=")
		if words := chosen[name]; words != nil && !slices.Contains(words, word) {
			flaws = append(flaws, Flaw{"has a " + name + " that there is not", "write one of " + strings.Join(words, ", ")})
		}
	}
	return flaws
}

// ReadDatabase reads the URL of a PostgreSQL. It may contain a user name and a password.
// If it came by ${…}, nothing after the host is shown of it.
func ReadDatabase(r *yamlnode.Reader, v *yamlnode.Value) (redact.URL, bool) {
	t, ok := credential.ReadAddress(r, v)
	if !ok {
		return redact.URL{}, false
	}
	if t.Known {
		flaws := CheckDatabase(t.String())
		for _, flaw := range flaws {
			r.Fail(v, flaw.Message, flaw.Hint)
		}
		if flaws != nil {
			return redact.URL{}, false
		}
	}
	return redact.NewURL(t.String(), t.Hidden()), true
}

// MaxDatabases is how many databases may be listed: each costs a connection.
const MaxDatabases = 64

// ReadDatabases reads the URL of a PostgreSQL, or a list of them, each of them once.
func ReadDatabases(r *yamlnode.Reader, v *yamlnode.Value, into *[]redact.URL) {
	items := r.OneOrItems(v)
	switch n := len(items); {
	case v.IsList() && n == 0:
		r.Fail(v, "is an empty list", "list at least one URL, or remove outbox")
	case n > MaxDatabases:
		r.Fail(v, fmt.Sprintf("must have at most %d items", MaxDatabases), "")
	}
	for i := range items {
		u, ok := ReadDatabase(r, &items[i])
		if ok && slices.ContainsFunc(*into, func(o redact.URL) bool { return o.Reveal() == u.Reveal() }) {
			r.Fail(&items[i], "is given twice", "remove it")
			continue
		}
		if ok {
			*into = append(*into, u)
		}
	}
}
