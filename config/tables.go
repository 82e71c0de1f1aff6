package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"sidehook/config/canonical"
	"sidehook/config/credential"
	"sidehook/config/endpoint"
	"sidehook/config/expression"
	"sidehook/config/header"
	"sidehook/config/jsonschema"
	"sidehook/config/naming"
	"sidehook/config/pacing"
	"sidehook/config/profile"
	"sidehook/config/unit"
	"sidehook/config/yamlnode"
)

// tables declares every key that webhooks.yaml may have, in the order in which
// keys are read, printed and documented.
type tables struct {
	top     []key[File]
	include []key[File] // the keys of a file of include
	listen  []key[Listen]
	history []key[History]
	outbox  []key[Outbox]
	cluster []key[Cluster]
	tls     []key[TLS]
	oauth2  []key[OAuth2]
	// eventType has the keys of a type in event_types.
	eventType []key[EventType]

	own     []key[Webhook] // the keys of a webhook that have no default
	shared  []key[Webhook] // those that may stand in defaults, too
	webhook []key[Webhook] // all of them

	// digested has the keys of webhook in the order of the digest, and unset the text
	// that each of them adds to the digest if it is not given.
	digested []key[Webhook]
	unset    []string
}

// declared is built once, since Equal goes over it for every webhook of a reload,
// and never changes.
var declared = newTables()

func newTables() *tables {
	t := &tables{listen: listenKeys(), history: historyKeys(), outbox: outboxKeys(), cluster: clusterKeys(), tls: tlsKeys(), oauth2: oauth2Keys(), eventType: eventTypeKeys(), own: ownKeys()}
	t.shared = sharedKeys(t.tls, t.oauth2)
	t.webhook = slices.Concat(t.own, t.shared)
	t.top = topKeys(t)
	t.include = []key[File]{webhooksKey(t)}

	// The order differs for six keys, which stand side by side in both: it must
	// never change.
	order := []string{"enabled", "paused", "secret", "headers", "when", "transform"}
	t.digested = slices.Clone(t.webhook)
	first := slices.IndexFunc(t.digested, func(k key[Webhook]) bool { return slices.Contains(order, k.name) })
	slices.SortFunc(t.digested[first:first+len(order)], func(a, b key[Webhook]) int {
		return slices.Index(order, a.name) - slices.Index(order, b.name)
	})
	base := unset()
	t.unset = each(t.digested, func(k key[Webhook]) string { return k.digest(&base) })
	return t
}

// WebhookKeys returns the keys of a webhook, in the order in which they are
// documented.
func WebhookKeys() []string {
	return namesOf(declared.webhook)
}

func topKeys(t *tables) []key[File] {
	f, hook := empty("webhooks.yaml"), unset()
	return []key[File]{
		declare("source", "com.example/app", "The source of events that come without one.",
			text(schema{"minLength": 1, "maxLength": 1024}, plain(endpoint.ReadSource)), func(f *File) *string { return &f.Source }),
		declare("listen", "", "Where events come in.",
			section(objectOf(t.listen, &f.Listen), t.listen, readListen), func(f *File) *Listen { return &f.Listen }),
		declare("history", "", "Where events and attempts are kept, and for how long.",
			section(objectOf(t.history, &f.History), t.history, nil), func(f *File) *History { return &f.History }),
		declare("outbox", "", "Databases of the application, from whose outbox events come in.",
			outbox(t.outbox), func(f *File) *Outbox { return &f.Outbox }),
		declare("cluster", "", "The PostgreSQL that has the history in place of the files, for relays that share it.",
			cluster(t.cluster, &f.Cluster), func(f *File) *Cluster { return &f.Cluster }),
		declare("event_types", "", "The types of events there are, each with a description, or with a JSON Schema for its data; an event of any other type is refused.",
			eventTypes(t.eventType), func(f *File) *map[string]EventType { return &f.EventTypes }),
		declare("include", "[webhooks.d/*.yaml]", "More files of webhooks, as paths or globs relative to the folder of this file; each holds webhooks: and nothing else.",
			// Its webhooks are shown, as all are, in place of the files.
			codec[[]string]{schema: jsonschema.List(schema{"type": "string", "minLength": 1}, 0, 0), read: readInclude, show: func([]string) any { return nil }},
			func(f *File) *[]string { return &f.Include }),
		{
			name: "defaults", doc: "The keys that every webhook has unless it gives them itself; headers are merged.",
			schema: objectOf(t.shared, &hook),
			read:   func(l *loader, v *yamlnode.Value, _ *File) { l.readDefaults(v) },
			show:   func(*File) any { return nil },
		},
		webhooksKey(t),
	}
}

