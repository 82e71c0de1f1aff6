package event_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sidehook/history/event"
)

// examples are what an attribute of a type may be, and what it may not.
type examples struct{ good, bad []string }

var (
	mediaTypes = examples{
		good: []string{
			"application/json", "text/plain", "TEXT/Plain", "application/vnd.api+json", "application/json; charset=utf-8", "text/xml;charset=utf-8",
			`text/plain; charset="utf-8"; x="a \"b\" ;c"`, "text/plain ;a=b", "text/plain;", "text/plain; ; a=b", "a/b", "!#$&-^_.+/x", "multipart/mixed; boundary=\"a b\"",
			"application/cloudevents+json",
		},
		bad: []string{
			"xyz", "json", "/", "text/", "/plain", "text plain", "text /plain", "text/ plain", "text/plain charset=utf-8", " text/plain", "text/plain ",
			"text/plain; charset", "text/plain; charset=", "text/plain; =utf-8", "text/plain; charset = utf-8", "text/plain;charset=\"utf-8", "text/plain; a=b c",
			"text/plain, text/html", "text/pl\u00e4in", "text/plain; a=\"\u00e9\"", "text/(plain)", "text/plain/x", "<text/plain>", "application/json\u2028",
		},
	}
	uris = examples{
		good: []string{
			"http://foo.bar/?baz=qux#quux", "http://foo.com/blah_(wikipedia)_blah#cite-1", "http://foo.bar/?q=a%20b%2F", "http://user:pass@example.com:8042/over/there?name=ferret#nose",
			"http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com", "http://223.255.255.254", "http://999.999.999.999/", "ldap://[2001:db8::7]/c=GB?one", "http://[::1]:80", "http://[v7.a:b]/",
			"mailto:John.Doe@example.com", "news:comp.infosystems", "tel:+1-816-555-1212", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "http://a:/", "http://a", "x:", "x:/a//b", "a+b-c.1:d",
			"file:///etc/hosts", "https://example.com/schema.json#/definitions/a", "HTTP://EXAMPLE.COM", "tag:example.com,2026:a",
		},
		bad: []string{
			"a b", "http:// a", "http://a/b c", "\u00e9", "http://a/\u00e9", "a\\b", "a\"b", "<a>", "{a}", "a^b", "a`b", "a|b", "http://a/%", "http://a/%4", "http://a/%zz",
			"http://[::1", "http://::1]/", "http://[1.2.3.4]/", "http://[::ffff:01.2.3.4]", "http://[fe80::1%25eth0]/", "http://[]/", "http://[v.a]/", "http://[::1]a/", "http:/[::1]", "http://a:b/", "http://a:80:80/", "http://a@b@c/",
			"https://[@example.org/test.txt", "http://a#b#c", "1http://a", "ht_tp://a", ":a", "://a", "bar,baz:foo", "http://a/\u2028",
		},
	}
	relative = []string{"com.qlik/engine", "/a/b", "abc", "//foo.bar/?baz=qux#quux", "#fragment", "?query=1", "//", "./this:that", "a/b:c", "/a:b", "/a%20b", "..", "@x", "*"}
	integers = examples{
		good: []string{"0", "-0", "1", "-1", "2147483647", "-2147483648"},
		bad:  []string{"2147483648", "-2147483649", "12345678901234567890", "1.0", "1.10", "0.5", "1e3", "1E0", "-1e-1", "1e400", strings.Repeat("9", 300)},
	}
)

func (v examples) with(good ...string) examples {
	return examples{append(append([]string{}, v.good...), good...), v.bad}
}

