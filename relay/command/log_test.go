package command_test

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// logged parses the log, which must be JSON, and returns the lines of a level.
func (s *service) logged(level string) (lines []map[string]any) {
	s.t.Helper()
	for text := range strings.Lines(s.stderr.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			s.t.Errorf("logged %q: %v", text, err)
			continue
		}
		if line["level"] == level {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestLogOfEdits: the log of a rejected edit has the error, its place and its key as
// attributes, and a warning is logged once, however often the file is read.
func TestLogOfEdits(t *testing.T) {
	const warned = "listen: {http: off, socket: s}\nwebhooks:\n  - {name: a, url: 'https://a.example.com/', events: ['a.*']}\n"
	s := newService(t, "off")
	s.write(warned)
	s.start(nil, nil, "sidehook")
	s.expect("READY=1\n.*")
	s.reload(warned, "STATUS=using .*")
	s.reload("# a line more\n"+warned, "STATUS=using .*")
	const bad = "webhooks:\n  - {name: a, url: 'http://a.example.com/', events: ['a.*']}\n"
	s.write(bad)
	s.expect("STATUS=edit rejected; .*")
	s.write(bad + "# again\n") // the same error
	s.expect("STATUS=edit rejected; .*: .*webhooks.yaml:2:20: webhooks\\[0\\] \\(a\\).url: must use https.*")
	s.write(warned)
	s.expect("STATUS=using .*")
	s.signal(syscall.SIGTERM)
	s.expect("STOPPING=1\n.*")
	if code := s.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	warnings := slices.DeleteFunc(s.logged("WARN"), func(line map[string]any) bool {
		return line["msg"] != "configuration warning"
	})
	if len(warnings) != 1 || warnings[0]["key"] != "webhooks[0] (a)" && warnings[0]["key"] != "webhooks[0] (a).secret" {
		t.Errorf("warnings %v", warnings)
	}
	if !slices.ContainsFunc(s.logged("INFO"), func(line map[string]any) bool {
		return line["msg"] == "edit accepted after rejected ones" && line["rejected"] == 2.0
	}) {
		t.Error("the log does not say how many edits were rejected")
	}
	problems := s.logged("ERROR")
	if len(problems) != 1 {
		t.Fatalf("errors %v", problems)
	}
	p := problems[0]
	if p["where"] != s.path("webhooks.yaml")+":2:20" || p["key"] != "webhooks[0] (a).url" || !strings.HasPrefix(p["error"].(string), "must use https; ") {
		t.Errorf("error %v", p)
	}
}

// TestLogOfStart: the log is JSON even if the relay cannot start.
func TestLogOfStart(t *testing.T) {
	for text, want := range map[string]string{
		"webhook: []\n":            `unknown key; did you mean "webhooks"?`,
		"history: {dir: notify}\n": "not a directory",
	} {
		s := newService(t, "off")
		s.write(text)
		s.start(nil, nil, "sidehook")
		if code := s.ends(); code != 1 {
			t.Errorf("exit code %d", code)
		}
		lines := s.logged("ERROR")
		if len(lines) != 1 || !strings.Contains(lines[0]["error"].(string), want) {
			t.Errorf("%q: logged %v, want %q", text, lines, want)
		}
	}
}
