package consoletest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// canary is part of every secret.
const canary = "c4n4ryc4n4ryc4n4ry"

// TestSecrets: no page has a secret, wherever it stands: in the file, in the environment,
// in a file that is named, in a header of a request or of an answer.
func TestSecrets(t *testing.T) {
	t.Setenv("CANARY", canary+"-environment-0123456789")
	named := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(named, []byte(canary+"-named-file-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &scene{receiver: consoletest.NewReceiver(t)}
	s.receiver.Answer("/one", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", canary)
		w.Header().Set("X-Api-Key", canary)
		w.WriteHeader(500)
	})
	s.receiver.Answer("/token", consoletest.Answer(200, "application/json", `{"access_token":"`+canary+`","token_type":"Bearer","expires_in":3600}`))
	file := "defaults:\n  headers: {X-Default-Token: " + canary + "}\nwebhooks:\n" +
		s.entry("one", "'**'", ", headers: {Authorization: Bearer "+canary+", X-Api-Key: "+canary+", X-Env: '${CANARY}', Cookie: "+canary+"}, retry: [1h]") +
		strings.ReplaceAll(s.entry("signed", "'**'", ", secret: "+canary+"-0123456789abcdef, retry: []"), ", signature: none", "") +
		strings.ReplaceAll(s.entry("rotating", "'**'", ", secret: ["+canary+"-0123456789abcdef, '${file:"+named+"}', '${CANARY}'], retry: []"), ", signature: none", "") +
		s.entry("authorized", "'**'", ", retry: [], oauth2: {token_url: '"+s.receiver.URL+"/token', client_id: me, client_secret: "+canary+"}") +
		s.entry("proxied", "'**'", ", retry: [], proxy: 'http://user:"+canary+"@127.0.0.1:9'") +
		"  - {name: addressed, url: '" + s.receiver.URL + "/addressed?key=" + canary + "', events: ['**'], allow: [http, any-host, 127.0.0.0/8], signature: none, retry: []}\n" +
		"  - {name: filled, url: '" + s.receiver.URL + "/${CANARY}', events: ['**'], allow: [http, any-host, 127.0.0.0/8], signature: none, retry: []}\n"
	s.Relay = consoletest.Start(t, consoletest.Setup{File: file, Listen: "console: edit\n  token: " + canary + "-token\n  read_token: " + canary + "-read"})
	s.Post(`{"type":"a.b","id":"e1","data":{"x":1}}`)
	consoletest.Eventually(t, "attempts are made", func() bool { return len(s.receiver.Taken("/one")) > 0 && len(s.receiver.Taken("/authorized")) > 0 })
	s.Settled()
	paths := []string{"/", "/new", "/events", "/events/e1", "/events/e1/data", "/events/e1/raw", "/deliveries", "/resend?since=24h", "/config"}
	names := []string{"one", "signed", "rotating", "authorized", "proxied", "addressed", "filled"}
	for _, name := range names {
		paths = append(paths, "/webhooks/"+name, "/webhooks/"+name+"/edit", "/webhooks/"+name+"/yaml")
	}
	look := func(when string) {
		for _, path := range paths {
			status, body, _ := s.Get(path)
			if status != http.StatusOK {
				t.Errorf("%s: status %d", path, status)
			}
			if at := strings.Index(body, canary); at >= 0 {
				t.Errorf("%s, %s: a secret: …%s…", path, when, body[max(0, at-200):min(len(body), at+40)])
			}
		}
	}
	look("in force")
	tab := s.signedIn(t)
	for _, name := range names {
		s.open(t, tab, "/webhooks/"+name+"/edit")
		tab.Fill("[name=description]", "another")
		tab.ClickText("button", "Review")
		tab.WaitText("#review", "another")
		if html := tab.HTML(); strings.Contains(html, canary) {
			t.Errorf("the review of %s has a secret", name)
		}
	}
	s.Save(strings.Replace(file, "retry: [1h]", "retri: ["+canary+"]", 1))
	consoletest.Eventually(t, "the edit is refused", func() bool {
		_, body, _ := s.Get("/config")
		return strings.Contains(body, "retri")
	})
	paths = []string{"/", "/config", "/webhooks/one"}
	look("refused")
}