func webhooksKey(t *tables) key[File] {
	hook := unset()
	return key[File]{
		name: "webhooks", doc: "Where events are sent.",
		schema: jsonschema.List(objectOf(t.webhook, &hook, "name", "url", "events"), 0, 0),
		read:   (*loader).readWebhooks,
		show: func(f *File) any {
			return each(f.Webhooks, func(w *Webhook) canonical.Pairs { return pairsOf(t.webhook, w, sayAbsent) })
		},
	}
}

func listenKeys() []key[Listen] {
	return []key[Listen]{
		declare("http", "127.0.0.1:4665", "The address HOST:PORT to listen on, or off.",
			orOff(plain(endpoint.ReadListener)), func(in *Listen) *string { return &in.HTTP }),
		declare("socket", "sidehook.sock", "The path of the Unix socket, relative to the folder of the file, or off.",
			orOff(readSocket), func(in *Listen) *string { return &in.Socket }),
		declare("socket_mode", `"0660"`, "The permissions of the socket: whoever may write to it may post events.",
			fileMode(), func(in *Listen) *os.FileMode { return &in.SocketMode }),
		declare("token", "${SIDEHOOK_TOKEN}", "The bearer token of callers; it is required if http is not a loopback address.",
			secret(credential.ReadToken), func(in *Listen) *Secret { return &in.Token }),
		declare("read_token", "${SIDEHOOK_READ}", "A second bearer token, for calls that change nothing.",
			secret(credential.ReadToken), func(in *Listen) *Secret { return &in.ReadToken }),
		declare("console", "view", "What a browser on this machine may do with the console: off, view, or edit.",
			oneOf(ConsoleOff, ConsoleView, ConsoleEdit), func(in *Listen) *string { return &in.Console }),
		declare("max_event_size", "1MiB", "The largest event, 1KiB to 16MiB; a batch may be 16 times that.",
			size(1<<10, 16<<20), func(in *Listen) *int { return &in.MaxEventSize }),
	}
}

func historyKeys() []key[History] {
	return []key[History]{
		declare("dir", "history", "The folder of the history, relative to the folder of the file.",
			path(), func(h *History) *string { return &h.Dir }),
		declare("keep", "30d", "How long finished events are kept, 1s to 36500d.",
			duration(leastKeep, mostKeep), func(h *History) *time.Duration { return &h.Keep }),
		declare("max_size", "10GiB", "The size of the folder above which the oldest events are removed, 16MiB or more.",
			size[int64](16<<20, 1<<50), func(h *History) *int64 { return &h.MaxSize }),
		declare("response_body", "4KiB", "How much of a response is kept, 0 to 64KiB.",
			size(0, 64<<10), func(h *History) *int { return &h.ResponseBody }),
		declare("unmatched", "keep", "What happens to events that no webhook wants: keep, or drop to not write them.",
			keepOrDrop(), func(h *History) *bool { return &h.DropUnmatched }),
	}
}

func outboxKeys() []key[Outbox] {
	return []key[Outbox]{
		declare("postgres", "${APP_DATABASE}", "The URL of a PostgreSQL that has the outbox, or a list of them.",
			databases(), func(o *Outbox) *[]URL { return &o.Postgres }),
	}
}

func tlsKeys() []key[TLS] {
	return []key[TLS]{
		declare("ca_file", "ca.pem", "The authorities that may vouch for the receiver, in place of the system's.", path(), func(t *TLS) *string { return &t.CAFile }),
		declare("cert_file", "client.pem", "The client certificate.", path(), func(t *TLS) *string { return &t.CertFile }),
		declare("key_file", "client.key", "The private key of the client certificate.", path(), func(t *TLS) *string { return &t.KeyFile }),
		declare("server_name", "internal.example.com", "The name in the receiver's certificate, if it is not the host of url.", text(schema{}, plain(endpoint.ReadServerName)), func(t *TLS) *string { return &t.ServerName }),
	}
}

func ownKeys() []key[Webhook] {
	name := func() schema { return schema{"pattern": naming.WebhookPattern} }
	description := text(schema{"maxLength": naming.MaxDescription}, plain(naming.ReadDescription))
	description.equal = func(string, string) bool { return true } // it does not change the behavior of the webhook
	description.digest = func(string, string) string { return "" }
	events := list(jsonschema.List(schema{"type": "string", "minLength": 1}, 1, 0), readEvents, showList[string])
	return []key[Webhook]{
		declare("name", "app-lifecycle", "The name in the history, the commands and the metrics; it must be unique.",
			text(name(), plain(naming.ReadWebhook)), func(w *Webhook) *string { return &w.Name }),
		declare("was", "apps", "The former name; its waiting deliveries are moved to this webhook.",
			text(name(), plain(naming.ReadFormer)), func(w *Webhook) *string { return &w.Was }),
		declare("description", "Tells the data team about apps", "Free text.",
			description, func(w *Webhook) *string { return &w.Description }),
		declare("url", "https://hooks.example.com/apps", "Where requests are sent; it must use https and a domain name, unless allow says otherwise.",
			address(readURL), func(w *Webhook) *URL { return &w.URL }),
		declare("events", `["com.example.app.*"]`, "Exact types of events, or globs: * is one word, ** is any number of words.",
			events, func(w *Webhook) *[]string { return &w.Events }),
	}
}

