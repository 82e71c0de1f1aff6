package config_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"sidehook/config"
)

// judged returns what is wrong with a URL, each problem with its hint.
func judged(t testing.TB, key, value, allow string) []config.Problem {
	t.Helper()
	webhook := map[string]any{"name": "a", "url": "https://a.example.com", "events": []string{"x"}, "signature": "none"}
	// In double quotes, as the encoder's block form of a text that begins with a
	// line feed cannot be read back.
	webhook[key] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: value}
	if allow != "" {
		webhook["allow"] = strings.Split(allow, ", ")
	}
	text, err := yaml.Marshal(map[string]any{"webhooks": []any{webhook}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Parse("f", text, config.Run)
	problems, _ := err.(config.Problems)
	var errors []config.Problem
	for _, p := range problems {
		if !p.Warning {
			errors = append(errors, p)
		}
	}
	return errors
}

// right returns the URL that a hint says to write.
func right(p config.Problem) (string, bool) {
	text, ok := strings.CutPrefix(strings.Replace(p.Hint, "write it like ", "write ", 1), "write ")
	return text, ok && strings.Contains(text, "://") && !strings.Contains(text, "…")
}

// Each character that RFC 3986 does not allow is refused with the URL as it must
// be written, which is then accepted.
func TestURLCharacters(t *testing.T) {
	const like = "https://hooks.example.com"
	for _, c := range []struct{ rest, shown, want string }{
		{"/h?q=é", `"é"`, "/h?q=%C3%A9"},
		{"/h?q=" + `"`, `"\""`, "/h?q=%22"},
		{"/h/é", `"é"`, "/h/%C3%A9"},
		{"?é", `"é"`, "?%C3%A9"},
		{"/a b", "a space", "/a%20b"},
		{"/a?b c", "a space", "/a?b%20c"},
		{"/a|b", `"|"`, "/a%7Cb"},
		{"/{id}", `"{"`, "/%7Bid%7D"},
		{"/a^b", `"^"`, "/a%5Eb"},
		{"/a`b", "\"`\"", "/a%60b"},
		{"/<a>", `"<"`, "/%3Ca%3E"},
		{`/a\b`, `"\\"`, "/a%5Cb"},
		{"/a[0]", `"["`, "/a%5B0%5D"},
		{"/a?b[0]=c", `"["`, "/a?b%5B0%5D=c"},
		{"/%zz", `a "%" without two hexadecimal digits after it`, "/%25zz"},
		{"/%", `a "%" without two hexadecimal digits after it`, "/%25"},
		{"/a?b=%4", `a "%" without two hexadecimal digits after it`, "/a?b=%254"},
		{"/100%", `a "%" without two hexadecimal digits after it`, "/100%25"},
		{"/\U0001f600", `"😀"`, "/%F0%9F%98%80"},
		{"/a\u200b", `"\u200b"`, "/a%E2%80%8B"},
		{"/é/%41 %2f", `"é"`, "/%C3%A9/%41%20%2f"},
	} {
		got := judged(t, "url", like+c.rest, "")
		if len(got) != 1 || got[0].Message != "contains "+c.shown+", which must be percent-encoded" || got[0].Hint != "write "+like+c.want {
			t.Errorf("%s: got %q", c.rest, got)
		}
		if got := judged(t, "url", like+c.want, ""); got != nil {
			t.Errorf("%s: its hint is refused: %q", c.rest, got)
		}
	}
	for _, blank := range []string{" " + like, like + " ", "\u00a0" + like + "/x"} {
		if got := judged(t, "url", blank, ""); len(got) != 1 || got[0].Message != "begins or ends with a space" || got[0].Hint != "write "+strings.TrimSpace(blank) {
			t.Errorf("%q: got %q", blank, got)
		}
	}
	// A reference that RFC 3986 allows is not changed.
	for _, rest := range []string{"", "/", "?", "/?", "//a", "/./../a", "/a;b=c,d", "/!$&'()*+,;=:@-._~", "/?!$&'()*+,;=:@-._~/?", "/%00%0a%7f%FF", "/a?b=c&d?e", "/*"} {
		if got := judged(t, "url", like+rest, ""); got != nil {
			t.Errorf("%s: got %q", rest, got)
		}
		checkSent(t, like+rest)
	}
	t.Run("filled in", func(t *testing.T) {
		t.Setenv("PART_OF_TEST", `s3cr3t" é`)
		got := judged(t, "url", like+"/${PART_OF_TEST}", "")
		if len(got) != 1 || got[0].Message != "contains a character, which must be percent-encoded" || got[0].Hint != "encode it where it comes from, such as %20 for a space" {
			t.Errorf("got %q", got)
		}
	})
}

// checkSent checks that what is sent to a URL that was accepted is what it says:
// its path and query are the target of the request, its host the Host.
func checkSent(t testing.TB, text string) {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Errorf("%q is accepted, and cannot be parsed: %v", text, err)
		return
	}
	var wire bytes.Buffer
	r := &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Header: http.Header{}}
	if err := r.Write(&wire); err != nil {
		t.Errorf("%q is accepted, and cannot be sent: %v", text, err)
		return
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Errorf("%q is accepted, and cannot be read: %v", text, err)
		return
	}
	_, after, _ := strings.Cut(text, "://")
	host, target := after, ""
	if i := strings.IndexAny(after, "/?"); i >= 0 {
		host, target = after[:i], after[i:]
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	if i := strings.Index(host, "%25"); i >= 0 { // a zone stays here
		host = host[:i] + host[strings.Index(host, "]"):]
	}
	if got.RequestURI != target || got.Host != host {
		t.Errorf("%q is accepted, and sent as %q to %q", text, got.RequestURI, got.Host)
	}
}

