package mask

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sidehook/config/redact"
)

// hidden finds the scalars of a file that are secrets, or may be. A value is shown only if
// its key is known to have no secret: that of a misspelt key, or of the wrong kind, is
// hidden.
type hidden struct {
	show   map[*yaml.Node]string // the text to show in place of a node
	values map[string]bool       // the values that must not be shown
	seen   map[visit]bool
}

// visit is a node in a place: an alias leads to a node from several.
type visit struct {
	node *yaml.Node
	rule string
}

func newHidden() *hidden {
	return &hidden{show: map[*yaml.Node]string{}, values: map[string]bool{}, seen: map[visit]bool{}}
}

// rules say for each mapping what is done with the value of each key. A rule is the name
// of another mapping, or one of: show (a scalar or a list), tree (anything), hide,
// header, address, databases (the URL of one, or a list of them).
var rules = map[string]map[string]string{
	"file":    {"source": "show", "listen": "listen", "history": "history", "outbox": "outbox", "cluster": "cluster", "event_types": "tree", "include": "show", "defaults": "webhook", "webhooks": "webhooks"},
	"listen":  {"http": "show", "socket": "show", "socket_mode": "show", "console": "show", "max_event_size": "show", "token": "hide", "read_token": "hide"},
	"history": {"dir": "show", "keep": "show", "max_size": "show", "response_body": "show", "unmatched": "show"},
	"outbox":  {"postgres": "databases"},
	"cluster": {"postgres": "databases", "schema": "show", "name": "show", "lease": "show", "sync": "show", "spool": "show"},
	"webhook": {
		"name": "show", "was": "show", "description": "show", "url": "address", "events": "show", "match": "tree", "when": "show", "transform": "show",
		"secret": "hide", "headers": "headers", "enabled": "show", "paused": "show", "profile": "show", "format": "show", "signature": "show",
		"user_agent": "show", "timeout": "show", "retry": "show", "give_up_on": "show", "concurrency": "show", "rate": "show", "order": "tree",
		"expire_after": "show", "max_backlog": "show", "disable_after": "show", "allow": "show", "oauth2": "oauth2", "tls": "tree", "proxy": "address",
	},
	"oauth2": {"token_url": "address", "client_id": "show", "client_secret": "hide", "scopes": "show", "params": "headers"},
}

// walk applies a rule to a node.
func (h *hidden) walk(n *yaml.Node, rule string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || h.seen[visit{n, rule}] || isNull(n) {
		return
	}
	h.seen[visit{n, rule}] = true
	switch rule {
	case "tree":
		h.tree(n)
	case "show":
		h.list(n)
	case "hide":
		h.all(n)
	case "address":
		h.address(n)
	case "databases":
		if n.Kind != yaml.SequenceNode {
			h.database(n)
			return
		}
		for _, item := range n.Content {
			h.walk(item, "databases")
		}
	case "webhooks":
		if n.Kind != yaml.SequenceNode {
			h.all(n)
			return
		}
		for _, item := range n.Content {
			h.walk(item, "webhook")
		}
	case "headers":
		h.pairs(n, rule, func(key string, value *yaml.Node) { h.header(key, value) })
	default:
		h.pairs(n, rule, func(key string, value *yaml.Node) {
			next, known := rules[rule][key]
			if !known {
				next = "hide"
			}
			h.walk(value, next)
		})
	}
}

// pairs visits the pairs of a mapping, and those that it merges.
func (h *hidden) pairs(n *yaml.Node, rule string, visit func(key string, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		h.all(n)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			h.all(key)
			h.all(value)
		case key.ShortTag() == "!!merge":
			h.merge(value, rule)
		default:
			visit(key.Value, value)
		}
	}
}

func (h *hidden) merge(n *yaml.Node, rule string) {
	if n.Kind != yaml.SequenceNode {
		h.walk(n, rule)
		return
	}
	for _, source := range n.Content {
		h.walk(source, rule)
	}
}

// tree shows all that is below a node.
func (h *hidden) tree(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		h.list(n)
		return
	}
	for _, below := range n.Content {
		h.walk(below, "tree")
	}
}