func sharedKeys(tlsKeys []key[TLS], oauth2Keys []key[OAuth2]) []key[Webhook] {
	signature := list(jsonschema.Either(schema{"enum": profile.Signatures()}, jsonschema.List(schema{"enum": profile.Signatures()}, 1, 0)), plain(profile.ReadSignature), showList[string])
	giveUpOn := list(jsonschema.List(schema{"type": "integer", "minimum": 300, "maximum": 999}, 0, 64), plain(pacing.ReadGiveUpOn), showList[int])
	giveUpOn.absent = []int{}
	retry := list(jsonschema.List(jsonschema.Duration(), 0, 32), plain(pacing.ReadRetry), func(waits []time.Duration) any { return each(waits, unit.FormatDuration) })
	order := codec[Order]{
		schema: jsonschema.Either(schema{"enum": []string{none, "all"}}, schema{"type": "object", "properties": schema{"by": schema{"type": "string"}}, "required": []string{"by"}, "additionalProperties": false}),
		read:   readOrder, equal: same[Order], show: showOrder, absent: none,
		digest: func(name string, o Order) string { return fmt.Sprintf("%s %q\n", name, fmt.Sprint(o)) },
	}
	rate := codec[Rate]{
		schema: schema{"type": "string", "pattern": "^([0-9]+/[sm]|none)$"},
		read:   plain(pacing.ReadRate), equal: same[Rate], show: func(r Rate) any { return showText(r.String()) },
	}
	backlog := codec[Backlog]{
		schema: jsonschema.Either(jsonschema.Duration(), jsonschema.Size(), schema{"const": none}),
		read:   plain(pacing.ReadBacklog), equal: same[Backlog], show: showBacklog, absent: none,
	}
	allow := codec[Allow]{
		schema: jsonschema.List(jsonschema.Either(schema{"enum": endpoint.Liftable()}, schema{"type": "string", "pattern": "/[0-9]+$"}), 0, 0),
		read:   plain(endpoint.ReadAllow), equal: Allow.Equal, absent: []string{}, show: func(a Allow) any { return showList(a.Words()) },
		digest: func(name string, a Allow) string { return fmt.Sprintf("%s %q\n", name, a.Words()) },
	}
	tls := shownIf(func(t TLS) bool { return !t.IsZero() }, section(objectOf(tlsKeys, &TLS{}), tlsKeys, readTLS))
	tls.equal, tls.digest = TLS.Equal, func(name string, t TLS) string { return fmt.Sprintf("%s %q\n", name, []string{t.Sum, t.ServerName}) }
	return []key[Webhook]{
		declare("match", "{tenant: acme, region: [eu, us]}", "Attributes that an event must have, each with its value or a list of values: source, subject or extensions.",
			match(), func(w *Webhook) *Match { return &w.Match }),
		declare("when", "data.attributes.published", "A condition on the event, in expr-lang.",
			program(readWhen), func(w *Webhook) **expression.Program { return &w.When }),
		declare("transform", `'{"text": data.name}'`, "An expression in expr-lang whose value, as JSON, is the body.",
			program(readTransform), func(w *Webhook) **expression.Program { return &w.Transform }),
		declare("secret", "${APPS_SECRET}", "The secret that signs requests; in a list for rotation the first signs, and all do where the scheme allows it.",
			secrets(), func(w *Webhook) *[]Secret { return &w.Secrets }),
		declare("headers", "{X-Team: data}", "Headers beside those that sidehook sets, at most 32; null takes one of the defaults away.",
			headers(), func(w *Webhook) *[]Header { return &w.Headers }),
		declare("enabled", "true", "Whether it is on; while it is false, its events are not kept and waiting deliveries stop.",
			boolean(), func(w *Webhook) *bool { return &w.Enabled }),
		declare("paused", "false", "Whether deliveries wait; while it is true, its events are kept, to be delivered later.",
			boolean(), func(w *Webhook) *bool { return &w.Paused }),
		declare("profile", "standard", "Sets format, signature and user_agent together.",
			oneOf(profile.Names()...), func(w *Webhook) *string { return &w.Profile }),
		declare("format", "cloudevents", "The format of the body; the profile decides unless it is given.",
			oneOf(profile.Formats()...), func(w *Webhook) *string { return &w.Format }),
		declare("signature", "standard", "The signature scheme, or a list of schemes; the profile decides unless it is given.",
			signature, func(w *Webhook) *[]string { return &w.Signature }),
		declare("user_agent", "Example/1.0", "The User-Agent header; the profile decides unless it is given.",
			line(256), func(w *Webhook) *string { return &w.UserAgent }),
		declare("timeout", "15s", "The time limit of one attempt, 1s to 2m.",
			duration(time.Second, 2*time.Minute), func(w *Webhook) *time.Duration { return &w.Timeout }),
		declare("retry", "[5s, 5m, 30m]", "The waits between attempts, at most 32; [] is one attempt.",
			retry, func(w *Webhook) *[]time.Duration { return &w.Retry }),
		declare("give_up_on", "[400, 422]", "The statuses that end a delivery as failed at once.",
			giveUpOn, func(w *Webhook) *[]int { return &w.GiveUpOn }),
		declare("concurrency", "16", "How many requests may be in flight at once.",
			integer(1, 1024), func(w *Webhook) *int { return &w.Concurrency }),
		declare("rate", "100/s", "The most requests in a second (100/s) or in a minute (600/m).",
			rate, func(w *Webhook) *Rate { return &w.Rate }),
		declare("order", "{by: data.customer.id}", "The order of deliveries: none, all for one at a time, or {by: PATH} for one at a time of each key.",
			order, func(w *Webhook) *Order { return &w.Order }),
		declare("expire_after", "7d", "The age of an event after which it is not sent any more, 1s to 365d, or never.",
			durationOrNever(), func(w *Webhook) *time.Duration { return &w.ExpireAfter }),
		declare("max_backlog", "500MiB", "The age or size of the waiting events above which the oldest expire, or none.",
			backlog, func(w *Webhook) *Backlog { return &w.MaxBacklog }),
		declare("disable_after", "5d", "How long nothing but failures disables the webhook, 1s to 365d, or never.",
			shownAs(never, durationOrNever()), func(w *Webhook) *time.Duration { return &w.DisableAfter }),
		declare("allow", "[http, 10.0.0.0/8]", "The rules that are lifted: http, any-host, short-secret, or a CIDR of addresses that may be reached.",
			allow, func(w *Webhook) *Allow { return &w.Allow }),
		declare("oauth2", "{token_url: 'https://login.example.com/token', client_id: a, client_secret: b}", "Client credentials that fetch the access token of each request; {} takes away that of the defaults.",
			oauth2(oauth2Keys), func(w *Webhook) *OAuth2 { return &w.OAuth2 }),
		declare("tls", "{ca_file: ca.pem}", "Authorities, a client certificate and a server name of its own.",
			tls, func(w *Webhook) *TLS { return &w.TLS }),
		declare("proxy", "http://proxy.example.com:3128", "The http://, https:// or socks5:// proxy that requests go through.",
			address(plain(endpoint.ReadProxy)), func(w *Webhook) *URL { return &w.Proxy }),
	}
}

