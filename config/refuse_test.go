package config_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"sidehook/config"
)

// hook is a webhook in the lines 1 to 5, to which keys may be added from line 6.
const hook = `webhooks:
  - name: a
    url: https://hooks.example.com/x
    events: [x.y]
    signature: none
`

// seed64 is a seed of ed25519 with another's public key.
var seed64 = "whsk_" + base64.StdEncoding.EncodeToString(make([]byte, 64))

// refusals holds what is refused: the text of a file, and the lines that say why,
// each without the file's name.
var refusals = []struct{ name, text, want string }{
	// The file as a whole.
	{"empty", "", "1:1: is empty; write webhooks: [] for none"},
	{"comments", "# nothing yet\n", "1:1: is empty; write webhooks: [] for none"},
	{"no content", "---\n", "1:1: is empty; write webhooks: [] for none"},
	{"no mapping", "- a\n", "1:1: must be a mapping, not a list; begin it with webhooks:"},
	{"word", "webhooks\n", "1:1: must be a mapping, not a single value; begin it with webhooks:"},
	{"second document", "webhooks: []\n---\nsource: x\n", "2:1: begins a second document; remove --- and keep one document a file"},
	{"not UTF-8", "source: é\xff\n", "1:10: is not UTF-8 here; save the file as UTF-8"},
	{"control", "source: x\nhistory: \x01\n", "2:10: has a control character here"},

	// Syntax.
	{"outdented", "webhooks:\n  - name: a\n   url: x\n# end\n", "3:4: is not valid YAML: did not find expected '-' indicator; align it with the entries that it belongs to"},
	{"outdented key", "listen:\n  http: x\n bad: y\nsource: a\n", "3:2: is not valid YAML: did not find expected key; align it with the entries that it belongs to"},
	{"tab", "webhooks:\n\t- name: a\n", "2:2: is not valid YAML: found character that cannot start any token; indent with spaces, not tabs, and quote a value that begins with @, ` or %"},
	{"open list", "# top\nwebhooks:\n  - name: a\n    events: [x.y\n    url: z\n  - name: b\n", "4:13: is not valid YAML: did not find expected ',' or ']'; close the list that begins here with ]"},
	{"open mapping", "webhooks:\n  - {name: a, url: x\n  - {name: b}\n", "2:5: is not valid YAML: did not find expected ',' or '}'; close the mapping that begins here with }"},
	{"open quote", "source: x\nwebhooks:\n  - name: 'a\n    url: b\n", "3:11: is not valid YAML: found unexpected end of stream; close the quote that begins here"},
	{"two colons", "webhooks:\n  - name: a: b\n", `2:12: is not valid YAML: mapping values are not allowed in this context; quote a value that holds ": ", or look at the indentation`},
	{"no colon", "webhooks:\n  - name: a\n    url\n    events: [a]\n", "3:5: is not valid YAML: could not find expected ':'; write a key as KEY: VALUE"},
	{"wildcard without quotes", "webhooks:\n  - events: [\"a.?\", order.?, b]\n",
		`2:27: is not valid YAML: did not find expected ',' or ']'; quote the value with this ?; in events it is not a wildcard: write * for one word`},
	{"query without quotes", "webhooks:\n  - {name: a, url: https://a.example/x?b=c}\n",
		`2:39: is not valid YAML: did not find expected ',' or '}'; quote the value with this ?; in events it is not a wildcard: write * for one word`},
	{"unknown alias", "source: x\nwebhooks: [*none]\n", `2:12: is not valid YAML: unknown anchor 'none' referenced; quote a value that begins with * or &, such as "**"`},
	{"glob without quotes", "webhooks:\n  - events: [\"a.*\", *.b, \"*\"]\n", `2:21: is not valid YAML: did not find expected alphabetic or numeric character; quote a value that begins with * or &, such as "**"`},
	{"globs without quotes", "webhooks:\n  - events:\n    - **\n    - *.b\n", `3:7: is not valid YAML: did not find expected alphabetic or numeric character; quote a value that begins with * or &, such as "**"`},

	// Keys.
	{"unknown key", hook + "    timout: 3s\n", `6:5: webhooks[0] (a).timout: unknown key; did you mean "timeout"?`},
	{"nothing near", hook + "    colour: red\n", "6:5: webhooks[0] (a).colour: unknown key"},
	{"near by its beginning", hook + "    retries: 5\n    tls: {ca: x, cert: y}\n", `
		6:5: webhooks[0] (a).retries: unknown key; did you mean "retry"?
		7:11: webhooks[0] (a).tls.ca: unknown key; did you mean "ca_file"?
		7:18: webhooks[0] (a).tls.cert: unknown key; did you mean "cert_file"?`},
	{"oauth2", hook + "    headers: {authorization: x}\n    oauth2:\n      token_uri: https://login.example/t\n      client_secret: ''\n      scopes: [a b]\n      params: {scope: x}\n", `
		8:7: webhooks[0] (a).oauth2.token_uri: unknown key; did you mean "token_url"?
		9:22: webhooks[0] (a).oauth2.client_secret: must not be empty
		10:16: webhooks[0] (a).oauth2.scopes[0]: must be one scope, not several with spaces between them; write a list, such as scopes: [hooks.read, hooks.write]
		11:16: webhooks[0] (a).oauth2.params.scope: has a key of its own; write scopes: […]`},
	{"token_url", hook + "    headers: {authorization: x}\n    oauth2: {token_url: 'http://u:p@10.0.0.1/t#f', client_id: a, client_secret: b}\n", `
		6:15: webhooks[0] (a).headers.authorization: is set by oauth2; remove it, or oauth2
		7:25: webhooks[0] (a).oauth2.token_url: must use https; write https://…, or allow: [http] for this webhook
		7:25: webhooks[0] (a).oauth2.token_url: must not contain a user name or password; write client_id and client_secret
		7:25: webhooks[0] (a).oauth2.token_url: must not contain a fragment; remove # and what follows
		7:25: webhooks[0] (a).oauth2.token_url: must have a domain name as its host, not an IP address; write the name, or allow: [any-host] for this webhook`},
	{"half an oauth2", hook + "    oauth2: {client_id: a, client_secret: b}\n", "6:13: webhooks[0] (a).oauth2.token_url: is required; write one, or oauth2: {} for no token"},
	{"token_url of the defaults", "defaults: {oauth2: {token_url: 'http://login.example/t', client_id: a, client_secret: b}}\n" + hook + strings.TrimPrefix(strings.ReplaceAll(hook, "name: a", "name: b"), "webhooks:\n"),
		"1:32: defaults.oauth2.token_url: must use https; write https://…, or allow: [http] for this webhook"},
	{"odd key", hook + "    \"a\\nb\": red\n", `6:5: webhooks[0] (a)["a\nb"]: unknown key`},
	{"match", hook + "    match: {type: a.b, data.region: eu, Tenant-ID: a, id: a, region: [eu, eu, ''], source: a b, zone: }\n", `
		6:13: webhooks[0] (a).match.type: is not an attribute for match; write types under events
		6:24: webhooks[0] (a).match["data.region"]: is not an attribute for match; write a condition, such as when: data.region == 'eu'
		6:41: webhooks[0] (a).match.Tenant-ID: must be the name of an attribute, of lower-case letters and digits; write tenantid
		6:55: webhooks[0] (a).match.id: must be source, subject or an extension; write a condition under when, such as when: id != ''
		6:75: webhooks[0] (a).match.region[1]: "eu" is given twice; remove one
		6:79: webhooks[0] (a).match.region[2]: must not be empty; write the value that the attribute must have
		6:92: webhooks[0] (a).match.source: must be a URI reference, as every source is; write a%20b
		6:103: webhooks[0] (a).match.zone: must be a value or a list of values; write it like match: {tenant: acme, region: [eu, us]}`},
	{"swapped letters", "webhoosk: []\n", `1:1: webhoosk: unknown key; did you mean "webhooks"?`},
	{"misplaced", "timeout: 3s\nurl: x\ntoken: y\nkeep: 3d\ndefaults: {name: a, source: b}\n", `
		1:1: timeout: unknown key; it belongs to a webhook, or under defaults
		2:1: url: unknown key; it belongs to a webhook
		3:1: token: unknown key; it belongs under listen
		4:1: keep: unknown key; it belongs under history
		5:12: defaults.name: unknown key; it has no default; write it at each webhook
		5:21: defaults.source: unknown key; it belongs at the top of the file`},
	{"given twice", "source: a\nsource: b\n" + hook + "    timeout: 3s\n    timeout: 4s\n", `
		2:1: source: given twice, first in line 1; remove one
		9:5: webhooks[0] (a).timeout: given twice, first in line 8; remove one`},
	{"key no name", "? [a]\n: b\n", "1:3: has a key that is not a name"},
	{"merges itself", "webhooks:\n  - &a {<<: *a, name: b, url: 'https://a.example', events: [c], signature: none}\n",
		"2:5: webhooks[0] (b): merges with << something that is not another mapping; write <<: *NAME with the anchor of a mapping"},
	{"required", "webhooks:\n  - signature: none\n", `
		2:5: webhooks[0].name: is required; write one, such as name: app-lifecycle
		2:5: webhooks[0].url: is required; write where its requests go, such as url: https://hooks.example.com/path
		2:5: webhooks[0].events: is required; list at least one type or glob, such as events: ["com.example.**"]`},

	// Types.
	{"empty list", "webhooks:\n", "1:10: webhooks: is empty, must be a list; write webhooks: [] for none"},
	{"mapping for list", "webhooks: {a: b}\n", "1:11: webhooks: must be a list, not a mapping; begin each webhook with a dash, such as - name: app-lifecycle"},
	{"word for mapping", "webhooks: [a]\nlisten: 4665\n", `
		1:12: webhooks[0]: must be a mapping, not a single value
		2:9: listen: must be a mapping, not a single value`},
	{"list for word", hook + "    description: [a]\n", "6:18: webhooks[0] (a).description: must be a single value, not a list"},
	{"tag", hook + "    description: !!binary aGk=\n", "6:18: webhooks[0] (a).description: has the tag !!binary, which is not supported; remove it"},
	{"bool", hook + "    enabled: tru\n", `6:14: webhooks[0] (a).enabled: must be true or false, not "tru"; did you mean "true"?`},
	{"bool of YAML 1.1", hook + "    enabled: yes\n", `6:14: webhooks[0] (a).enabled: must be true or false, not "yes"`},
	{"quoted", hook + "    enabled: 'true'\n    concurrency: \"3\"\n", `
		6:14: webhooks[0] (a).enabled: must be true or false, not a string; write it without quotes
		7:18: webhooks[0] (a).concurrency: must be a whole number, not a string; write it without quotes`},

	// listen, history, event_types, source.
	{"source", "source: 'a b'\n", "1:9: source: must be a URI reference; write a%20b"},
	{"source of other letters", "source: /caf\u00e9\n", "1:9: source: must be a URI reference; write /caf%C3%A9"},
	{"source with brackets", "source: '<a>'\n", "1:9: source: must be a URI reference; write %3Ca%3E"},
	{"source with odd characters", "source: //é:80/ü?{#[x]\n", "1:9: source: must be a URI reference; write //%C3%A9:80/%C3%BC?%7B#%5Bx%5D"},
	{"source with a colon", "source: '1:2'\n", "1:9: source: must be a URI reference; write it like com.example/app"},
	{"source filled in", "source: ${SECRET_OF_TEST} é\n", "1:9: source: must be a URI reference; write it like com.example/app"},
	{"http", "listen: {http: 4665}\n", `1:16: listen.http: must be HOST:PORT or off, not "4665"; write 127.0.0.1:4665`},
	{"http host", "listen: {http: 'a b:80'}\n", `1:16: listen.http: must be HOST:PORT or off, not "a b:80"`},
	{"http port", "listen: {http: 'localhost:65536'}\n", `1:16: listen.http: must be HOST:PORT or off, not "localhost:65536"; write a port from 1 to 65535, or 0 for any`},
	{"no token", "listen: {http: 0.0.0.0:4665}\n", "1:16: listen.http: is not loopback: listen.token is required; set it, or write 127.0.0.1:4665"},
	{"token", "listen: {token: ''}\n", "1:17: listen.token: must not be empty"},
	{"read token", "listen: {read_token: '', http: ':80'}\n", `
		1:22: listen.read_token: must not be empty
		1:32: listen.http: is not loopback: listen.token is required; set it, or write 127.0.0.1:4665`},
	{"read token that is the token", "listen:\n  token: abc\n  read_token: abc\n", "3:15: listen.read_token: is the token itself, which may change everything; write another one, or remove read_token"},
	{"token with space", "listen: {token: 'a b'}\n", "1:17: listen.token: must be printable ASCII without spaces"},
	{"socket", "listen: {socket: /run/" + strings.Repeat("a", 100) + "}\n", "1:18: listen.socket: is a path of 105 bytes, more than the 103 of a Unix socket; write a shorter path, such as /run/sidehook.sock"},
	{"socket_mode", "listen: {socket_mode: rw}\n", `1:23: listen.socket_mode: must be the three octal digits of a file's mode, not "rw"; write "0660"`},
	{"console", "listen: {console: readonly}\n", `1:19: listen.console: must be off, view or edit, not "readonly"`},
	{"max_event_size", "listen: {max_event_size: 100MiB}\n", `1:26: listen.max_event_size: must be 1KiB to 16MiB, not "100MiB"`},
	{"history", "history: {response_body: 65KiB, unmatched: kep, dir: ''}\n", `
		1:26: history.response_body: must be 0 to 64KiB, not "65KiB"
		1:44: history.unmatched: must be keep or drop, not "kep"; did you mean "keep"?
		1:54: history.dir: must not be empty`},
	{"days as the default has them", "history: {keep: 30}\n", `1:17: history.keep: must be a duration such as 15s, 30d or 1h30m, not "30"; write 30d, if that is meant`},
	{"other words for a time", "history: {keep: 2 weeks}\n", `1:17: history.keep: must be a duration such as 15s, 30d or 1h30m, not "2 weeks"; write 14d, if that is meant`},
	{"prefix in capitals", strings.Replace(hook, "    signature: none\n", "    secret: WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 1), `5:13: webhooks[0] (a).secret: must begin with whsec_ in lower case; write whsec_`},
	{"size without unit", "history: {response_body: 4096}\n", `1:26: history.response_body: must be a size such as 64KiB or 10MB, not "4096"; write 4KiB, if that is meant`},
	{"schemas", "event_types:\n  a: {schema: nosuch.json, descriptoin: b}\n  b: {schema: ''}\n  c: {schema: [x]}\n  d: {}\nschema: x\n", `
		2:15: event_types.a.schema: file nosuch.json cannot be read: no such file or directory
		2:28: event_types.a.descriptoin: unknown key; did you mean "description"?
		3:15: event_types.b.schema: must not be empty
		4:15: event_types.c.schema: must be a single value, not a list
		6:1: schema: unknown key; it belongs to a type under event_types`},
	{"no types", "event_types: {}\n", "1:14: event_types: is empty, so every event would be refused; remove event_types"},
	{"types", "event_types: {sidehook.x: a, 'a.*': b, c: [d], '': e}\n", `
		1:15: event_types["sidehook.x"]: is reserved for events of sidehook itself; remove it
		1:30: event_types["a.*"]: must be one type, not a glob; list each type
		1:43: event_types.c: must be a description, or a mapping with a schema, not a list; write c: {description: …, schema: FILE}
		1:48: event_types[""]: must be a type of events without control characters`},

	// A webhook's name, url and events.
	{"url with a line break", "webhooks:\n  - {name: a, url: \"https://a.example/\\r\\nX:y\", events: [x], signature: none}\n",
		"2:20: webhooks[0] (a).url: must not contain control characters; keep it in one line, without a line end or a tab"},
	{"name", "webhooks:\n  - {name: A, url: 'https://a.example', events: [x], signature: none}\n",
		`2:12: webhooks[0].name: must be 1 to 63 of a-z, 0-9, dot, _ and -, with a letter or digit first, not "A"`},
	{"named last", "webhooks:\n  - {url: 'http://a.example', events: ['a*'], signature: none, name: crm}\n", `
		2:11: webhooks[0] (crm).url: must use https; write https://…, or allow: [http] for this webhook
		2:40: webhooks[0] (crm).events[0]: has a * within a word; write * for one whole word, ** for any number of them`},
	{"name by an alias", "source: &n crm\nwebhooks:\n  - {name: *n, url: 'http://a.example', events: [a], signature: none}\n",
		"3:21: webhooks[0] (crm).url: must use https; write https://…, or allow: [http] for this webhook"},
	{"name of another kind", "webhooks:\n  - {name: [a], url: 'http://a.example', events: [a], signature: none}\n", `
		2:12: webhooks[0].name: must be a single value, not a list
		2:22: webhooks[0].url: must use https; write https://…, or allow: [http] for this webhook`},
	{"name twice", hook + "  - {name: a, url: 'https://a.example', events: [x], signature: none}\n",
		`6:12: webhooks[1] (a).name: "a" is also the name of webhooks[0], in line 2; give each its own`},
	{"name twice by an alias", "webhooks:\n  - &a {name: a, url: 'https://a.example', events: [x], signature: none}\n  - *a\n",
		`3:5: webhooks[1] (a).name: "a" is also the name of webhooks[0], in line 2; give each its own`},
	{"secret that is none", "webhooks:\n  - {name: a, url: 'https://a.example', events: [x], secret: {a: b}}\n",
		"2:62: webhooks[0] (a).secret: must be a single value, not a mapping"},
	{"was", hook + "    was: a\n" + `  - {name: b, was: z, url: 'https://a.example', events: [x], signature: none}
  - {name: c, was: z, url: 'https://a.example', events: [x], signature: none}
`, `
		6:10: webhooks[0] (a).was: "a" is the name of webhooks[0], not a former one; write the name it had before, or remove was
		8:20: webhooks[2] (c).was: "z" is also the former name of webhooks[1] (b), in line 7; remove one`},
	{"description", hook + "    description: " + strings.Repeat("é", 1025) + "\n", "6:18: webhooks[0] (a).description: must have at most 1024 characters, has 1025"},
	{"globs", "webhooks:\n  - {name: a, url: 'https://a.example', events: ['a*', 'a..b', ''], signature: none}\n", `
		2:50: webhooks[0] (a).events[0]: has a * within a word; write * for one whole word, ** for any number of them
		2:56: webhooks[0] (a).events[1]: has an empty word; write one dot between two words, and none at the ends
		2:64: webhooks[0] (a).events[2]: must not be empty; write "**" for every type`},
	{"wildcards of other tools", "webhooks:\n  - {name: a, url: 'https://a.example', events: ['order.?', 'a?c', '?', '**.?'], signature: none}\n", `
		2:50: webhooks[0] (a).events[0]: has a ?, which is not a wildcard; write * for one whole word, ** for any number of them
		2:61: webhooks[0] (a).events[1]: has a ?, which is not a wildcard; write * for one whole word, ** for any number of them
		2:68: webhooks[0] (a).events[2]: has a ?, which is not a wildcard; write * for one whole word, ** for any number of them
		2:73: webhooks[0] (a).events[3]: has a ?, which is not a wildcard; write * for one whole word, ** for any number of them`},
	{"wildcard in the catalogue", "event_types: {'order.?': a}\n", `1:15: event_types["order.?"]: must be one type, not a glob; list each type`},
	{"bare names", "source: $SOURCE\nlisten: {token: $TOKEN}\nhistory: {dir: $DIR}\nwebhooks:\n  - {name: $NAME, url: $URL, events: [$TYPE], timeout: $_T1, secret: [$A_B, $apps_secret], headers: {X-A: $KEY}, proxy: $PROXY}\n", `
		1:9: source: $SOURCE is not replaced; write ${SOURCE}
		2:17: listen.token: $TOKEN is not replaced; write ${TOKEN}
		3:16: history.dir: $DIR is not replaced; write ${DIR}
		5:12: webhooks[0].name: $NAME is not replaced; write ${NAME}
		5:24: webhooks[0].url: $URL is not replaced; write ${URL}
		5:39: webhooks[0].events[0]: $TYPE is not replaced; write ${TYPE}
		5:56: webhooks[0].timeout: $_T1 is not replaced; write ${_T1}
		5:71: webhooks[0].secret[0]: $A_B is not replaced; write ${A_B}
		5:77: webhooks[0].secret[1]: $apps_secret is not replaced; write ${apps_secret}
		5:107: webhooks[0].headers.X-A: $KEY is not replaced; write ${KEY}
		5:121: webhooks[0].proxy: $PROXY is not replaced; write ${PROXY}`},
	{"bare names within", "webhooks:\n  - {name: a, url: 'https://$HOST/$TOKEN?k=$API_KEY', events: [x], secret: $1, headers: {Authorization: Bearer $TOKEN}, proxy: 'http://$USER:$PASS@proxy'}\n", `
		2:20: webhooks[0] (a).url: $HOST is not replaced; write ${HOST}, or %24HOST for a $
		2:76: webhooks[0] (a).secret: must have 32 to 64 characters, has 2; make one with: openssl rand -hex 32, or allow: [short-secret] for this webhook
		2:105: webhooks[0] (a).headers.Authorization: $TOKEN is not replaced; write ${TOKEN}
		2:128: webhooks[0] (a).proxy: $USER is not replaced; write ${USER}, or %24USER for a $`},
	{"no events", "webhooks:\n  - {name: a, url: 'https://a.example', events: [], signature: none}\n",
		`2:49: webhooks[0] (a).events: is an empty list; list at least one type or glob, such as events: ["com.example.**"]`},
	{"one event", "webhooks:\n  - {name: a, url: 'https://a.example', events: x, signature: none}\n",
		`2:49: webhooks[0] (a).events: must be a list, not a single value; write a list, such as ["com.example.**"]`},
	{"not catalogued", "event_types: {com.example.created: a}\nwebhooks:\n  - {name: a, url: 'https://a.example', signature: none,\n     events: [com.example.craeted, com.example, 'com.*', 'com.**', sidehook.webhook.*]}\n", `
		4:15: webhooks[0] (a).events[0]: is not in event_types; did you mean "com.example.created"?
		4:36: webhooks[0] (a).events[1]: is not in event_types; add it there, or correct it
		4:49: webhooks[0] (a).events[2]: matches no type in event_types; add one there, or correct it`},

	// Values of a webhook.
	{"secret", hook + "    secret: short\n", "6:13: webhooks[0] (a).secret: must have 32 to 64 characters, has 5; make one with: openssl rand -hex 32, or allow: [short-secret] for this webhook"},
	{"long secret", hook + "    secret: " + strings.Repeat("a", 65) + "\n", "6:13: webhooks[0] (a).secret: must have 32 to 64 characters, has 65; make one with: openssl rand -hex 32"},
	{"shorter secret", hook + "    secret: short\n    allow: [short-secret]\n", "6:13: webhooks[0] (a).secret: must have 16 to 64 characters, has 5; make one with: openssl rand -hex 32"},
	{"whsec", hook + "    secret: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, whsec_!]\n",
		"6:54: webhooks[0] (a).secret[1]: must have the base64 of 24 to 64 bytes after whsec_; make one with: echo whsec_$(openssl rand -base64 32)"},
	{"secret of two lines", hook + "    secret: \"" + strings.Repeat("a", 31) + "\\n\"\n", "6:13: webhooks[0] (a).secret: must not contain control characters; keep it in one line, without a line end or a tab"},
	{"headers", hook + `    headers: {Host: a, Te: b, X A: c, X-B: "d\r\nX-C: e", x-d: f, X-D: g, Webhook-Id: 3, User-Agent: h, Sidehook-Attempt: 1}
`, `
		6:15: webhooks[0] (a).headers.Host: is set from the request itself
		6:24: webhooks[0] (a).headers.Te: is a hop-by-hop header
		6:31: webhooks[0] (a).headers["X A"]: is not a valid name of a header; write letters, digits and hyphens
		6:44: webhooks[0] (a).headers.X-B: must not contain control characters; keep it in one line, without a line end or a tab
		6:67: webhooks[0] (a).headers.X-D: given twice, first as x-d in line 6; remove one
		6:75: webhooks[0] (a).headers.Webhook-Id: is a signature header; choose it by profile or signature
		6:90: webhooks[0] (a).headers.User-Agent: has a key of its own; write user_agent: …
		6:105: webhooks[0] (a).headers.Sidehook-Attempt: is one that sidehook sets`},
	{"large headers", hook + "    headers: {X-A: " + strings.Repeat("a", 4097) + "}\n",
		"6:14: webhooks[0] (a).headers: must have values of at most 4KiB with those of defaults, have 4097 bytes"},
	{"null header", "defaults: {headers: {X-A: null}}\n", "1:27: defaults.headers.X-A: is empty, must be a value; at a webhook, null removes a header"},
	{"ranges", hook + "    timeout: 3m\n    concurrency: 0\n    retry: [0s, 8d, 1m1h, 5]\n    user_agent: ''\n", `
		6:14: webhooks[0] (a).timeout: must be 1s to 2m, not "3m"
		7:18: webhooks[0] (a).concurrency: must be a whole number from 1 to 1024, not "0"
		8:13: webhooks[0] (a).retry[0]: must be 1ms to 7d, not "0s"
		8:17: webhooks[0] (a).retry[1]: must be 1ms to 7d, not "8d"
		8:21: webhooks[0] (a).retry[2]: must be a duration such as 15s, 30d or 1h30m, not "1m1h"
		8:27: webhooks[0] (a).retry[3]: must be a duration such as 15s, 30d or 1h30m, not "5"; write 5s, if that is meant
		9:17: webhooks[0] (a).user_agent: must not be empty`},
	{"waits", hook + "    retry: [" + strings.Repeat("1s, ", 32) + "1s]\n", "6:12: webhooks[0] (a).retry: must be at most 32 waits, are 33"},
	{"answers", hook + "    give_up_on: [400, 204, 1000, '422', bad]\n", `
		6:23: webhooks[0] (a).give_up_on[1]: must be a whole number from 300 to 999, not "204"
		6:28: webhooks[0] (a).give_up_on[2]: must be a whole number from 300 to 999, not "1000"
		6:34: webhooks[0] (a).give_up_on[3]: must be a whole number, not a string; write it without quotes
		6:41: webhooks[0] (a).give_up_on[4]: must be a whole number from 300 to 999, not "bad"`},
	{"one answer", hook + "    give_up_on: 400\n", "6:17: webhooks[0] (a).give_up_on: must be a list, not a single value; write give_up_on: [400, 422], or [] for none"},
	{"no end", hook + "    disable_after: none\n", `6:20: webhooks[0] (a).disable_after: must be a duration such as 15s, 30d or 1h30m, not "none"`},
	{"rate", hook + "    rate: 100\n" + other("b", "rate: 0/s") + other("c", "rate: 5/h"), `
		6:11: webhooks[0] (a).rate: must be a rate such as 100/s or 600/m, not "100"; write 100/s
		7:77: webhooks[1] (b).rate: must be 1 to 100000 requests, not "0/s"
		8:77: webhooks[2] (c).rate: must be a rate such as 100/s or 600/m, not "5/h"`},
	{"order", hook + "    order: al\n" + other("b", "order: {by: data..x}") + other("c", "order: {by: subject.x}") + other("d", "order: {}") +
		other("e", "order: {by: customerId}") + other("f", "order: {key: subject}"), `
		6:12: webhooks[0] (a).order: must be none, all or {by: PATH}, not "al"; did you mean "all"?
		7:83: webhooks[1] (b).order.by: must be names with a dot between two, not "data..x"; write it like data.customer.id
		8:83: webhooks[2] (c).order.by: reads inside "subject", but only data has members; write it like data.customer.id
		9:78: webhooks[3] (d).order: is empty; write order: {by: data.customer.id}
		10:83: webhooks[4] (e).order.by: must be an attribute of lower-case letters and digits, or a path in data, not "customerId"; write it like subject or data.customer.id
		11:79: webhooks[5] (f).order.key: unknown key`},
	{"expiry", hook + "    expire_after: 500ms\n    max_backlog: 0\n", `
		6:19: webhooks[0] (a).expire_after: must be 1s to 365d, not "500ms"
		7:18: webhooks[0] (a).max_backlog: must be an age such as 1h or 7d, or a size such as 100MiB, not "0"`},
	{"backlog without unit", hook + "    max_backlog: 100000\n",
		`6:18: webhooks[0] (a).max_backlog: must be an age such as 1h or 7d, or a size such as 100MiB, not "100000"; add a unit: 100000s is an age, 100000KiB a size`},
	{"backlog of another unit", hook + "    max_backlog: 1000events\n",
		`6:18: webhooks[0] (a).max_backlog: must be an age such as 1h or 7d, a size such as 100MiB, or none, not "1000events"`},
	{"backlog of too little", hook + "    max_backlog: 100B\n    expire_after: 1000\n", `
		6:18: webhooks[0] (a).max_backlog: must be a size of 1KiB to 1TiB, not "100B"
		7:19: webhooks[0] (a).expire_after: must be a duration such as 15s, 30d or 1h30m, not "1000"`},
	{"backlog of too long", hook + "    max_backlog: 366d\n", `6:18: webhooks[0] (a).max_backlog: must be an age of 1s to 365d, not "366d"`},
	{"one wait", hook + "    retry: 5s\n", "6:12: webhooks[0] (a).retry: must be a list, not a single value; write retry: [5s, 5m], or [] for one attempt"},
	{"words", hook + "    profile: qlick\n    format: json\n", `
		6:14: webhooks[0] (a).profile: must be standard, cloudevents, qlik, github, stripe or shopify, not "qlick"; did you mean "qlik"?
		7:13: webhooks[0] (a).format: must be standard, cloudevents, cloudevents-binary, cloudevents-0.1 or data, not "json"`},
	{"no signature", "defaults: {signature: []}\n", "1:23: defaults.signature: is an empty list; write signature: none if that is meant"},
	{"signature twice", "defaults: {signature: [standard, qlik, standard]}\n", "1:40: defaults.signature[2]: standard is given twice; remove one"},
	{"signature and none", "defaults: {signature: [standard, none]}\n", "1:34: defaults.signature[1]: none cannot be combined with others; remove it, or the others"},
	{"ed25519", hook + "    secret: [whsk_!, whsk_AAECAw==, '" + seed64 + "']\n", `
		6:14: webhooks[0] (a).secret[0]: must have the base64 of 32 or 64 bytes after whsk_; make one with: echo whsk_$(openssl rand -base64 32)
		6:22: webhooks[0] (a).secret[1]: must have the base64 of 32 or 64 bytes after whsk_; make one with: echo whsk_$(openssl rand -base64 32)
		6:37: webhooks[0] (a).secret[2]: has a public key in its last 32 bytes that does not belong to its first 32; write the base64 of the first 32 alone`},
	{"ed25519 by another scheme", "webhooks:\n  - {name: a, url: 'https://a.example', events: [x], profile: github, secret: whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=}\n",
		"2:79: webhooks[0] (a).secret: is a key whsk_…, which the signature github cannot use; write 32 to 64 characters or whsec_…, or signature: standard"},
	{"attributes", "defaults: {headers: {ce-a: b}}\n" + hook + "    format: cloudevents-binary\n    headers: {Ce-Type: x, Ce-: y}\n", `
		1:22: defaults.headers.ce-a: would look like an attribute of the event, which cloudevents-binary sends in ce- headers; remove it, or choose another format
		8:15: webhooks[0] (a).headers.Ce-Type: would look like an attribute of the event, which cloudevents-binary sends in ce- headers; remove it, or choose another format`},
	{"allow", hook + "    allow: [htp, 10.0.0.1/8, 127.0.0.1, '::ffff:10.0.0.0/104']\n", `
		6:13: webhooks[0] (a).allow[0]: must be http, any-host, short-secret or a CIDR such as 10.0.0.0/8, not "htp"; did you mean "http"?
		6:18: webhooks[0] (a).allow[1]: has bits set after its prefix length; write 10.0.0.0/8
		6:30: webhooks[0] (a).allow[2]: must be http, any-host, short-secret or a CIDR such as 10.0.0.0/8, not "127.0.0.1"; write 127.0.0.1/32
		6:41: webhooks[0] (a).allow[3]: is an IPv4 block in the form of IPv6, which no address matches; write the IPv4 block`},

	// Expressions, each with its place inside of the value.
	{"condition", hook + "    when: dat.x == 1\n", `6:11: webhooks[0] (a).when: unknown name "dat"; did you mean "data"? An extension of that name is $env["dat"]`},
	{"condition of another type", hook + "    when: type + 'a'\n", "6:11: webhooks[0] (a).when: must be true or false, not a string"},
	{"empty condition", hook + "    when: ''\n", "6:12: webhooks[0] (a).when: is empty; write an expression, or remove the key"},
	{"list for a condition", hook + "    when: [a]\n", "6:11: webhooks[0] (a).when: must be a single value, not a list"},
	{"nested predicate", hook + "    when: 'any(data.a, any(.b, true))'\n", "6:24: webhooks[0] (a).when: a predicate cannot contain another predicate; assign its value with let first, or leave it to the receiver"},
	{"transform", hook + "    transform: '{\"a\": data.b + }'\n", "6:32: webhooks[0] (a).transform: unexpected \"}\""},
	{"default condition", "defaults: {when: tpye == 1}\nwebhooks:\n  - {name: a, url: 'https://a.example', events: [x], signature: none}\n",
		`1:18: defaults.when: unknown name "tpye"; did you mean "type"? An extension of that name is $env["tpye"]`},
	{"both expressions", hook + "    when: data.x ==\n    transform: now()\n", `
		6:19: webhooks[0] (a).when: unexpected end of the expression
		7:16: webhooks[0] (a).transform: now cannot be used here; the same event has to give the same result; time is the event's own`},

	// Not supported yet.
	{"retention", "history: {keep: 500ms, max_size: 8MiB}\n" + hook, `
		1:17: history.keep: must be 1s to 36500d, not "500ms"
		1:34: history.max_size: must be 16MiB to 1024TiB, not "8MiB"`},

	// A problem of the defaults is one problem, however many webhooks have it.
	{"defaults", "defaults: {secret: short}\nwebhooks:\n  - {name: a, url: 'https://a.example', events: [x]}\n  - {name: b, url: 'https://a.example', events: [x]}\n",
		"1:20: defaults.secret: must have 32 to 64 characters, has 5; make one with: openssl rand -hex 32, or allow: [short-secret] for this webhook"},

	// A value from ${…} is not quoted.
	{"filled in", hook + "    timeout: ${SECRET_OF_TEST}\n    secret: ${SECRET_OF_TEST}\n    enabled: ${SECRET_OF_TEST}\n", `
		6:14: webhooks[0] (a).timeout: must be a duration such as 15s, 30d or 1h30m, not the value of ${…}
		7:13: webhooks[0] (a).secret: must have 32 to 64 characters, has 7; make one with: openssl rand -hex 32, or allow: [short-secret] for this webhook
		8:14: webhooks[0] (a).enabled: must be true or false, not the value of ${…}`},
	{"not there", hook + "    secret: [\"${UNSET_OF_TEST}\", \"${file:none}\", \"${cred:none}\"]\n", `
		6:14: webhooks[0] (a).secret[0]: environment variable UNSET_OF_TEST is not set
		6:34: webhooks[0] (a).secret[1]: file none cannot be read: no such file or directory
		6:50: webhooks[0] (a).secret[2]: credential none cannot be read: CREDENTIALS_DIRECTORY is not set`},
	{"no reference", hook + "    headers: {X-A: '${', X-B: '${a b}', X-C: '${cred:a/b}', X-D: '${env:a}'}\n", `
		6:20: webhooks[0] (a).headers.X-A: has an invalid ${…}; write ${NAME}, ${file:PATH} or ${cred:NAME}, or $${ for a literal ${
		6:31: webhooks[0] (a).headers.X-B: has an invalid ${…}; write ${NAME}, ${file:PATH} or ${cred:NAME}, or $${ for a literal ${
		6:46: webhooks[0] (a).headers.X-C: has an invalid ${…}; write ${NAME}, ${file:PATH} or ${cred:NAME}, or $${ for a literal ${
		6:66: webhooks[0] (a).headers.X-D: has an invalid ${…}; write ${NAME}, ${file:PATH} or ${cred:NAME}, or $${ for a literal ${`},
}

// other is another webhook with one more key.
func other(name, key string) string {
	return "  - {name: " + name + ", url: 'https://a.example', events: [x], signature: none, " + key + "}\n"
}

func TestRefusals(t *testing.T) {
	t.Setenv("SECRET_OF_TEST", "tru5ted")
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("webhooks.yaml", []byte(c.text), config.Run)
			if err == nil {
				t.Fatal("not refused")
			}
			var want []string
			for line := range strings.Lines(strings.TrimSpace(c.want)) {
				want = append(want, "webhooks.yaml:"+strings.TrimSpace(line))
			}
			if got, want := err.Error(), strings.Join(want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