// checkURL checks that a URL is accepted and sent as it is, or refused with a
// hint that is accepted.
func checkURL(t testing.TB, text, allow string) (accepted bool) {
	t.Helper()
	problems := judged(t, "url", text, allow)
	if problems == nil {
		checkSent(t, text)
		return true
	}
	for _, p := range problems {
		if p.Message == "" || p.Path != "webhooks[0] (a).url" || p.Hint == "" && !strings.Contains(p.Message, "must have a port") {
			t.Errorf("%q: says %q", text, p)
		}
		hint, ok := right(p)
		if !ok {
			continue
		}
		for _, left := range judged(t, "url", hint, allow) {
			if !mentions(problems, left.Message) {
				t.Errorf("%q: the hint %q is refused: %v", text, hint, left)
			}
		}
	}
	return false
}

func mentions(problems []config.Problem, message string) bool {
	for _, p := range problems {
		if p.Message == message {
			return true
		}
	}
	return false
}

// shapes are URLs of every shape that people and other programs write: each part
// of a good one in each of its forms, alone and next to an odd one of another.
func shapes() (urls []string) {
	schemes := []string{"https://", "http://", "HTTPS://", "https:", "https:/", "https:///", "https:\\\\", "//", "", "ftp://", "file:///", "ws://", "mailto:", "x-y.z+1://", "1x://", ":", "://"}
	users := []string{"", "u@", "u:p@", ":@", "@", "u:p:q@", "u%40v@", "a@b@", "\u00fc@"}
	hosts := []string{
		"hooks.example.com", "HOOKS.Example.COM", "hooks.example.com.", "localhost", "a", "a_b.example.com", "-a.example.com", "a-.example.com", "xn--bcher-kva.example", "b\u00fccher.example",
		"\uff45xample.com", "ex ample.com", "ex\tample.com", "ex%61mple.com", "ex%zzmple.com", "a..b", ".a", "..", "", "192.0.2.1", "192.0.2", "3221225985", "0xc0000201", "0300.0.2.1", "256.1.1.1",
		"[2001:db8::1]", "[::ffff:192.0.2.1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1", "::1", "[]", "[v1.x]", "a|b.example", "a<b>.example", "a^b.example", "a`b.example", "a{b}.example", "\u200b.example", "\u00ad.example", "\u5341.example",
	}
	ports := []string{"", ":", ":0", ":1", ":443", ":00443", ":65535", ":65536", ":99999999999", ":-1", ":x", ": 80", ":8%30", ":80:81"}
	paths := []string{
		"", "/", "//", "/a/b", "/a//b", "/./a", "/../a", "/a/..", "/%2e%2e/a", "/a b", "/a\tb", "/a%20b", "/a%2fb", "/%", "/%2", "/%zz", "/a+b", "/a|b", "/a\"b", "/a<b>", "/a^b", "/a`b", "/{a}", "/[a]", "/a\\b",
		"/caf\u00e9", "/\U0001f600", "/a;b=c", "/a:b", "/a@b", "/a,b", "/!$&'()*", "/~a", "/a%00b", "/a%C3%28",
	}
	queries := []string{"", "?", "?q", "?q=1&r=2", "?q=a b", "?q=a+b", "?q=\u00e9", "?q=\"", "?q='", "?q=<>", "?q=a|b", "?q=[1]", "?q={}", "?q=\\", "?q=^", "?q=`", "?q=%", "?q=%2", "?q=%zz", "?q=%20", "??", "?a?b", "?a/b", "?a#b", "?a:b@c", "?q=\t"}
	fragments := []string{"", "#", "#a", "#a b", "#a#b", "#\u00e9"}
	parts := [][]string{schemes, users, hosts, ports, paths, queries, fragments}
	seen := map[string]bool{}
	add := func(choice []int) {
		var b strings.Builder
		for k, c := range choice {
			b.WriteString(parts[k][c])
		}
		if url := b.String(); !seen[url] {
			seen[url] = true
			urls = append(urls, url)
		}
	}
	for k := range parts {
		for c := range parts[k] {
			choice := make([]int, len(parts))
			choice[k] = c
			add(choice)
			for other := k + 1; other < len(parts); other++ { // the odd ones stand at different places in each list
				choice[other] = (c*7 + other) % len(parts[other])
				add(choice)
				choice[other] = 0
			}
		}
	}
	return urls
}

