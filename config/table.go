package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sidehook/config/expression"
)

// webhookKeys is the table of a webhook's keys in the order in which they are
// printed and digested. It is built once, since Equal goes over it for every
// webhook of a reload, and never changes.
var webhookKeys = slices.Concat(ownKeys(), sharedKeys())

// ownKeys are the keys of a webhook that have no default.
func ownKeys() []webhookKey {
	name := schema{"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$"}
	return []webhookKey{
		declare("name", "how history, commands and metrics call it", name,
			readName, func(w *Webhook) *string { return &w.Name }, plain[string]()),
		declare("was", "its former name", name,
			readWas, func(w *Webhook) *string { return &w.Was }, optional()),
		declare("description", "free text", schema{"type": "string", "maxLength": 1024},
			readDescription, func(w *Webhook) *string { return &w.Description }, note()),
		declare("url", "where its requests go", schema{"type": "string", "format": "uri"},
			readURL, func(w *Webhook) *URL { return &w.URL }, address()),
		declare("events", "exact types or globs: * is one word, ** any number of them", listOf(schema{"type": "string", "minLength": 1}, 1, 0),
			readEvents, func(w *Webhook) *[]string { return &w.Events }, words()),
	}
}

// sharedKeys are the keys of a webhook that may stand in defaults, too.
func sharedKeys() []webhookKey {
	text := schema{"type": "string"}
	duration := schema{"type": "string", "pattern": "^([0-9]+(d|h|ms|m|s))+$"}
	return []webhookKey{
		declare("when", "a condition on the event", text,
			readWhen, func(w *Webhook) **expression.Program { return &w.When }, program()),
		declare("transform", "an expression that makes the body", text,
			readTransform, func(w *Webhook) **expression.Program { return &w.Transform }, program()),
		declare("secret", "signs the requests; a list rotates, the first signs", either(text, listOf(text, 0, 0)),
			readSecrets, func(w *Webhook) *[]Secret { return &w.Secrets }, secrets()),
		declare("headers", "headers beside those that sidehook sets", schema{"type": "object", "additionalProperties": schema{"type": []string{"string", "null"}}},
			readHeaders, func(w *Webhook) *[]Header { return &w.Headers }, headers()),
		declare("enabled", "false: events are not kept for it, and waiting deliveries stop", schema{"type": "boolean"},
			func(l *loader, v *value, p *partial) { l.bool(v, &p.Enabled) }, func(w *Webhook) *bool { return &w.Enabled }, flag()),
		declare("paused", "true: events are kept, and delivered later", schema{"type": "boolean"},
			func(l *loader, v *value, p *partial) { l.bool(v, &p.Paused) }, func(w *Webhook) *bool { return &w.Paused }, flag()),
		declare("profile", "sets format, signature and user_agent together", schema{"enum": profiles()},
			func(l *loader, v *value, p *partial) { l.choice(v, profiles(), &p.Profile) }, func(w *Webhook) *string { return &w.Profile }, plain[string]()),
		declare("format", "of the body", schema{"enum": formats()},
			func(l *loader, v *value, p *partial) { l.choice(v, formats(), &p.Format) }, func(w *Webhook) *string { return &w.Format }, plain[string]()),
		declare("signature", "the scheme, or a list of them", either(schema{"enum": signatures()}, listOf(schema{"enum": signatures()}, 1, 0)),
			readSignature, func(w *Webhook) *[]string { return &w.Signature }, words()),
		declare("user_agent", "the User-Agent header", schema{"type": "string", "minLength": 1, "maxLength": 256},
			func(l *loader, v *value, p *partial) { l.line(v, 256, &p.UserAgent) }, func(w *Webhook) *string { return &w.UserAgent }, optional()),
		declare("timeout", "of one attempt, 1s to 2m", duration,
			func(l *loader, v *value, p *partial) { l.duration(v, time.Second, 2*time.Minute, &p.Timeout) },
			func(w *Webhook) *time.Duration { return &w.Timeout },
			trait[time.Duration]{equal: same[time.Duration], show: func(d time.Duration) any { return FormatDuration(d) }}),
		declare("retry", "the waits between attempts; [] is one attempt", listOf(duration, 0, 32),
			readRetry, func(w *Webhook) *[]time.Duration { return &w.Retry },
			trait[[]time.Duration]{equal: slices.Equal[[]time.Duration], show: func(waits []time.Duration) any { return each(waits, FormatDuration) }}),
		declare("give_up_on", "statuses that end a delivery at once", listOf(schema{"type": "integer", "minimum": 300, "maximum": 999}, 0, 64),
			readGiveUpOn, func(w *Webhook) *[]int { return &w.GiveUpOn },
			trait[[]int]{equal: slices.Equal[[]int], show: showList[int], absent: []int{}}),
		declare("concurrency", "requests in flight at once", schema{"type": "integer", "minimum": 1, "maximum": 1024},
			func(l *loader, v *value, p *partial) { l.int(v, 1, 1024, &p.Concurrency) }, func(w *Webhook) *int { return &w.Concurrency }, plain[int]()),
		declare("rate", "requests a second or a minute: 100/s, 600/m", schema{"type": "string", "pattern": "^([0-9]+/[sm]|none)$"},
			readRate, func(w *Webhook) *Rate { return &w.Rate },
			trait[Rate]{equal: same[Rate], show: func(r Rate) any { return showText(r.String()) }}),
		declare("order", "none, all, or {by: PATH} for the events of one key", either(schema{"enum": []string{"none", "all"}}, schema{"type": "object", "properties": schema{"by": text}, "required": []string{"by"}, "additionalProperties": false}),
			readOrder, func(w *Webhook) *Order { return &w.Order },
			trait[Order]{equal: same[Order], show: Order.show, absent: none, digest: func(name string, o Order) string { return fmt.Sprintf("%s %q\n", name, fmt.Sprint(o)) }}),
		declare("expire_after", "older events are not sent; never", either(duration, schema{"const": never}),
			readExpireAfter, func(w *Webhook) *time.Duration { return &w.ExpireAfter },
			trait[time.Duration]{equal: same[time.Duration], absent: never, show: func(d time.Duration) any {
				if d == 0 {
					return nil
				}
				return FormatDuration(d)
			}}),
		declare("max_backlog", "an age or a size of waiting events, above which the oldest end", text,
			readMaxBacklog, func(w *Webhook) *Backlog { return &w.MaxBacklog },
			trait[Backlog]{equal: same[Backlog], absent: none, show: func(b Backlog) any {
				if b == (Backlog{}) {
					return nil
				}
				return b.String()
			}}),
		declare("disable_after", "nothing but failures for so long turns it off; never", either(duration, schema{"const": never}),
			readDisableAfter, func(w *Webhook) *time.Duration { return &w.DisableAfter },
			trait[time.Duration]{equal: same[time.Duration], show: func(d time.Duration) any { return orNever(d) }}),
		declare("allow", "lifts a rule: http, any-host, short-secret, or a CIDR of addresses", listOf(text, 0, 0),
			readAllow, func(w *Webhook) *Allow { return &w.Allow },
			trait[Allow]{equal: Allow.Equal, absent: []string{}, show: func(a Allow) any { return showList(a.Words()) },
				digest: func(name string, a Allow) string { return fmt.Sprintf("%s %q\n", name, a.Words()) }}),
		declare("tls", "own authorities, client certificate, server name", schema{"type": "object", "properties": schema{"ca_file": text, "cert_file": text, "key_file": text, "server_name": text}, "additionalProperties": false},
			readTLS, func(w *Webhook) *TLS { return &w.TLS },
			trait[TLS]{equal: TLS.Equal, show: TLS.show, digest: func(name string, t TLS) string { return fmt.Sprintf("%s %q\n", name, []string{t.Sum, t.ServerName}) }}),
		declare("proxy", "http://, https:// or socks5:// proxy", schema{"type": "string", "format": "uri"},
			readProxy, func(w *Webhook) *URL { return &w.Proxy }, address()),
	}
}

