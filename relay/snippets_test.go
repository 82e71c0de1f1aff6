package relay_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sidehook/relay"
	"sidehook/relay/sign"
)

// snippet is a function of the manual that verifies, in one language.
type snippet struct {
	language string     // of its block in the page
	file     string     // that it is written to
	runner   string     // in testdata/snippets: reads requests, prints true or false
	commands [][]string // the last one gets the requests
}

// TestSnippetsVerify runs the functions of the manual, as they are in the page,
// against requests of a relay, and against such that were tampered with.
func TestSnippetsVerify(t *testing.T) {
	const secret, other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	lines, want := requestsToVerify(t, secret, other)
	for _, s := range []snippet{
		{"python", "snippet.py", "run.py", [][]string{{"python3", "run.py"}}},
		{"js", "snippet.mjs", "run.mjs", [][]string{{"node", "run.mjs"}}},
		{"go", "snippet.go", "run.go", [][]string{{"go", "run", "run.go", "snippet.go"}}},
		{"php", "snippet.php", "run.php", [][]string{{"php", "run.php"}}},
		{"ruby", "snippet.rb", "run.rb", [][]string{{"ruby", "run.rb"}}},
		{"java", "Webhooks.java", "Run.java", [][]string{{"javac", "Run.java", "Webhooks.java"}, {"java", "Run"}}},
		{"csharp", "Webhooks.cs", "Run.cs", [][]string{{"mcs", "-out:run.exe", "Run.cs", "Webhooks.cs"}, {"mono", "run.exe"}}},
	} {
		t.Run(s.language, func(t *testing.T) {
			for _, command := range s.commands {
				if _, err := exec.LookPath(command[0]); err != nil {
					t.Skipf("%s is not on this machine", command[0])
				}
			}
			dir := t.TempDir()
			runner, err := os.ReadFile(filepath.Join("testdata", "snippets", s.runner))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, s.runner), string(runner))
			write(t, filepath.Join(dir, s.file), wholeFile(s.language, snippetOf(t, s.language)))
			var stdout, stderr bytes.Buffer
			for i, command := range s.commands {
				cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
				cmd.Dir, cmd.Stderr = dir, &stderr
				if i == len(s.commands)-1 {
					cmd.Stdin, cmd.Stdout = strings.NewReader(strings.Join(lines, "\n")+"\n"), &stdout
				}
				if err := cmd.Run(); err != nil {
					t.Fatalf("%v: %v\n%s", command, err, &stderr)
				}
			}
			if got := strings.Fields(stdout.String()); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v\n%s", got, want, &stderr)
			}
		})
	}
}

// requestsToVerify returns requests, a line each for the runners, and for each
// whether it verifies.
func requestsToVerify(t *testing.T, secret, other string) (lines, want []string) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", ", secret: "+secret)+hook(s, "two", ", secret: ["+other+", "+secret+"]"))
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e1","data":{"é":"Ω","n":1.10}}`, nil)
	add := func(header http.Header, body string, verifies bool) {
		line := secret
		for _, value := range []string{header.Get("webhook-id"), header.Get("webhook-timestamp"), header.Get("webhook-signature"), body} {
			line += " =" + base64.StdEncoding.EncodeToString([]byte(value))
		}
		lines, want = append(lines, line), append(want, strconv.FormatBool(verifies))
	}
	for _, path := range []string{"/one", "/two"} {
		got := s.first(t, path)
		add(got.header, got.body, true)
		add(got.header, got.body+" ", false)
		renamed := got.header.Clone()
		renamed.Set("webhook-id", "e2")
		add(renamed, got.body, false)
		add(http.Header{}, got.body, false)
	}
	for _, c := range []struct {
		secret string
		age    time.Duration
		want   bool
	}{{secret, time.Minute, true}, {secret, time.Hour, false}, {secret, -time.Hour, false}, {other, 0, false}} {
		key, err := sign.ParseSecret(c.secret)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := sign.New(sign.Standard, key)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		for _, h := range signer.Append(nil, sign.Message{ID: "e3", Type: "a.b", Timestamp: time.Now().Add(-c.age), Body: []byte("{}")}) {
			header.Set(h.Name, h.Value)
		}
		add(header, "{}", c.want)
	}
	return lines, want
}

// snippetOf returns the one block of the page in a language.
func snippetOf(t *testing.T, language string) string {
	t.Helper()
	parts := strings.Split(relay.Manual(), "\n```"+language+"\n")
	if len(parts) != 2 {
		t.Fatalf("the page has %d blocks of %s, want 1", len(parts)-1, language)
	}
	code, _, _ := strings.Cut(parts[1], "\n```")
	return code + "\n"
}

// wholeFile adds what the page leaves out: the tag of PHP, and what goimports adds.
func wholeFile(language, code string) string {
	switch language {
	case "php":
		return "<?php\n" + code
	case "go":
		var imports strings.Builder
		for _, path := range []string{"crypto/hmac", "crypto/sha256", "encoding/base64", "fmt", "net/http", "slices", "strconv", "strings", "time"} {
			fmt.Fprintf(&imports, "import %q\n", path)
		}
		return "package main\n\n" + imports.String() + "\n" + code
	}
	return code
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