// Each attribute is held to its type, in whichever form it comes.
func TestAttributeSyntax(t *testing.T) {
	const modern = `{"specversion":"1.0","id":"1","source":"s","type":"a","%s":%s}`
	one := func(_ event.Event, err error) error { return err }
	all := func(_ []event.Event, err error) error { return err }
	forms := map[string]func(name, raw string) error{
		"plain": func(name, raw string) error {
			return one(decoder.Plain(fmt.Appendf(nil, `{"type":"a","%s":%s}`, name, raw)))
		},
		"lines": func(name, raw string) error {
			return all(decoder.Lines(fmt.Appendf(nil, `{"type":"a","%s":%s}`, name, raw)))
		},
		"structured": func(name, raw string) error {
			return one(decoder.Structured([]byte(strings.Replace(fmt.Sprintf(modern, name, raw), `"source":"s",`, dropped(name), 1))))
		},
		"batch": func(name, raw string) error {
			return all(decoder.Batch([]byte("[" + strings.Replace(fmt.Sprintf(modern, name, raw), `"source":"s",`, dropped(name), 1) + "]")))
		},
		"binary": func(name, raw string) error {
			var text string
			if json.Unmarshal([]byte(raw), &text) != nil {
				return fmt.Errorf("%s is no header", raw)
			}
			key := "Ce-" + strings.ToUpper(name[:1]) + name[1:]
			if name == "datacontenttype" {
				key = "Content-Type"
			}
			return one(decoder.Binary(headers(key, "-", key, text), nil))
		},
		"0.1": func(name, raw string) error {
			switch name {
			case "datacontenttype":
				name = "contentType"
			case "dataschema":
				name = "schemaURL"
			case "count":
				name, raw = "extensions", `{"count":`+raw+`,"list":[1.5],"object":{"n":1e9}}`
			}
			return one(decoder.Plain(fmt.Appendf(nil, `{"cloudEventsVersion":"0.1","eventType":"a","%s":%s}`, name, raw)))
		},
	}
	for name, check := range map[string]struct {
		examples
		quoted bool
		says   string
	}{
		"datacontenttype": {mediaTypes, true, "must be a media type (RFC 2046), such as application/json"},
		"source":          {uris.with(relative...), true, "must be a URI reference (RFC 3986); write it like "},
		"dataschema":      {examples{uris.good, append(append([]string{}, uris.bad...), relative...)}, true, "must be a URI that begins with its scheme (RFC 3986); write it like "},
		"count":           {integers, false, "must be an integer from -2147483648 to 2147483647; write any other number as a string"},
	} {
		for form, decode := range forms {
			if form == "binary" && !check.quoted {
				continue
			}
			t.Run(name+" "+form, func(t *testing.T) {
				raw := func(text string) string {
					if !check.quoted {
						return text
					}
					quoted, _ := json.Marshal(text)
					return string(quoted)
				}
				for _, text := range check.good {
					if err := decode(name, raw(text)); err != nil {
						t.Errorf("%q is refused: %v", text, err)
					}
				}
				for _, text := range check.bad {
					if err := decode(name, raw(text)); err == nil || !strings.Contains(err.Error(), check.says) || len(err.Error()) > 450 {
						t.Errorf("%q: got %v, want an error that says %q", text, err, check.says)
					}
				}
			})
		}
	}
}

// dropped is what gives way to an attribute that is to stand there once.
func dropped(name string) string {
	if name == "source" {
		return ""
	}
	return `"source":"s",`
}

// The hint for a value that is nearly right is the value as it would be accepted.
func TestSyntaxHints(t *testing.T) {
	for given, want := range map[string]string{
		`"source":"/a b"`:                             `"source": must be a URI reference (RFC 3986); write it like "/a%20b" (byte 12)`,
		`"source":"/caf\u00e9?q=\"x\\"`:               `"source": must be a URI reference (RFC 3986); write it like "/caf%C3%A9?q=%22x%5C" (byte 12)`,
		`"source":"100%/%41"`:                         `"source": must be a URI reference (RFC 3986); write it like "100%25/%41" (byte 12)`,
		`"source":"a b:c"`:                            `"source": must be a URI reference (RFC 3986); write it like "com.example/app" (byte 12)`,
		`"source":"` + strings.Repeat(" ", 300) + `"`: `"source": must be a URI reference (RFC 3986); write it like "com.example/app" (byte 12)`,
		`"dataschema":"not a uri"`:                    `"dataschema": must be a URI that begins with its scheme (RFC 3986); write it like "https://example.com/schema.json" (byte 12)`,
		`"dataschema":"https://a/b c"`:                `"dataschema": must be a URI that begins with its scheme (RFC 3986); write it like "https://a/b%20c" (byte 12)`,
		`"n":1.10`:                                    `"n": must be an integer from -2147483648 to 2147483647; write any other number as a string, "1.10" (byte 12)`,
	} {
		body := `{"type":"a",` + given + `}`
		_, err := decoder.Plain([]byte(body))
		if got := message(err); got != want {
			t.Errorf("%.80s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func TestNamesCloudEvents(t *testing.T) {
	for contentType, want := range map[string]bool{
		"application/cloudevents+json": true, "Application/CloudEvents+JSON; charset=utf-8": true, "application/cloudevents-batch+json": true,
		"application/cloudevents": true, " \tapplication/cloudevents+avro": true, "application/cloudeventsx": true,
		"application/json": false, "application/cloudevent": false, "text/plain; a=application/cloudevents": false, "": false,
	} {
		if got := event.NamesCloudEvents(contentType); got != want {
			t.Errorf("%q: got %v, want %v", contentType, got, want)
		}
	}
}