func secrets() codec[[]Secret] {
	form := schema{"type": "string"}
	return codec[[]Secret]{
		schema: jsonschema.Either(form, jsonschema.List(form, 0, 0)),
		read:   readSecrets,
		equal:  func(a, b []Secret) bool { return slices.EqualFunc(a, b, Secret.Equal) },
		show:   showList[Secret],
		digest: func(name string, list []Secret) string {
			return strings.Join(each(list, func(s Secret) string { return fmt.Sprintf("%s %q\n", name, s.Reveal()) }), "")
		},
	}
}

func headers() codec[[]Header] {
	return codec[[]Header]{
		schema: schema{"type": "object", "additionalProperties": schema{"type": []string{"string", "null"}}},
		read:   func(l *loader, v *yamlnode.Value, _ *[]Header) { l.partial.headers = header.Read(l.Reader, v) },
		equal:  func(a, b []Header) bool { return slices.EqualFunc(a, b, Header.Equal) },
		show: func(list []Header) any {
			if len(list) == 0 {
				return nil
			}
			return canonical.Pairs(each(list, func(h Header) canonical.Pair { return canonical.Pair{Key: h.Name, Value: h.Redacted()} }))
		},
		digest: func(_ string, list []Header) string {
			return strings.Join(each(list, func(h Header) string { return fmt.Sprintf("header %q %q %t\n", h.Name, h.Reveal(), h.Secret) }), "")
		},
	}
}
