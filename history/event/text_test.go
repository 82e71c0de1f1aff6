package event_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"sidehook/history/event"
)

func indent(text string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		panic(err)
	}
	return b.String()
}

func TestAppendString(t *testing.T) {
	for s, want := range map[string]string{
		"":                     `""`,
		"plain":                `"plain"`,
		"quite a bit longer ~": `"quite a bit longer ~"`,
		"a\"b\\c/":             `"a\"b\\c/"`,
		"a\r\n\tb\x00\x1b[31m": `"a\r\n\tb\u0000\u001b[31m"`,
		"12345678\x7f":         `"12345678\u007f"`,
		"\u0080\u009f\u00a0":   `"\u0080\u009f` + "\u00a0" + `"`,
		"é €, 😀\u2028":         "\"é €, 😀\u2028\"",
		"\x7f12345678":         `"\u007f12345678"`,
		"\xff12345678":         `"\ufffd12345678"`,
		"a\xffb\xc3":           `"a\ufffdb\ufffd"`,
		"\xed\xa0\x80\ufffd":   `"\ufffd\ufffd\ufffd` + "\ufffd" + `"`,
		"</script><!-- & '":    `"</script><!-- & '"`,
	} {
		got := string(event.AppendString([]byte("x:"), s))
		if got != "x:"+want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

// FuzzString: any text comes back, bad bytes as U+FFFD, and no control
// character is not escaped.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "1234567\"", "12345678\\", "a\x00\x1f\x7f\u0080\u009fb", "é\xff\xc3😀", strings.Repeat("x", 20) + "\n" + strings.Repeat("y", 20)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := event.AppendString(nil, s)
		want := string([]rune(s))
		var said string
		if err := json.Unmarshal(quoted, &said); err != nil || said != want {
			t.Errorf("%q: %s says %q, %v", s, quoted, said, err)
		}
		if got, ok := event.Unquote(quoted); got != want || !ok {
			t.Errorf("%q: Unquote(%s) is %q, %v", s, quoted, got, ok)
		}
		if i := strings.IndexFunc(string(quoted), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }); i >= 0 {
			t.Errorf("%q: a raw control character in %q", s, quoted)
		}
	})
}

func TestUnquote(t *testing.T) {
	for raw, want := range map[string]string{
		`""`: "", `"a\/b"`: "a/b", `"\"\\\b\f\n\r\t"`: "\"\\\b\f\n\r\t", `"\u00e9\uD83D\uDE00"`: "é😀", `"a\ud800b"`: "a\ufffdb", `"\ud800\ud83d\ude00"`: "\ufffd😀",
	} {
		if got, ok := event.Unquote([]byte(raw)); got != want || !ok {
			t.Errorf("%s: got %q, %v, want %q", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"", "1", "null", `{"a":"b"}`, `"`, `"a`, `a"`} {
		if got, ok := event.Unquote([]byte(raw)); got != "" || ok {
			t.Errorf("%s: got %q, %v", raw, got, ok)
		}
	}
	for _, raw := range []string{`"\"`, `"\u"`, `"\u12"`, `"\ud800\u"`, `"\ud800\u12"`, "\"\xff\""} {
		event.Unquote([]byte(raw)) // is no JSON, and must not panic
	}
}