func listOf(items schema, least, most int) schema {
	s := schema{"type": "array", "items": items}
	if least > 0 {
		s["minItems"] = least
	}
	if most > 0 {
		s["maxItems"] = most
	}
	return s
}

func either(all ...schema) schema { return schema{"anyOf": all} }

func secrets() trait[[]Secret] {
	return trait[[]Secret]{
		equal: func(a, b []Secret) bool { return slices.EqualFunc(a, b, Secret.Equal) },
		show:  showList[Secret],
		digest: func(name string, list []Secret) string {
			return strings.Join(each(list, func(s Secret) string { return fmt.Sprintf("%s %q\n", name, s.Reveal()) }), "")
		},
	}
}

func headers() trait[[]Header] {
	return trait[[]Header]{
		equal: func(a, b []Header) bool { return slices.EqualFunc(a, b, Header.Equal) },
		show: func(list []Header) any {
			if len(list) == 0 {
				return nil
			}
			lines := make(pairs, len(list))
			for i, h := range list {
				lines[i] = pair{h.Name, h.Redacted()}
			}
			return lines
		},
		digest: func(_ string, list []Header) string {
			return strings.Join(each(list, func(h Header) string { return fmt.Sprintf("header %q %q %t\n", h.Name, h.Reveal(), h.Secret) }), "")
		},
	}
}

// showList shows nothing for an empty list.
func showList[V any](list []V) any {
	if len(list) == 0 {
		return nil
	}
	return list
}
