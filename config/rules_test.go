package config_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/config"
)

// The rules for a URL, each by what is wrong.
func TestURLRules(t *testing.T) {
	const (
		https    = "must use https; write https://…, or allow: [http] for this webhook"
		other    = "must use https; write https://…"
		user     = "must not contain a user name or password; write headers: {Authorization: …}"
		fragment = "must not contain a fragment; remove # and what follows"
		port     = "must have a port between 1 and 65535"
		address  = "must have a domain name as its host, not an IP address; write the name, or allow: [any-host] for this webhook"
		domain   = "must have a fully qualified domain name as its host; write a name such as hooks.example.com, or allow: [any-host] for this webhook"
		odd      = "has an IP address in an ambiguous form; write it like 192.0.2.1 or [2001:db8::1]"
		letters  = "has a host that is not a domain name; write letters, digits and hyphens between the dots; a name in other letters in its xn-- form"
		none     = "has no host; write it like https://hooks.example.com/path"
		noHost   = "has a host that is neither a name nor an IPv6 address in brackets; write it like hooks.example.com or [2001:db8::1]"
		xn       = "has a host that is not in ASCII; write "
		colon    = "has a colon without a port; write "
	)
	for _, c := range []struct {
		url, allow string
		want       []string
	}{
		{"https://hooks.example.com", "", nil},
		{"HTTPS://Hooks.Example.com.:8443/a?b=c", "", nil},
		{"https://under_score.example.com/", "", nil},
		{"http://hooks.example.com", "", []string{https}},
		{"http://hooks.example.com", "http", nil},
		{"ftp://hooks.example.com", "http", []string{other}},
		{"hooks.example.com/x", "", []string{other, none}},
		{"unix:/run/docker.sock", "http, any-host", []string{other, none}},
		{"file:///etc/passwd", "http, any-host", []string{other, none}},
		{"gopher://hooks.example.com", "http", []string{other}},
		{"//hooks.example.com", "http", []string{other}},
		{"https://u:p@hooks.example.com", "", []string{user}},
		{"https://hooks.example.com/#", "", []string{fragment}},
		{"https://hooks.example.com:0", "", []string{port}},
		{"https://hooks.example.com:65536", "", []string{port}},
		{"https://192.0.2.1/x", "", []string{address}},
		{"https://[2001:db8::1]/x", "", []string{address}},
		{"https://127.1", "", []string{address}},
		{"https://0x7f000001", "", []string{address}},
		{"https://2130706433.", "", []string{address}},
		{"https://localhost", "", []string{domain}},
		{"https://localhost.", "", []string{domain}},
		{"https://localhost", "any-host", nil},
		{"https://[::1]:8443/x", "any-host", nil},
		{"https://127.1", "any-host", []string{odd}},
		{"https://exämple.com", "", []string{xn + "https://xn--exmple-cua.com"}},
		{"https://EXÄMPLE.com:8443/a?b", "", []string{xn + "https://xn--exmple-cua.com:8443/a?b"}},
		{"https://ex%C3%A4mple.com/é", "", []string{xn + "https://xn--exmple-cua.com/%C3%A9", `contains "é", which must be percent-encoded; write https://xn--exmple-cua.com/%C3%A9`}},
		{"https://例え.テスト", "", []string{xn + "https://xn--r8jz45g.xn--zckzah"}},
		{"https://a\u200b.example.com", "", []string{xn + "https://a.example.com"}},
		{"https://a|b.example.com", "", []string{letters}},
		{"https://a b.example.com/x", "", []string{letters}},
		{"https:\\\\hooks.example.com", "", []string{none}},
		{"https://hooks.example.com:", "", []string{colon + "https://hooks.example.com"}},
		{"https://hooks.example.com:/a?b", "", []string{colon + "https://hooks.example.com/a?b"}},
		{"https://hooks.example.com:+80", "", []string{port}},
		{"https://hooks.example.com:8a", "", []string{port}},
		{"https://hooks.example.com:0080/", "", nil},
		{"https://[::1", "any-host", []string{noHost}},
		{"https://::1/", "any-host", []string{noHost}},
		{"https://2001:db8::1", "any-host", []string{noHost}},
		{"https://[hooks.example.com]", "any-host", []string{noHost}},
		{"https://[v1.x]", "any-host", []string{noHost}},
		{"https://[192.0.2.1]", "any-host", []string{noHost}},
		{"https://[fe80::1%25eth0]/", "any-host", nil},
		{"https://[fe80::1%eth0]/", "any-host", []string{noHost}},
		{"https://a..example.com", "any-host", []string{letters}},
		{"https://-a.example.com", "", []string{letters}},
		{"https:///x", "", []string{none}},
		{"https://hooks.example.com%0d%0aX", "", []string{letters}},
		{"https://hooks.example.com/%0d%0aX", "", nil}, // goes out as it stands here
		{"http://u@192.0.2.1:99999/#x", "", []string{https, user, fragment, port, address}},
	} {
		text := "webhooks:\n  - name: a\n    events: [x]\n    signature: none\n    url: '" + c.url + "'\n    allow: [" + c.allow + "]\n"
		_, err := config.Parse("f", []byte(text), config.Run)
		var got []string
		if err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		var want []string
		for _, w := range c.want {
			want = append(want, "f:5:10: webhooks[0] (a).url: "+w)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s allow [%s]:\n got %q\nwant %q", c.url, c.allow, got, want)
		}
	}
}

// A small file does not unfold to a giant one, and one mistake made often is not
// a log of megabytes.
func TestBounds(t *testing.T) {
	t.Run("aliases", func(t *testing.T) {
		var text strings.Builder
		text.WriteString("webhooks:\n  - &a {name: a, url: 'https://a.example', headers: &h {")
		for i := range 30 {
			text.WriteString("X-" + strings.Repeat("a", i+1) + ": b, ")
		}
		text.WriteString("}, events: [x], signature: none}\n" + strings.Repeat("  - *a\n", 100_000))
		_, err := config.Parse("f", []byte(text.String()), config.Run)
		if got := fmt.Sprint(err); !strings.HasSuffix(got, ": is too large once its aliases are expanded; write out what you mean") || strings.Contains(got, "\n") {
			t.Errorf("got %.300s", got)
		}
	})
	t.Run("laughs", func(t *testing.T) {
		text := "defaults:\n  retry: &l0 [1s]\n"
		for i := range 30 {
			text += fmt.Sprintf("  x%d: &l%d [*l%d, *l%d]\n", i, i+1, i, i)
		}
		_, err := config.Parse("f", []byte(text), config.Run)
		if got := strings.Count(fmt.Sprint(err), "unknown key"); got != 30 {
			t.Errorf("%d unknown keys, want 30", got)
		}
	})
	t.Run("problems", func(t *testing.T) {
		_, err := config.Parse("f", []byte("webhooks:\n"+strings.Repeat("  - {name: a, signature: none}\n", 2000)), config.Run)
		got := strings.Split(err.Error(), "\n")
		if want := "f: has 4999 more errors"; len(got) != 1001 || got[1000] != want {
			t.Errorf("%d lines, the last %q; want 1001 and %q", len(got), got[len(got)-1], want)
		}
	})
}
