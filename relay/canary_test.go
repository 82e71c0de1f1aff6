//go:build unix

package relay_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// planted is part of every secret of TestCanary.
const planted = "c4n4ryc4n4ryc4n4ry"

// canaryFile has a secret in every place that may have one. It is filled with the addresses
// of a receiver and of its token endpoint, and with a file that has a secret.
const canaryFile = `listen: {http: off, socket: s, token: %[3]s-token, read_token: %[3]s-read, console: edit}
outbox: {postgres: 'postgres://user:%[3]s-outbox@127.0.0.1:1/none'}
defaults:
  allow: [http, any-host, 127.0.0.0/8]
  retry: [50ms, 1h]
  headers: {X-Default-Token: %[3]s-default}
webhooks:
  - {name: one, url: '%[1]s/one', events: ['a.*'], signature: none, headers: {Authorization: Bearer %[3]s-bearer, X-Api-Key: %[3]s-key, Cookie: %[3]s-cookie, X-Env: '${CANARY}', X-File: '${file:%[2]s}'}}
  - {name: signed, url: '%[1]s/signed', events: ['a.*'], secret: %[3]s-0123456789abcdef}
  - {name: rotating, url: '%[1]s/rotating', events: ['a.*'], secret: [%[3]s-0123456789abcdef, '${file:%[2]s}', '${CANARY}']}
  - {name: authorized, url: '%[1]s/authorized', events: ['a.*'], signature: none, oauth2: {token_url: '%[4]s/token', client_id: me, client_secret: %[3]s-client}}
  - {name: unauthorized, url: '%[1]s/authorized', events: ['a.*'], signature: none, oauth2: {token_url: '%[4]s/fails', client_id: me, client_secret: %[3]s-client}}
  - {name: proxied, url: '%[1]s/proxied', events: ['a.*'], signature: none, proxy: 'http://user:%[3]s-proxy@127.0.0.1:9'}
  - {name: queried, url: '%[1]s/queried?key=%[3]s-query', events: ['a.*'], signature: none}
  - {name: unreached, url: 'http://127.0.0.1:9/?key=%[3]s-query', events: ['a.*'], signature: none}
  - {name: filled, url: '%[1]s/${CANARY}', events: ['a.*'], signature: none}
`