// A URL that is accepted is sent as it is, and one that is refused has a hint that is
// accepted.
func TestURLsOfEveryShape(t *testing.T) {
	urls := shapes()
	accepted := 0
	for _, url := range urls {
		for _, allow := range []string{"", "http, any-host"} {
			if checkURL(t, url, allow) {
				accepted++
			}
		}
	}
	if tried := 2 * len(urls); tried < 1000 || accepted < tried/10 || accepted > tried*9/10 {
		t.Errorf("%d of %d are accepted", accepted, tried)
	}
}

func FuzzURL(f *testing.F) {
	for _, text := range []string{
		"https://hooks.example.com/a?b", "https://exämple.com:/é|", "https://[fe80::1%25eth0]:1/", "http://u:p@192.0.2.1:99999/%zz#x", "https://a//b?c?d", `https:\\a`, "\nS", "tps://[fe80::1%e52t://h0]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "${") || strings.ToValidUTF8(text, "") != text {
			return
		}
		for _, allow := range []string{"", "http, any-host"} {
			checkURL(t, text, allow)
		}
	})
}

// Every proxy that is accepted is one that connections can be made to.
func TestProxyIsUsable(t *testing.T) {
	for _, c := range []struct{ proxy, user, password string }{
		{"http://u:p@proxy.example.com:3128", "u", "p"},
		{"http://u%40x:p%2F%3A%25@proxy.example.com", "u@x", "p/:%"},
		{"socks5://u:$&+,;=!()*'~@127.0.0.1", "u", "$&+,;=!()*'~"},
	} {
		if got := judged(t, "proxy", c.proxy, ""); got != nil {
			t.Errorf("%s: %q", c.proxy, got)
		}
		u, err := url.Parse(c.proxy)
		if err != nil {
			t.Fatal(err)
		}
		if password, _ := u.User.Password(); u.User.Username() != c.user || password != c.password {
			t.Errorf("%s: got %s and %s", c.proxy, u.User.Username(), fmt.Sprint(password))
		}
	}
}
