package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/config"
)

func TestExpansion(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "host"), "hooks.example.com\n")
	write(t, filepath.Join(dir, "crlf"), "two\nlines\r\n")
	write(t, filepath.Join(dir, "token"), "t0ken")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("SECONDS", "7")
	t.Setenv("EMPTY", "")
	path := filepath.Join(dir, "webhooks.yaml")
	write(t, path, `
listen: {http: ":80", token: "${cred:token}"}
webhooks:
  - name: a
    description: "${SECONDS}, $${SECONDS} $$${ $SECONDS ${EMPTY}${file:crlf}"
    url: https://${file:host}/${SECONDS}?a=b
    events: ["x.${SECONDS}"]
    secret: ${file:`+filepath.Join(dir, "token")+`}12345678901234567890123456789
    headers: {X-A: "a${SECONDS}", X-B: "$${b}"}
    timeout: ${SECONDS}s
    concurrency: ${SECONDS}
`)
	f, err := config.Load(path, config.Run)
	if err != nil {
		t.Fatal(err)
	}
	w := f.Webhooks[0]
	for _, c := range []struct{ got, want string }{
		{f.Listen.Token.Reveal(), "t0ken"},
		{w.Description, "7, ${SECONDS} $${ $SECONDS two\nlines"},
		{w.URL.Reveal(), "https://hooks.example.com/7?a=b"},
		{w.URL.Redacted(), "https://hooks.example.com/***"},
		{w.Events[0], "x.7"},
		{w.Secrets[0].Reveal(), "t0ken12345678901234567890123456789"},
		{fmt.Sprint(w.Headers), "[X-A: *** X-B: ${b}]"},
		{w.Headers[0].Reveal(), "a7"},
		{w.Timeout.String(), "7s"},
		{fmt.Sprint(w.Concurrency), "7"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestModes: a variable that is not set is an error for run and a warning for check. The
// other commands report it only if they need its value.
func TestModes(t *testing.T) {
	const text = `listen: {http: ":80", token: "${UNSET_OF_TEST}"}
webhooks:
  - name: a
    url: https://a.example/${UNSET_OF_TEST}
    events: [x]
    secret: ${UNSET_OF_TEST}
    timeout: ${UNSET_OF_TEST}
    headers: {X-A: "${UNSET_OF_TEST}"}
`
	const unset = "environment variable UNSET_OF_TEST is not set"
	const hint = " here; run will not start without it"
	at := []string{"1:30: listen.token: ", "4:10: webhooks[0] (a).url: ", "6:13: webhooks[0] (a).secret: ", "7:14: webhooks[0] (a).timeout: ", "8:20: webhooks[0] (a).headers.X-A: "}
	lines := func(severity, hint string, at ...string) string {
		var b strings.Builder
		for _, at := range at {
			place, path, _ := strings.Cut(at, " ")
			fmt.Fprintf(&b, "webhooks.yaml:%s %s%s%s%s\n", place, severity, path, unset, hint)
		}
		return strings.TrimSuffix(b.String(), "\n")
	}

	if _, err := config.Parse("webhooks.yaml", []byte(text), config.Run); err == nil || err.Error() != lines("", "", at...) {
		t.Errorf("run: got\n%v\nwant\n%s", err, lines("", "", at...))
	}
	f := load(t, text, config.Check)
	if got, want := f.Warnings.Error(), lines("warning: ", hint, at...); got != want {
		t.Errorf("check: got\n%s\nwant\n%s", got, want)
	}
	if got, want := fmt.Sprint(f.Webhooks[0].URL, f.Webhooks[0].Secrets, f.Webhooks[0].Headers, f.Webhooks[0].Timeout), "https://a.example/*** [***] [X-A: ***] 15s"; got != want {
		t.Errorf("check: got %s, want %s", got, want)
	}
	f = load(t, text+"nonsense: true\n", config.Tools)
	if got, want := f.Warnings.Error(), lines("warning: ", "", at[0]); got != want {
		t.Errorf("tools: got\n%s\nwant\n%s", got, want)
	}
	if len(f.Webhooks) != 0 || f.Listen.HTTP != ":80" {
		t.Errorf("tools: got %+v", f)
	}
	// A bad edit stops no command: what of it can be read holds.
	for text, want := range map[string]string{
		"history: {dir: '${UNSET_OF_TEST}'}\nlisten: {http: off}\n": `"" "history" f:1:16: history.dir: ` + unset,
		"listen: {http: off, socket: [s]}\n":                        `"" "history" f:1:29: listen.socket: must be a single value, not a list`,
		"listen: {http: off\n":                                      `"127.0.0.1:4665" "history" f:1:9: is not valid YAML: did not find expected ',' or '}'; close the mapping that begins here with }`,
		"":                                                          `"127.0.0.1:4665" "history" f:1:1: is empty; write webhooks: [] for none`,
		"listen: {http: off}\n":                                     `"" "history" `,
	} {
		f, err := config.Parse("f", []byte(text), config.Tools)
		if err != nil {
			t.Errorf("tools: %q: %v", text, err)
			continue
		}
		if got := fmt.Sprintf("%q %q %v", f.Listen.HTTP, f.History.Dir, f.Unread.Error()); got != want {
			t.Errorf("tools: %q: got %s, want %s", text, got, want)
		}
	}
	if _, err := config.Load("nowhere.yaml", config.Tools); err == nil {
		t.Error("tools: a file that is not there is no error")
	}
}

// TestUnreadable: the file cannot be read, or is not YAML.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "open.yaml", hook)
	write(t, "names.yaml", "source: ${file:open.yaml}\n")
	write(t, "large.yaml", hook+strings.Repeat("#", 16<<20))
	write(t, "large", strings.Repeat("a", 64<<10+1))
	write(t, "names-large.yaml", "source: ${file:large}\n")
	if err := os.Chmod("open.yaml", 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{"none.yaml", "none.yaml: cannot be read: no such file or directory"},
		{".", ".: is not a regular file"},
		{"open.yaml", "open.yaml: is writable by everyone; run chmod o-w on it"},
		{"names.yaml", "names.yaml:1:9: source: file open.yaml is writable by everyone; run chmod o-w on it"},
		{"large.yaml", "large.yaml: is larger than 16MiB"},
		{"names-large.yaml", "names-large.yaml:1:9: source: file large is larger than 64KiB"},
	} {
		if _, err := config.Load(c.path, config.Run); fmt.Sprint(err) != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// The hash covers the file and those that it names.
func TestHash(t *testing.T) {
	t.Chdir(t.TempDir())
	hash := func(file, named string) string {
		write(t, "f", file)
		write(t, "named", named)
		f, err := config.Load("f", config.Run)
		if err != nil {
			t.Fatal(err)
		}
		return f.Hash
	}
	first := hash("source: ${file:named}\n", "a")
	for _, c := range []struct {
		file, named string
		same        bool
	}{
		{"source: ${file:named}\n", "a", true},
		{"source: ${file:named}\n", "b", false},
		{"source: ${file:named} \n", "a", false},
	} {
		if got := hash(c.file, c.named) == first; got != c.same {
			t.Errorf("%q with %q: same %v, want %v", c.file, c.named, got, c.same)
		}
	}
}
