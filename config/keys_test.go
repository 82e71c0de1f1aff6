package config_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"sidehook/config"
)

// TestKeys has a row for each key of a webhook: its default, and values just within and
// just beyond its limits. The test of this name in relay has what each key does, and
// TestRefusals has the messages.
func TestKeys(t *testing.T) {
	of := func(prefix string, bytes int) string {
		return prefix + base64.StdEncoding.EncodeToString(make([]byte, bytes))
	}
	many := func(n int, item func(i int) string) string {
		var items []string
		for i := range n {
			items = append(items, item(i))
		}
		return strings.Join(items, ", ")
	}
	header := func(i int) string { return fmt.Sprintf("X-%d: a", i) }
	wait := func(int) string { return "1s" }
	required, absent := "required", "<nil>"
	const token = "{token_url: https://login.example/t, client_id: a, client_secret: b"
	rows := []struct {
		key, unset    string
		taken, refuse []string
	}{
		{"name", required, []string{"a", "0._-z", strings.Repeat("a", 63)}, []string{"''", "A", ".a", "a b", strings.Repeat("a", 64)}},
		{"was", absent, []string{"former"}, []string{"Former", "''"}},
		{"description", absent, []string{strings.Repeat("é", 1024)}, []string{strings.Repeat("é", 1025), "[a]"}},
		{"url", required, []string{"https://hooks.example.com:8443/a?b=c"},
			[]string{"http://hooks.example.com", "https://192.0.2.1", "https://localhost", "https://u@hooks.example.com", "'https://hooks.example.com/#a'", "hooks.example.com"}},
		{"events", required, []string{"[a.b, 'a.*', '**', '**.deleted']"}, []string{"[]", "a.b", "['a*']", "['a..b']"}},
		{"match", absent, []string{"{tenant: acme}", "{source: /a, subject: 5, tenant1: [a, true]}", "{a: " + strings.Repeat("a", 1024) + "}", "{a: [" + many(200, strconv.Itoa) + "]}", "{" + many(32, func(i int) string { return fmt.Sprintf("a%d: b", i) }) + "}", "{}"},
			[]string{"tenant", "[tenant]", "{Tenant: acme}", "{tenant-id: acme}", "{type: a.b}", "{id: a}", "{time: a}", "{data: a}", "{data.x: a}", "{datacontenttype: a}", "{tenant: ''}", "{tenant: }", "{tenant: []}", "{tenant: {a: b}}", "{tenant: [a, a]}", "{tenant: [[a]]}", `{tenant: "a\nb"}`, "{source: 'a b'}", "{a: " + strings.Repeat("a", 1025) + "}", "{a: [" + many(201, strconv.Itoa) + "]}", "{" + many(33, func(i int) string { return fmt.Sprintf("a%d: b", i) }) + "}"}},
		{"when", absent, []string{"data.a and type == 'x'"}, []string{"1 + 1", "now()", "data.a and"}},
		{"transform", absent, []string{"'{a: data.b}'", "id"}, []string{"data +", "now()"}},
		{"secret", absent, []string{strings.Repeat("a", 32), strings.Repeat("a", 64), of("whsec_", 24), of("whsec_", 64), of("whsk_", 32), "[" + of("whsk_", 32) + ", " + strings.Repeat("a", 32) + "]"},
			[]string{strings.Repeat("a", 31), strings.Repeat("a", 65), of("whsec_", 23), of("whsec_", 65), of("whsk_", 31), of("whsk_", 33), of("whsk_", 32) + "\n    signature: qlik"}},
		{"headers", absent, []string{"{" + many(32, header) + "}", "{X-A: " + strings.Repeat("a", 4096) + "}", "{A!#$%: ''}"},
			[]string{"{" + many(33, header) + "}", "{X-A: " + strings.Repeat("a", 4097) + "}", "{X A: b}", `{X-A: "a\nb"}`, "{Connection: a}", "{Host: a}", "{Content-Length: 1}", "{Content-Type: a}", "{webhook-signature: a}", "{X-Hub-Signature-256: a}"}},
		{"enabled", "true", []string{"false"}, []string{"no", "1"}},
		{"paused", "false", []string{"true"}, []string{"yes", "'true'"}},
		{"profile", "standard", []string{"standard", "cloudevents", "qlik", "github", "stripe", "shopify"}, []string{"svix", "[qlik]"}},
		{"format", "standard", []string{"cloudevents", "cloudevents-binary", "cloudevents-0.1", "standard", "data"}, []string{"json"}},
		{"signature", "[standard]", []string{"none", "[qlik, standard, github, stripe, shopify]"}, []string{"[]", "hmac", "[qlik, qlik]", "[qlik, none]"}},
		{"user_agent", absent, []string{"'me/1 (x)'"}, []string{"''", `"a\nb"`}},
		{"timeout", "15s", []string{"1s", "2m"}, []string{"999ms", "121s", "15"}},
		{"retry", "[5s 5m 30m 2h 5h 10h 14h 20h 24h]", []string{"[]", "[7d]", "[" + many(32, wait) + "]"}, []string{"[" + many(33, wait) + "]", "[169h]", "5s", "[0s]"}},
		{"give_up_on", "[]", []string{"[400, 422]", "[]"}, []string{"[200]", "400"}},
		{"concurrency", "16", []string{"1", "1024"}, []string{"0", "1025", "1.5"}},
		{"rate", absent, []string{"100/s", "600/m"}, []string{"0/s", "100", "5/h"}},
		{"order", "none", []string{"none", "all", "{by: data.customer.id}", "{by: subject}"}, []string{"any", "{by: }", "{by: a.b}"}},
		{"expire_after", "never", []string{"never", "1s", "365d"}, []string{"0s", "999ms", "366d", "10"}},
		{"max_backlog", "none", []string{"none", "1h", "100MiB"}, []string{"0", "100", "1B", "0s"}},
		{"disable_after", "5d", []string{"never", "1s", "365d"}, []string{"999ms", "none"}},
		{"allow", "[]", []string{"[http, any-host, short-secret, 10.0.0.0/8, 'fd00::/8']"}, []string{"http", "[https]", "[10.0.0.1]", "[10.0.0.1/8]"}},
		{"oauth2", absent, []string{"{}", token + "}", token + ", scopes: []}", token + ", scopes: [a:b, c.d/e]}", token + ", params: {audience: 'https://a.example', x: ''}}", token + ", params: {" + many(32, header) + "}}"},
			[]string{"token", "[]", "{token_url: https://login.example/t}", "{client_id: a, client_secret: b}", token + ", extra: 1}",
				strings.Replace(token, "https", "http", 1) + "}", strings.Replace(token, "https://", "https://u:p@", 1) + "}", strings.Replace(token, "https://login.example", "https://10.0.0.1", 1) + "}", strings.Replace(token, "/t,", "/t#a,", 1) + "}",
				strings.Replace(token, ": a", ": ''", 1) + "}", strings.Replace(token, ": a", ": é", 1) + "}", strings.Replace(token, ": b", `: "b\n"`, 1) + "}", strings.Replace(token, ": b", ": ''", 1) + "}",
				token + ", scopes: a}", token + ", scopes: [a b]}", token + ", scopes: [a, a]}", token + ", scopes: ['\"']}",
				token + ", params: {grant_type: x}}", token + ", params: {scope: x}}", token + ", params: {client_secret: x}}", token + ", params: {a: [b]}}", token + ", params: {" + many(33, header) + "}}"}},
		{"tls", absent, []string{"{server_name: a.example}"}, []string{"{server: a.example}", "{ca_file: nosuch.pem}", "a.pem"}},
		{"proxy", absent, []string{"http://proxy:3128", "https://u:p@proxy.example", "socks5://127.0.0.1:1080"}, []string{"ftp://proxy", "proxy:3128"}},
	}
	// with is a webhook that has the key, and without it if value is "".
	with := func(key, value string) string {
		text := "webhooks:\n  -\n"
		for _, line := range [][2]string{{"name", "a"}, {"url", "https://a.example"}, {"events", "[a.b]"}} {
			if line[0] != key {
				text += "    " + line[0] + ": " + line[1] + "\n"
			}
		}
		if value != "" {
			text += "    " + key + ": " + value + "\n"
		}
		return text
	}
	var keys []string
	for _, row := range rows {
		keys = append(keys, row.key)
		t.Run(row.key, func(t *testing.T) {
			without, err := config.Parse("f", []byte(with(row.key, "")), config.Run)
			switch {
			case err != nil:
				if want := "." + row.key + ": is required"; row.unset != required || !strings.Contains(err.Error(), want) {
					t.Errorf("without it: %v", err)
				}
			default:
				if got := printed(t, without)[row.key]; fmt.Sprint(got) != row.unset {
					t.Errorf("unless it is given it is %v, want %s", got, row.unset)
				}
			}
			for _, value := range row.taken {
				f, err := config.Parse("f", []byte(with(row.key, value)), config.Run)
				if err != nil {
					t.Errorf("%.80s is refused: %v", value, err)
					continue
				}
				if without == nil || row.key == "description" {
					continue
				}
				same := fmt.Sprint(printed(t, f)[row.key]) == row.unset
				if got := f.Webhooks[0].Equal(without.Webhooks[0]); got != same {
					t.Errorf("%.80s: equal to a webhook without it: %v, want %v", value, got, same)
				}
			}
			for _, value := range row.refuse {
				_, err := config.Parse("f", []byte(with(row.key, value)), config.Run)
				if err == nil || !strings.Contains(err.Error(), "."+row.key) {
					t.Errorf("%.80s is not refused: %v", value, err)
				}
			}
		})
	}
	for _, key := range config.WebhookKeys() {
		if !slices.Contains(keys, key) {
			t.Errorf("%s has no row", key)
		}
	}
}

// printed is the first webhook as it is printed.
func printed(t *testing.T, f *config.File) map[string]any {
	t.Helper()
	var text bytes.Buffer
	if err := f.Print(&text); err != nil {
		t.Fatal(err)
	}
	var file struct{ Webhooks []map[string]any }
	if err := yaml.Unmarshal(text.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	return file.Webhooks[0]
}
