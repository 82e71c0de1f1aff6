package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/config"
)

const plainSecret = "0123456789abcdef0123456789abcdef"

// loadIn judges text as webhooks.yaml in a folder, and returns its warnings or
// why it is refused, without the folder and the file's name.
func loadIn(t *testing.T, dir, text string, mode config.Mode) (*config.File, string) {
	t.Helper()
	path := filepath.Join(dir, "webhooks.yaml")
	write(t, path, text)
	f, err := config.Load(path, mode)
	said := fmt.Sprint(err)
	if err == nil {
		said = f.Warnings.Error()
	}
	return f, strings.ReplaceAll(strings.ReplaceAll(said, path+":", ""), dir+"/", "")
}

// A byte order mark at the start of a file is not part of what it holds, and a
// secret that has it would sign what no receiver can verify.
func TestByteOrderMark(t *testing.T) {
	const bom = "\ufeff"
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	write(t, filepath.Join(dir, "secret"), bom+plainSecret+"\r\n")
	write(t, filepath.Join(dir, "token"), bom+"t0ken")
	write(t, filepath.Join(dir, "number"), bom+"7\n")
	write(t, filepath.Join(dir, "host"), bom+"hooks.example.com")
	write(t, filepath.Join(dir, "only"), bom)
	const text = `listen: {token: "${cred:token}"}
webhooks:
  - name: a
    description: a${file:only}b
    url: https://${file:host}/x
    events: [x]
    secret: ["${file:secret}", "${cred:secret}"]
    headers: {X-Token: "Bearer ${file:token}"}
    concurrency: ${file:number}
`
	for name, text := range map[string]string{
		"of files":            text,
		"of the file too":     bom + text,
		"with CRLF":           strings.ReplaceAll(text, "\n", "\r\n"),
		"with both":           bom + strings.ReplaceAll(text, "\n", "\r\n"),
		"before a first line": bom + "\n" + text,
	} {
		t.Run(name, func(t *testing.T) {
			f, said := loadIn(t, dir, text, config.Run)
			if f == nil || said != "" {
				t.Fatal(said)
			}
			w := f.Webhooks[0]
			got := fmt.Sprintf("%q", []string{f.Listen.Token.Reveal(), w.Description, w.URL.Reveal(), w.Secrets[0].Reveal(), w.Secrets[1].Reveal(), w.Headers[0].Reveal(), fmt.Sprint(w.Concurrency)})
			want := fmt.Sprintf("%q", []string{"t0ken", "ab", "https://hooks.example.com/x", plainSecret, plainSecret, "Bearer t0ken", "7"})
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	t.Run("place of a problem", func(t *testing.T) {
		_, said := loadIn(t, dir, bom+"source: ''\n", config.Run)
		if want := "1:9: source: must not be empty"; said != want {
			t.Errorf("got %s, want %s", said, want)
		}
	})
	t.Run("of UTF-16", func(t *testing.T) {
		write(t, filepath.Join(dir, "wide"), "\xff\xfea\x00b\x00")
		_, said := loadIn(t, dir, hook+"    secret: ${file:wide}\n", config.Run)
		if want := "6:13: webhooks[0] (a).secret: file wide is UTF-16; save it as UTF-8"; said != want {
			t.Errorf("got %s, want %s", said, want)
		}
		_, said = loadIn(t, dir, "\xff\xfes\x00", config.Run)
		if want := "1:1: is not UTF-8 here; save the file as UTF-8"; said != want {
			t.Errorf("got %s, want %s", said, want)
		}
	})
}

// A secret from ${…} that looks as if something was copied along with it gets a warning,
// and is never shown.
func TestOddEnds(t *testing.T) {
	const s = "s3cr3t789abcdef0123456789abcdef0123"
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	keys := []struct{ path, text string }{
		{"webhooks[0] (a).secret", hook + "    secret: %s\n"},
		{"webhooks[0] (a).secret[1]", hook + "    secret: [" + plainSecret + ", %q]\n"},
		{"defaults.secret", "defaults: {secret: %q}\n" + hook},
		{"webhooks[0] (a).headers.X-A", hook + "    headers: {X-A: 'a %s'}\n"},
		{"defaults.headers.X-A", "defaults: {headers: {X-A: %q}}\n" + hook},
		{"listen.token", "listen: {token: %q}\n"},
		{"listen.read_token", "listen: {read_token: %q}\n"},
		{"webhooks[0] (a).url", "webhooks:\n  - {name: a, url: 'https://a.example/%s', events: [x], signature: none}\n"},
		{"webhooks[0] (a).proxy", hook + "    proxy: http://a:%s@proxy.example\n"},
	}
	for _, c := range []struct {
		value, want string
		only        string // a part of the path; "": every key
	}{
		{s, "", ""},
		{"whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "", ""},
		{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA=", "", ""},
		{"MFKQ9R8GKYQRTWJUPD8ILPZIO2LALASWAAAAAAAAAA==", "", ""},
		{s + " ", "ends with a space", ""},
		{" " + s, "begins with a space", ""},
		{"  " + s + " ", "begins and ends with a space", ""},
		{s + "\u00a0", "ends with the invisible character U+00A0", ""},
		{"\u200b" + s, "begins with the invisible character U+200B", ""},
		{"\ufeff\ufeff" + s, "begins with the invisible character U+FEFF", ""},
		{`"` + s + `"`, `begins and ends with a quote (")`, ""},
		{"'" + s + "'", "begins and ends with a quote (')", ""},
		{"`" + s, "begins with a quote (`)", ""},
		{s + `"`, `ends with a quote (")`, ""},
		{"“" + s + "”", "begins with a quote (“) and ends with a quote (”)", ""},
		{`"` + s + " ", `begins with a quote (") and ends with a space`, ""},
		{"<" + s + ">", "stands in brackets (< and >)", ""},
		{"{" + s + "}", "stands in brackets ({ and })", ""},
		{"(" + s, "", "secret"},
		{s + ",", "ends with a comma", ""},
		{s + ";", "ends with a semicolon", ""},
		{"APPS_SECRET=" + s, "begins with NAME=", "secret"},
		{"export APPS_SECRET=" + s, "begins with NAME=", "secret"},
		{"APPS_SECRET=" + s, "begins with NAME=", "token"},
		{"APPS_SECRET=" + s, "", "headers"},
	} {
		t.Setenv("ODD", c.value)
		write(t, filepath.Join(dir, "odd"), c.value+"\n")
		for _, reference := range []string{"${ODD}", "${file:odd}", "${cred:odd}"} {
			for _, key := range keys {
				if !strings.Contains(key.path, c.only) {
					continue
				}
				modes := []config.Mode{config.Run, config.Check}
				if reference != "${file:odd}" {
					modes = modes[:1]
				}
				for _, mode := range modes {
					_, said := loadIn(t, dir, fmt.Sprintf(key.text, reference), mode)
					if strings.Contains(said, "s3cr3t") {
						t.Errorf("%s %s %q: shown in %s", key.path, reference, c.value, said)
					}
					warning := "warning: " + key.path + ": the value of " + reference + " "
					if c.want == "" && strings.Contains(said, warning) {
						t.Errorf("%s %s %q: got %s", key.path, reference, c.value, said)
					}
					if c.want != "" && !strings.Contains(said, warning+c.want+"; remove it unless it is intended") {
						t.Errorf("%s %s %q:\n got %s\nwant %s", key.path, reference, c.value, said, warning+c.want)
					}
				}
			}
		}
	}
	t.Run("in the file itself", func(t *testing.T) {
		if _, said := loadIn(t, dir, hook+"    secret: '\"0123456789abcdef0123456789abcdef\"'\n", config.Run); said != "" {
			t.Error(said)
		}
	})
}

// A control character is no part of a secret, whatever the kind of secret, and
// wherever it stands.
func TestControlInSecret(t *testing.T) {
	dir := t.TempDir()
	for _, value := range []string{
		plainSecret + "\n\n", plainSecret + "\r\n\r\n", "\n" + plainSecret, plainSecret + "\t", plainSecret[:16] + "\x00" + plainSecret[16:],
		plainSecret + "\u0085", plainSecret + "\x7f", plainSecret + "\nAB=C\n", "\x1b[0m" + plainSecret,
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\n", "whsec_MfKQ9r8GKYqr\nTwjUPD8ILPZIo2LaLaSw", "whsec_\r\nMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n",
	} {
		write(t, filepath.Join(dir, "odd"), value)
		for path, text := range map[string]string{
			"6:13: webhooks[0] (a).secret":      hook + "    secret: ${file:odd}\n",
			"6:15: webhooks[0] (a).secret[0]":   hook + "    secret: [ \"${file:odd}\"]\n",
			"6:20: webhooks[0] (a).headers.X-A": hook + "    headers: {X-A: '${file:odd}'}\n",
			"1:17: listen.token":                "listen: {token: '${file:odd}'}\n",
			"6:12: webhooks[0] (a).proxy":       hook + "    proxy: http://a:${file:odd}@proxy.example\n",
			"2:20: webhooks[0] (a).url":         "webhooks:\n  - {name: a, url: 'https://a.example/${file:odd}', events: [x], signature: none}\n",
		} {
			f, said := loadIn(t, dir, text, config.Run)
			if !strings.Contains(said, path+": must not contain control characters; keep it in one line") {
				t.Errorf("%q: got %s, want %s", value, said, path)
			}
			if f != nil || strings.Contains(said, plainSecret[:8]) || strings.Contains(said, "MfKQ") {
				t.Errorf("%q: got %s", value, said)
			}
		}
	}
}