// TestCanary runs the program with a secret in every place that may have one, through
// deliveries that arrive and that fail, edits that are good and bad, every command that
// prints something, a kill and a dump of its goroutines: a secret is in no answer, no
// output, no log and no file of the history. What shows lines of the file as they are
// (--dry-run of an edit) is left out.
func TestCanary(t *testing.T) {
	startsProcesses(t)
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Set-Cookie", planted+"-session")
		h.Set("X-Api-Key", planted+"-theirs")
		h.Set("X-Echo", r.Header.Get("X-Env"))
		h.Set("Location", s.URL+r.URL.RequestURI())
		switch r.URL.Path {
		case "/one", "/queried":
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprint(w, r.Header.Values("Authorization"), r.Header.Values("X-Env"), r.Header.Values("X-File"), r.Header.Values("X-Default-Token"), r.RequestURI)
	})
	tokens := newReceiver(t)
	tokens.answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/fails" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprintf(w, `{"access_token":"%s-access","token_type":"Bearer","expires_in":3600}`, planted)
	})
	dir, secrets := t.TempDir(), t.TempDir()
	named := filepath.Join(secrets, "named")
	text := fmt.Sprintf(canaryFile, s.URL, named, planted, tokens.URL)
	p := newProgram(t, dir, "", "env", "CANARY="+planted+"-environment-0123456789")
	p.line = append(p.line, "--log-level", "debug")
	save := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save(named, planted+"-named-file-0123456789\n")
	save(p.path, text)
	looked := 0
	look := func(where, text string) {
		t.Helper()
		looked++
		if at := strings.Index(text, planted); at >= 0 {
			t.Errorf("%s has a secret: …%s…", where, text[max(0, at-200):min(len(text), at+40)])
		}
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(os.Args[0], append(args, "--config", p.path)...)
		cmd.Env = append(os.Environ(), asProgram+"=1", "CANARY="+planted+"-environment-0123456789")
		out, err := cmd.CombinedOutput()
		if len(out) == 0 {
			t.Errorf("%q printed nothing: %v", args, err)
		}
		look(strings.Join(args, " "), string(out))
	}

	cmd := p.launchHere()
	x := newTraffic()
	for n := range 5 {
		x.post(p, fmt.Sprint("e", n))
	}
	webhooks := []string{"one", "signed", "rotating", "authorized", "unauthorized", "proxied", "queried", "unreached", "filled"}
	for _, name := range webhooks {
		eventually(t, "attempts of "+name, func() bool { return strings.Contains(p.text("/v1/deliveries?event=e0&webhook="+name), `"e0"`) })
	}
	// That is where they must be.
	if got := s.first(t, "/one").header; !strings.Contains(fmt.Sprint(got), planted+"-bearer") || !strings.Contains(fmt.Sprint(got), planted+"-named") {
		t.Errorf("the receiver got %v", got)
	}
	repeats := x.arrives(t, s, "/one", "/signed", "/rotating", "/authorized", "/queried")

	ask := func() {
		for _, path := range []string{"/v1/webhooks", "/v1/config", "/v1/events", "/v1/events/e0", "/v1/events/e0/data", "/v1/deliveries", "/v1/stats", "/metrics", "/readyz", "/healthz", "/v1/openapi.json"} {
			answer := p.text(path)
			if answer == "" {
				t.Errorf("no answer to %s", path)
			}
			look(path, answer)
		}
	}
	ask()
	edited := filepath.Join(secrets, "edited.yaml")
	save(edited, strings.ReplaceAll(text, "-bearer", "-another"))
	for _, args := range [][]string{
		{"webhook", "list"}, {"webhook", "list", "--json"}, {"show", "e0"}, {"show", "e0", "--all", "--json"},
		{"history"}, {"history", "--json"}, {"history", "stats"}, {"history", "check"}, {"events"}, {"events", "--json"},
		{"check"}, {"check", "--print"}, {"check", "--as-run"}, {"check", "--as-run", "--print"}, {"plan", edited}, {"plan", edited, "--json"},
		{"webhook", "test", "one"}, {"webhook", "test", "filled"}, {"webhook", "retry", "one"}, {"resend", "e0", "--all"},
		{"webhook", "edit", "signed", "--header", "X-New-Token=" + planted},
		{"webhook", "edit", "queried", "--set", "timeout=9s"}, {"webhook", "off", "proxied"}, {"webhook", "remove", "filled", "--yes"},
		{"cancel", "e1"}, {"send", "a.b", "--id", "sent"},
	} {
		run(args...)
	}
	eventually(t, "the edits are in force", func() bool { return strings.Contains(p.text("/v1/webhooks"), "X-New-Token") })
	ask()
	for _, bad := range [][2]string{
		{"headers: {Authorization", "headrs: {Authorization"},
		{"secret: " + planted + "-0123456789abcdef", "secret: {" + planted + ": " + planted + "}"},
		{"secret: " + planted + "-0123456789abcdef}", "secret: " + planted + "}"},
		{"/queried?key=" + planted + "-query", "/queried#" + planted},
		{"proxy: 'http://user:", "proxy: 'gopher://user:"},
		{"postgres://user:", "mysql://user:"},
		{"token_url: '", "token_url: 'ftp://user:" + planted + "@"},
		{"retry: [50ms, 1h]", "retry: ['${CANARY}']"},
		{"allow: [http, any-host, 127.0.0.0/8]", "allow: ['${file:" + named + "}']"},
		{"retry: [50ms, 1h]", "timeout: '${CANARY}'"},
		{"X-Env: '${CANARY}'", "'X Env': '${CANARY}'"},
		{"token: " + planted + "-token", "token: [" + planted},
	} {
		if !strings.Contains(text, bad[0]) {
			t.Fatalf("the file has no %s", bad[0])
		}
		before := len(p.log.lines("edit rejected"))
		save(p.path, strings.Replace(text, bad[0], bad[1], 1))
		eventually(t, "the edit is rejected: "+bad[1], func() bool { return len(p.log.lines("edit rejected")) > before })
		run("check")
		look("/v1/config", p.text("/v1/config"))
		run("webhook", "list")
	}
	save(p.path, text)
	ask()

	cmd.Process.Kill()
	cmd.Wait()
	cmd = p.launchHere()
	time.Sleep(100 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGQUIT)
	ended(cmd)
	if log := p.log.String(); !strings.Contains(log, "goroutine ") {
		t.Error("there is no dump of the goroutines")
	}
	look("the log", p.log.String())
	err := filepath.WalkDir(filepath.Join(dir, "history"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		look(path, string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	counted(t, looked, x.acknowledged(), repeats)
}