// list shows a scalar, or a list of them. It hides a key of a signature that was pasted
// in the wrong place.
func (h *hidden) list(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		if strings.Contains(n.Value, "whsec_") || strings.Contains(n.Value, "whsk_") || strings.Contains(n.Value, "-----BEGIN") {
			h.hide(n, redact.Mask, n.Value)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			h.walk(item, "show")
		}
	case yaml.MappingNode:
		h.all(n)
	}
}

// all hides everything below a node but references.
func (h *hidden) all(n *yaml.Node) {
	switch n.Kind {
	case yaml.AliasNode:
		h.walk(n, "hide")
	case yaml.ScalarNode:
		if !isNull(n) && !IsReference(n.Value) {
			h.hide(n, redact.Mask, n.Value)
		}
	default:
		for i, below := range n.Content {
			if key := n.Kind == yaml.MappingNode && i%2 == 0; !key || !shownKey(below.Value) {
				h.all(below)
			}
		}
	}
}

// shownKey reports whether a key is one that the file may have somewhere.
func shownKey(key string) bool {
	for _, keys := range rules {
		if keys[key] != "" {
			return true
		}
	}
	return false
}

func (h *hidden) hide(n *yaml.Node, shown string, values ...string) {
	h.show[n] = shown
	for _, v := range values {
		h.values[v] = true
	}
}

func (h *hidden) header(name string, value *yaml.Node) {
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if value.Kind != yaml.ScalarNode || confidential(name) && !scheme.MatchString(value.Value) {
		h.all(value)
	}
}

// scheme is a credential of which nothing but a reference stands in the file.
var scheme = regexp.MustCompile(`^(?i:Bearer|Basic|Token) \$\{[A-Za-z_:/.][^{}]*\}$`)

// confidential is stricter than the rule by which headers are shown elsewhere: a
// parameter of a token request may be a password.
func confidential(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	return redact.Confidential(name) || slices.ContainsFunc([]string{"secret", "token", "passw", "key", "auth", "cookie", "credential", "assertion"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}

// address hides user info and the values of the query, unless they are references.
func (h *hidden) address(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		h.all(n)
		return
	}
	text := n.Value
	before, rest, ok := strings.Cut(text, "://")
	if !ok {
		if !IsReference(text) && strings.ContainsAny(text, "@?") {
			h.hide(n, redact.Mask, text)
		}
		return
	}
	var secrets []string
	secret := func(s string) string {
		if s == "" || IsReference(s) {
			return s
		}
		secrets = append(secrets, s)
		return redact.Mask
	}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, path, hasPath := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		user, password, both := strings.Cut(host[:at], ":")
		info := secret(user)
		if both {
			info += ":" + secret(password)
		}
		host = info + host[at:]
	}
	if hasPath {
		host += "/" + path
	}
	if hasQuery {
		parts := strings.Split(query, "&")
		for i, part := range parts {
			if name, value, ok := strings.Cut(part, "="); ok {
				parts[i] = name + "=" + secret(value)
			} else {
				parts[i] = secret(part)
			}
		}
		host += "?" + strings.Join(parts, "&")
	}
	if hasFragment {
		host += "#" + secret(fragment)
	}
	if len(secrets) > 0 {
		h.hide(n, before+"://"+host, append(secrets, text)...)
	}
}

// database is address for a URL whose password may have any character: one that is not
// percent-encoded is an error, but is hidden, too.
func (h *hidden) database(n *yaml.Node) {
	_, rest, _ := strings.Cut(n.Value, "://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && strings.ContainsAny(rest[:at], "/?#") {
		h.all(n)
		return
	}
	h.address(n)
}

// IsReference reports whether a value is one ${…} and nothing else, which says where a
// secret is but not which.
func IsReference(value string) bool {
	return reference.MatchString(value) && !strings.Contains(value, "whsec_") && !strings.Contains(value, "whsk_")
}

var reference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]{0,63}|(file|cred):[^{}]+)\}$`)

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
