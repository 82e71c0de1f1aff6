package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sidehook/config"
)

// everywhere are files in each of which ? stands where one value may stand.
var everywhere = []string{
	`source: "?"`,
	`listen: {http: "?"}`, `listen: {http: "localhost:?"}`, `listen: {http: ":80", token: "?"}`, `listen: {socket: "?"}`,
	`listen: {socket_mode: "?"}`, `listen: {console: "?"}`, `listen: {max_event_size: "?"}`,
	`history: {dir: "?"}`, `history: {keep: "?"}`, `history: {max_size: "?"}`, `history: {response_body: "?"}`,
	`event_types: {a: "?"}`,
	`defaults: {signature: none, timeout: "?"}`, `defaults: {signature: none, headers: {X-A: "?"}}`, `defaults: {secret: "?"}`,
	`@name: "?"`, `@name: "b?"`, `@was: "?"`, `@description: "?"`, `@url: "?"`, `@url: "https://?/"`, `@url: "https://a.example.com/?"`,
	`@events: ["?"]`, `@events: [a, "?"]`, `@when: "?"`, `@transform: "?"`, `@enabled: "?"`, `@paused: "?"`,
	`@profile: "?"`, `@format: "?"`, `@signature: "?"`, `@signature: ["?"]`, `@signature: [standard, "?"]`, `@user_agent: "?"`,
	`@secret: "?"`, `@secret: ["?"]`, `@secret: ["?", "?"]`, `@secret: "whsec_?"`, `@headers: {X-A: "?"}`, `@headers: {X-A: "a?b"}`,
	`@timeout: "?"`, `@retry: ["?"]`, `@retry: [1s, "?"]`, `@give_up_on: ["?"]`, `@concurrency: "?"`, `@rate: "?"`, `@order: "?"`, `@order: {by: "?"}`,
	`@expire_after: "?"`, `@max_backlog: "?"`, `@disable_after: "?"`, `@allow: ["?"]`, `@proxy: "?"`,
	`@tls: {server_name: "?"}`, `@tls: {ca_file: "?"}`, `@tls: {cert_file: "?", key_file: "?"}`,
}

// whole makes a file of one of everywhere.
func whole(form, value string) string {
	text := strings.ReplaceAll(form, "?", value)
	if key, ok := strings.CutPrefix(text, "@"); ok {
		text = "webhooks:\n  - " + key + "\n"
		for _, needed := range []string{"name: a", "url: https://a.example.com/", "events: [a]", "secret: whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="} {
			if name, _, _ := strings.Cut(needed, ":"); !strings.HasPrefix(key, name+":") {
				text += "    " + needed + "\n"
			}
		}
	}
	return text
}

// TestCheckWarnsOfWhatIsNotThere has a value that cannot be filled in stand
// everywhere. It is an error to run, and check warns of the same and of nothing
// else.
func TestCheckWarnsOfWhatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	for value, want := range map[string]string{
		"${NOT_SET_IN_TEST}":    "environment variable NOT_SET_IN_TEST is not set",
		"${file:" + dir + "/x}": "file " + dir + "/x cannot be read: no such file or directory",
		"${cred:x}":             "credential x cannot be read: CREDENTIALS_DIRECTORY is not set",
	} {
		for _, form := range everywhere {
			text := whole(form, value)
			_, err := config.Parse("f", []byte(text), config.Run)
			var problems config.Problems
			if !errors.As(err, &problems) {
				t.Errorf("%q: run gives %v", text, err)
				continue
			}
			places := func(list config.Problems, warning bool) (at []string) {
				for _, p := range list {
					switch {
					case strings.HasPrefix(p.Message, want) && p.Warning == warning:
						at = append(at, fmt.Sprint(p.Line, ":", p.Column, " ", p.Path))
						if warning && p.Hint != "run will not start without it" {
							t.Errorf("%q: hint %q", text, p.Hint)
						}
					case !p.Warning:
						t.Errorf("%q: also %v", text, p)
					}
				}
				return at
			}
			f, err := config.Parse("f", []byte(text), config.Check)
			if err != nil {
				t.Errorf("%q: check gives %v", text, err)
				continue
			}
			got, run := places(f.Warnings, true), places(problems, false)
			if fmt.Sprint(got) != fmt.Sprint(run) || len(run) == 0 {
				t.Errorf("%q: check warns of %v, and run fails for %v", text, got, run)
			}
		}
	}
}

// TestCheckRefusesWhatIsThere has files that are there and that no process may
// use: what is wrong with them is wrong for run, too.
func TestCheckRefusesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	write(t, filepath.Join(dir, "open"), "x")
	if err := os.Chmod(filepath.Join(dir, "open"), 0o666); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "large"), strings.Repeat("a", 64<<10+1))
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, problem := range map[string]string{
		"open":   "is writable by everyone; run chmod o-w on it",
		"large":  "is larger than 64KiB",
		"folder": "is not a regular file",
	} {
		for _, value := range []string{"${cred:" + name + "}", "${file:" + filepath.Join(dir, name) + "}"} {
			text := "source: " + value + "\n"
			want := "f:1:9: source: file " + filepath.Join(dir, name) + " " + problem
			for _, mode := range []config.Mode{config.Check, config.Run} {
				if _, err := config.Parse("f", []byte(text), mode); fmt.Sprint(err) != want {
					t.Errorf("%s, mode %v: got %v, want %s", value, mode, err, want)
				}
			}
		}
	}
}

// asOtherThanRoot goes on as a user who may not read all files, until the function
// that it returns is called. A temporary folder is opened to that user.
func asOtherThanRoot(t *testing.T, dir string) (back func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		return func() {}
	}
	const nobody = 65534
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, syscall.Seteuid(nobody))
	return func() { must(t, syscall.Seteuid(0)) }
}

// TestCheckOfUnreadableFiles has files of another user: run may read them.
func TestCheckOfUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	path := filepath.Join(dir, "x")
	write(t, path, "x")
	must(t, os.Chmod(path, 0))
	defer asOtherThanRoot(t, dir)()
	want := "file " + path + " cannot be read: permission denied; run will not start without it"
	for _, form := range []string{
		"source: ${file:" + path + "}", "source: ${cred:x}",
		whole("@tls: {ca_file: ?}", path), whole("@tls: {cert_file: ?, key_file: ?}", path),
	} {
		f, err := config.Parse("f", []byte(form), config.Check)
		if err != nil {
			t.Errorf("%q: %v", form, err)
			continue
		}
		if len(f.Warnings) == 0 {
			t.Errorf("%q: no warning", form)
		}
		for _, p := range f.Warnings {
			if got := p.Message + "; " + p.Hint; got != want || !p.Warning {
				t.Errorf("%q: %v", form, p)
			}
		}
		if _, err := config.Parse("f", []byte(form), config.Run); err == nil {
			t.Errorf("%q: run takes it", form)
		}
	}
}
