package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/config"
	"sidehook/config/expression"
	"sidehook/relay/route"
)

// TestManualHasEveryKey: the page has a table for each mapping, with a row for each
// key in the order of the declarations, and with its default.
func TestManualHasEveryKey(t *testing.T) {
	defaults := declaredDefaults(t)
	want := map[string][]string{}
	for _, key := range config.DeclaredKeys() {
		value := defaults[key.Section+"."+key.Name]
		want[key.Section] = append(want[key.Section], "`"+key.Name+"` "+value)
	}
	for section, heading := range map[string]string{"": "At the top", "listen": "listen", "history": "history", "outbox": "outbox", "cluster": "cluster", "webhooks": "A webhook", "oauth2": "oauth2", "tls": "tls", "event_types": "event_types"} {
		var got []string
		for _, row := range rowsOf(t, heading) {
			value := row[1]
			if !strings.HasPrefix(value, "`") {
				value = "" // none, required or of the profile
			}
			got = append(got, strings.TrimSpace(row[0]+" "+value))
			if row[2] == "" {
				t.Errorf("%s has no meaning", row[0])
			}
		}
		for i := range want[section] {
			want[section][i] = strings.TrimSpace(want[section][i])
		}
		if !slices.Equal(got, want[section]) {
			t.Errorf("table %q: got\n%s\nwant\n%s", heading, strings.Join(got, "\n"), strings.Join(want[section], "\n"))
		}
	}
	if extra := slices.Sorted(maps.Keys(want)); len(extra) != 9 {
		t.Errorf("sections %q: one has no table", extra)
	}
}

// declaredDefaults returns the default of each key, as it stands in the page.
func declaredDefaults(t *testing.T) map[string]string {
	type property struct {
		Default    any
		Properties map[string]property
		Items      *property
	}
	var top property
	if err := json.Unmarshal(config.Schema(), &top); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	add := func(section string, properties map[string]property) {
		for name, p := range properties {
			if p.Default != nil {
				all[section+"."+name] = "`" + inYAML(p.Default) + "`"
			}
		}
	}
	add("", top.Properties)
	add("listen", top.Properties["listen"].Properties)
	add("history", top.Properties["history"].Properties)
	add("cluster", top.Properties["cluster"].Properties)
	webhook := top.Properties["webhooks"].Items.Properties
	add("webhooks", webhook)
	add("oauth2", webhook["oauth2"].Properties)
	add("tls", webhook["tls"].Properties)
	return all
}

