package report_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"testing"
	"unicode"
	"unicode/utf8"

	"sidehook/relay/command/report"
)

// FuzzPrinting: no command prints anything of the history that a terminal would act
// on, whether an application, a receiver or the file wrote it.
func FuzzPrinting(f *testing.F) {
	f.Add("plain", []byte("ok"))
	f.Add("\x1b[2J\x1b]0;title\x07", []byte("\x1b[31mred\r\n\u009b2J"))
	f.Add("\u202eevil\u2066", []byte("\x00\xff\xfe\u2028"))
	f.Add("a\x9bb\nc\td", []byte("\x1b"))
	own := regexp.MustCompile(`\x1b\[[0-9]{0,2}m`)
	f.Fuzz(func(t *testing.T, text string, body []byte) {
		quoted := func(v any) string {
			b, err := json.Marshal(v)
			if err != nil {
				t.Skip()
			}
			return string(b)
		}
		s := quoted(text)
		event := `{"specversion":"1.0","id":` + s + `,"source":` + s + `,"type":` + s + `,"data":{` + s + `:` + quoted(string(body)) + `}}`
		headers := `{` + s + `:` + quoted(string(body)) + `}`
		for _, payload := range []string{
			`"body":` + quoted(string(body)),
			`"body_base64":"` + base64.StdEncoding.EncodeToString(body) + `"`,
		} {
			attempt := `{"n":1,"at":"2026-11-23T14:55:00Z","kind":"attempt","webhook":` + s + `,"generation":1,"seq":1,"event":` + s + `,"sent_id":` + s +
				`,"type":` + s + `,"attempt":1,"status":` + s + `,"code":500,"error":` + s + `,"took_ms":3,"remote":` + s +
				`,"request":{"url":` + s + `,"headers":` + headers + `},"response":{"headers":` + headers + `,` + payload + `,"truncated":true}}`
			var out bytes.Buffer
			if err := report.PrintAll(&out, []byte(event), []byte(attempt), text); err != nil {
				continue // what is no event is not printed at all
			}
			printed := own.ReplaceAllString(out.String(), "")
			if !utf8.ValidString(printed) {
				t.Errorf("%q, %q: what is printed is not UTF-8", text, body)
			}
			for _, r := range printed {
				if r != '\n' && !unicode.IsGraphic(r) {
					t.Fatalf("%q, %q: printed %U in\n%q", text, body, r, printed)
				}
			}
		}
	})
}
