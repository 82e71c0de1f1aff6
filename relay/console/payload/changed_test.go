package payload_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sidehook/relay/api"
	"sidehook/relay/console/payload"
)

func TestChanged(t *testing.T) {
	answer := func(code int, body string, headers ...string) payload.Answer {
		a := payload.Answer{Code: code, Body: []byte(body)}
		for i := 0; i < len(headers); i += 2 {
			a.Headers = append(a.Headers, api.Header{Name: headers[i], Value: headers[i+1]})
		}
		return a
	}
	for name, c := range map[string]struct {
		before, after payload.Answer
		want          string
	}{
		"nothing":    {answer(200, "ok", "A", "1"), answer(200, "ok", "A", "1"), ""},
		"the date":   {answer(200, "ok", "Date", "1"), answer(200, "ok", "Date", "2"), ""},
		"status":     {answer(503, ""), answer(200, ""), "- 503 Service Unavailable\n+ 200 OK\n"},
		"unknown":    {answer(599, ""), answer(200, ""), "- 599\n+ 200 OK\n"},
		"no answer":  {payload.Answer{Error: "connection refused"}, answer(200, ""), "- no answer: connection refused\n+ 200 OK\n"},
		"error":      {payload.Answer{Error: "a"}, payload.Answer{Error: "b"}, "- no answer: a\n+ no answer: b\n"},
		"headers":    {answer(200, "", "A", "1", "B", "2"), answer(200, "", "B", "3", "A", "1", "C", "4"), "- B: 2\n+ B: 3\n+ C: 4\n"},
		"body":       {answer(200, "a\nb\nc\nd\ne\nf"), answer(200, "a\nb\nc\nx\ne\nf"), "  …\n  c\n- d\n+ x\n  e\n"},
		"a line in":  {answer(200, "a\nb\n"), answer(200, "a\nx\nb\n"), "  a\n+ x\n  b\n"},
		"members":    {answer(200, `{"a":1,"b":2,"c":3}`), answer(200, `{"a":1,"b":5,"c":3}`), "  …\n    \"a\": 1,\n-   \"b\": 2,\n+   \"b\": 5,\n    \"c\": 3\n"},
		"from none":  {answer(200, ""), answer(200, "a\nb"), "+ a\n+ b\n"},
		"to none":    {answer(200, "a"), answer(200, ""), "- a\n"},
		"binary":     {answer(200, "a\x00"), answer(200, "\xff"), "- a body of 2 B\n+ another body of 1 B\n"},
		"markup":     {answer(200, "<del>"), answer(200, "</ins>\u202e"), "- <del>\n+ </ins>⟨U+202E⟩\n"},
		"two places": {answer(200, "a\nb\nc\nd\ne\nf\ng"), answer(200, "a\nB\nc\nd\ne\nF\ng"), "  a\n- b\n+ B\n  c\n  …\n  e\n- f\n+ F\n  g\n"},
		"line ends":  {answer(200, "a\r\nb\r\n"), answer(200, "a\r\nc\r\n"), "  a\n- b\n+ c\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, payload.Changed(c.before, c.after))
			if got := s.text; got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			for _, e := range s.elements {
				if !slices.Contains([]string{"pre.class=payload changed", "del", "ins"}, e) {
					t.Errorf("there is %s", e)
				}
			}
		})
	}
}

// TestChangedMuch: however much changed, little is shown and little compared.
func TestChangedMuch(t *testing.T) {
	var before, after strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&before, "%d\n", i)
		fmt.Fprintf(&after, "%d\n", i*7)
	}
	s := parse(t, payload.Changed(payload.Answer{Body: []byte(before.String())}, payload.Answer{Body: []byte(after.String())}))
	if lines := strings.Count(s.text, "\n"); lines != 61 || !strings.HasSuffix(s.text, "more lines\n") || len(s.elements) > 70 {
		t.Errorf("%d lines in %d elements, the last %q", lines, len(s.elements), s.text[max(0, len(s.text)-40):])
	}
	long := payload.Changed(payload.Answer{Body: []byte(strings.Repeat("a", 10_000))}, payload.Answer{Body: []byte(strings.Repeat("b", 10_000))})
	if len(long) > 1200 {
		t.Errorf("a long line takes %d bytes", len(long))
	}
}