func inYAML(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	var words []string
	for _, one := range list {
		words = append(words, inYAML(one))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// section returns what stands under a heading of the page.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, text, ok := strings.Cut(config.Manual(), "# "+heading+"\n")
	if !ok {
		t.Fatalf("the page has no %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	text, _, _ = strings.Cut(text, "\n### ")
	return text
}

// rowsOf returns the rows of the first table under a heading, without its head.
func rowsOf(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	_, text, _ := strings.Cut(section(t, heading), "\n| --- |")
	for line := range strings.Lines(text[strings.Index(text, "\n")+1:]) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "|") {
			break
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

func TestManualGlobs(t *testing.T) {
	types := func(cell string) []string { return strings.Split(strings.ReplaceAll(cell, "`", ""), ", ") }
	rows := rowsOf(t, "Choosing events")
	if len(rows) == 0 {
		t.Fatal("no globs")
	}
	for _, row := range rows {
		index, err := route.New([]route.Rule{{Name: "a", Globs: types(row[0])}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []bool{true, false} {
			for _, typ := range types(row[i+1]) {
				if got := len(index.MayMatch(typ)) > 0; got != want {
					t.Errorf("%s matches %s: got %v, want %v", row[0], typ, got, want)
				}
			}
		}
	}
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// TestManualFiles: what the page shows of YAML is valid, without a warning; files
// that it names are there.
func TestManualFiles(t *testing.T) {
	dir := t.TempDir()
	material(t, dir, "ca", time.Now().Add(30*time.Minute))
	must(t, os.Rename(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "corp-ca.pem")))
	must(t, os.MkdirAll(filepath.Join(dir, "secrets"), 0o700))
	for _, name := range []string{"sidehook_billing", "secrets/local", "secrets/ledger", "secrets/acme"} {
		write(t, filepath.Join(dir, name), plainSecret)
	}
	must(t, os.Mkdir(filepath.Join(dir, "webhooks.d"), 0o700))
	write(t, filepath.Join(dir, "webhooks.d", "acme.yaml"), "webhooks: []\n")
	for _, name := range []string{"slack", "discord", "teams"} {
		write(t, filepath.Join(dir, "secrets", name+"-url"), "https://hooks.example.com/"+name)
	}
	must(t, os.MkdirAll(filepath.Join(dir, "schemas"), 0o700))
	write(t, filepath.Join(dir, "schemas", "app-deleted.json"), `{"type": "object"}`)
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	blocks := yamlBlock.FindAllStringSubmatch(config.Manual(), -1)
	if len(blocks) < 10 {
		t.Errorf("%d blocks of YAML, want more", len(blocks))
	}
	for _, block := range blocks {
		text := block[1]
		if strings.HasPrefix(text, "    ") { // keys of a webhook
			text = "webhooks:\n  - name: a\n    url: https://example.com/\n    events: [a]\n    signature: none\n" + text
		}
		path := filepath.Join(dir, "webhooks.yaml")
		write(t, path, text)
		file, err := config.Load(path, config.Run)
		if err != nil {
			t.Errorf("%v:\n%s", err, text)
		} else if len(file.Warnings) > 0 && !strings.Contains(text, "signature: none") {
			t.Errorf("%v:\n%s", file.Warnings, text)
		}
	}
}

// TestManualBodies: each transform of the page makes the body that follows it.
func TestManualBodies(t *testing.T) {
	events := map[string]string{
		"Another body": `{"id":"c-1","data":{"total":100.50,"items":[{"sku":"B-7"}]}}`,
		"Slack":        `{"id":"o-1","data":{"total":12.50}}`,
		"Discord":      `{"id":"o-1","data":{"total":12.50}}`, "Microsoft Teams": `{"id":"o-1","data":{"total":12.50}}`,
	}
	for heading, text := range events {
		t.Run(heading, func(t *testing.T) {
			page := section(t, heading)
			block := yamlBlock.FindStringSubmatch(page)
			if block == nil {
				t.Fatal("no YAML")
			}
			yaml := block[1]
			if strings.HasPrefix(yaml, "    ") {
				yaml = "webhooks:\n  - name: a\n    url: https://example.com/\n    events: [a]\n" + yaml
			}
			yaml = regexp.MustCompile(`\$\{file:[^}]*\}`).ReplaceAllString(yaml, "https://example.com/")
			body, err := load(t, yaml, config.Run).Webhooks[0].Transform.Transform(eventOf(t, text))
			if err != nil {
				t.Fatal(err)
			}
			if want := "\n    " + string(body) + "\n"; !strings.Contains(page, want) {
				t.Errorf("the page has not %s", want)
			}
		})
	}
}

// TestManualConditions: each event of the table has the result that it says.
func TestManualConditions(t *testing.T) {
	_, table, _ := strings.Cut(section(t, "Choosing events"), "| `data` | result |")
	when := load(t, "webhooks:\n  - name: a\n    url: https://example.com/\n    events: [a]\n"+
		regexp.MustCompile(`(?m)^    when: .*\n`).FindString(section(t, "Choosing events")), config.Run).Webhooks[0].When
	seen := 0
	for line := range strings.Lines(table) {
		data, result, _ := strings.Cut(strings.Trim(line, "| \n"), " | ")
		for _, one := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(data, -1) {
			holds, err := when.Holds(eventOf(t, `{"id":"c-1","data":`+one[1]+`}`))
			got := map[bool]string{true: "sent", false: "not sent"}[holds]
			if err != nil {
				got = "`failed`, so that you can see and resend it: `when: " + err.Error() + "`"
			}
			if !strings.HasPrefix(result, got) {
				t.Errorf("%s: got %s, want %s", one[1], got, result)
			}
			seen++
		}
	}
	if seen != 4 {
		t.Errorf("%d events, want 4", seen)
	}
}

func eventOf(t *testing.T, text string) *expression.Event {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		t.Fatal(err)
	}
	return expression.NewEvent(len(text), func(name string) []byte { return members[name] })
}
