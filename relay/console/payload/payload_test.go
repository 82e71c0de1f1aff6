package payload_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"sidehook/relay/console/payload"
)

// seen is what a browser makes of HTML.
type seen struct {
	text     string // with the characters that are shown as numbers
	elements []string
}

// parse reads HTML as a browser does, within a page.
func parse(t *testing.T, source template.HTML) (s seen) {
	t.Helper()
	page, err := html.Parse(strings.NewReader("<!doctype html><title>t</title><main>" + string(source) + "</main>"))
	if err != nil {
		t.Fatal(err)
	}
	var main *html.Node
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "main" {
			main = n
		}
	}
	for n := range main.Descendants() {
		switch n.Type {
		case html.TextNode:
			if hidden := n.Parent.Data == "b"; hidden {
				for number := range strings.SplitSeq(n.Data, " ") {
					r, err := strconv.ParseUint(strings.TrimPrefix(number, "U+"), 16, 32)
					if err != nil {
						t.Errorf("a character is shown as %q", n.Data)
					}
					s.text += string(rune(r))
				}
				continue
			}
			s.text += n.Data
		case html.ElementNode:
			what := n.Data
			for _, a := range n.Attr {
				what += "." + a.Key + "=" + a.Val
			}
			s.elements = append(s.elements, what)
		default:
			t.Errorf("there is a node that is neither text nor an element: %q", n.Data)
		}
	}
	return s
}

// allowed are the elements that a payload may have.
var allowed = []string{"pre.class=payload", "pre.class=payload hex.tabindex=0", "span.class=k", "span.class=s", "span.class=n", "span.class=l", "b.class=u"}

func TestJSON(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"object":         {`{"a":1,"b":[true,null]}`, "{\n  k\"a\": n1,\n  k\"b\": [\n    ltrue,\n    lnull\n  ]\n}"},
		"numbers":        {`[12345678901234567890.10,1E400,-0]`, "[\n  n12345678901234567890.10,\n  n1E400,\n  n-0\n]"},
		"escapes":        {`"\u0041\/<\ud800"`, `s"\u0041\/<\ud800"`},
		"duplicates":     {`{"a":1,"a":2}`, "{\n  k\"a\": n1,\n  k\"a\": n2\n}"},
		"order":          {`{"b":"x","a":"y"}`, "{\n  k\"b\": s\"x\",\n  k\"a\": s\"y\"\n}"},
		"empty":          {`{"a":{ },"b":[ ]}`, "{\n  k\"a\": {},\n  k\"b\": []\n}"},
		"quotation":      {`{"a\"b":"c\\"}`, "{\n  k\"a\\\"b\": s\"c\\\\\"\n}"},
		"own space":      {" {\r\n\t\"a\" :1 } \n", "{\n  k\"a\": n1\n}"},
		"strings in row": {`["a","b"]`, "[\n  s\"a\",\n  s\"b\"\n]"},
		"scalar":         {`true`, "ltrue"},
	} {
		t.Run(name, func(t *testing.T) {
			v := payload.Render([]byte(c.body), payload.Options{})
			if v.Kind != payload.JSON {
				t.Errorf("taken for %s", v.Kind)
			}
			got := string(v.HTML)
			for _, class := range []string{"k", "s", "n", "l"} {
				got = strings.ReplaceAll(got, `<span class="`+class+`">`, class)
			}
			got = strings.NewReplacer("</span>", "", "<pre class=\"payload\">\n", "", "</pre>", "").Replace(got)
			if got = html.UnescapeString(got); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	nested := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	for name, c := range map[string]struct {
		body string
		o    payload.Options
		want payload.Kind
	}{
		"nothing":             {"", payload.Options{}, payload.Empty},
		"text":                {"all is well", payload.Options{}, payload.Text},
		"page":                {"<h1>502</h1>", payload.Options{}, payload.Text},
		"JSON with an error":  {`{"a":}`, payload.Options{}, payload.Text},
		"cut JSON":            {`{"a":"b`, payload.Options{Cut: true}, payload.JSON},
		"cut in a literal":    {`{"a":tr`, payload.Options{Cut: true}, payload.JSON},
		"half JSON":           {`{"a":"b`, payload.Options{}, payload.Text},
		"cut with an error":   {`{"a":}, "b`, payload.Options{Cut: true}, payload.Text},
		"lines":               {"{\"a\":1}\n{\"a\":2}\n", payload.Options{}, payload.NDJSON},
		"lines that are cut":  {"{\"a\":1}\n{\"a", payload.Options{Cut: true}, payload.NDJSON},
		"lines with an error": {"{\"a\":1}\n{\"a\":}\n", payload.Options{}, payload.Text},
		"depth 65":            {nested, payload.Options{}, payload.Text},
		"depth 64":            {nested[1 : len(nested)-1], payload.Options{}, payload.JSON},
		"depth bomb":          {strings.Repeat("[", 60<<10), payload.Options{Cut: true}, payload.Text},
		"space bomb":          {strings.Repeat("[", 60) + strings.Repeat("0,", 20_000), payload.Options{Cut: true}, payload.Text},
		"NUL":                 {"a\x00b", payload.Options{}, payload.Binary},
		"Latin-1":             {"caf\xe9", payload.Options{}, payload.Binary},
		"half a letter":       {"caf\xc3", payload.Options{Cut: true}, payload.Text},
		"byte order mark":     {"\ufeff{}", payload.Options{}, payload.Text},
	} {
		t.Run(name, func(t *testing.T) {
			v := payload.Render([]byte(c.body), c.o)
			if v.Kind != c.want {
				t.Errorf("taken for %s, want %s", v.Kind, c.want)
			}
			if len(v.HTML) > 16*len(c.body)+32<<10 {
				t.Errorf("%d bytes become %d", len(c.body), len(v.HTML))
			}
		})
	}
}

func TestHidden(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"bidirectional":   {"a\u202eb\u2066\u2069", `a<b class="u">U+202E</b>b<b class="u">U+2066 U+2069</b>`},
		"of no width":     {"a\u200bb\ufeff", `a<b class="u">U+200B</b>b<b class="u">U+FEFF</b>`},
		"tags":            {"\U000e0041", `<b class="u">U+E0041</b>`},
		"controls":        {"\x1b[31m\x7f\u009b", `<b class="u">U+001B</b>[31m<b class="u">U+007F U+009B</b>`},
		"line ends":       {"a\r\nb\rc\u2028d", `a&#13;` + "\n" + `b<b class="u">U+000D</b>c<b class="u">U+2028</b>d`},
		"blank letters":   {"\u3164\u115f", `<b class="u">U+3164 U+115F</b>`},
		"selectors":       {"a\ufe0f\U000e0101", `a<b class="u">U+FE0F U+E0101</b>`},
		"more selectors":  {"❤\ufe0f\ufe0f", "❤\ufe0f" + `<b class="u">U+FE0F</b>`},
		"joined letters":  {"a\u200db", `a<b class="u">U+200D</b>b`},
		"joined at end":   {"👩\u200d", `👩<b class="u">U+200D</b>`},
		"emoji":           {"👩\u200d🔬 ❤\ufe0f 1\ufe0f⃣", "👩\u200d🔬 ❤\ufe0f 1\ufe0f⃣"},
		"tab, line, wide": {"\ta\n世é", "\ta\n世é"},
	} {
		t.Run(name, func(t *testing.T) {
			v := payload.Render([]byte(c.body), payload.Options{})
			if want := template.HTML("<pre class=\"payload\">\n" + c.want + "</pre>"); v.HTML != want {
				t.Errorf("got %s\nwant %s", v.HTML, want)
			}
			if got := parse(t, v.HTML).text; got != c.body {
				t.Errorf("a browser reads %q, want %q", got, c.body)
			}
		})
	}
}

// TestElements: a payload has no more elements than it may, and loses first the colours
// of its values, then those of its keys, then the frames of hidden characters.
func TestElements(t *testing.T) {
	body := []byte(`{"a":"\u202e","b":[1,2,3,4],"c":` + "\"\u202e\"}")
	for _, c := range []struct{ most, want int }{{10, 11}, {9, 5}, {4, 5}, {3, 2}, {1, 2}} {
		t.Run(strconv.Itoa(c.most), func(t *testing.T) {
			v := payload.Render(body, payload.Options{Elements: c.most})
			got := len(parse(t, v.HTML).elements)
			if v.Elements != got || got != c.want {
				t.Errorf("%d elements, and it says %d; want %d", got, v.Elements, c.want)
			}
		})
	}
	t.Run("none for hidden characters", func(t *testing.T) {
		v := payload.Render([]byte("a\u202eb\u202ec"), payload.Options{Elements: 1})
		if want := template.HTML("<pre class=\"payload\">\na⟨U+202E⟩b⟨U+202E⟩c</pre>"); v.HTML != want {
			t.Errorf("got %s, want %s", v.HTML, want)
		}
	})
}

func TestInline(t *testing.T) {
	for _, c := range []struct {
		text string
		want template.HTML
	}{
		{"a<b>", "a&lt;b&gt;"},
		{"a\u202eb\xff", "a<b class=\"u\">U+202E</b>b\ufffd"},
		{strings.Repeat("\u202ea", 9), template.HTML(strings.Repeat("⟨U+202E⟩a", 9))},
	} {
		if got := payload.Inline(c.text); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestLongPayload(t *testing.T) {
	line := "0123456789abcde\n"
	for name, c := range map[string]struct {
		body  string
		o     payload.Options
		shown int
		note  string
	}{
		"whole":          {line, payload.Options{}, 16, ""},
		"as much":        {strings.Repeat(line, 4096), payload.Options{}, 64 << 10, ""},
		"one more":       {strings.Repeat(line, 4096) + "x", payload.Options{}, 64 << 10, "64.0 KiB of 64.0 KiB shown, 1 B left"},
		"megabytes":      {strings.Repeat(line, 90_000), payload.Options{}, 64 << 10, "64.0 KiB of 1.4 MiB shown, 1.3 MiB left"},
		"own limit":      {strings.Repeat(line, 4), payload.Options{Bytes: 20}, 20, "20 B of 64 B shown, 44 B left"},
		"within a rune":  {"aé", payload.Options{Bytes: 2}, 1, "1 B of 3 B shown, 2 B left"},
		"within a emoji": {"a👩b", payload.Options{Bytes: 4}, 1, "1 B of 6 B shown, 5 B left"},
	} {
		t.Run(name, func(t *testing.T) {
			v := payload.Render([]byte(c.body), c.o)
			if v.Shown != c.shown || v.Note() != c.note {
				t.Errorf("%d bytes, %q; want %d, %q", v.Shown, v.Note(), c.shown, c.note)
			}
			if got := parse(t, v.HTML).text; got != c.body[:c.shown] {
				t.Errorf("what is shown is not the beginning")
			}
		})
	}
}

func TestBinary(t *testing.T) {
	png := append([]byte("\x89PNG\r\n\x1a\n<b>"), bytes.Repeat([]byte{0xff}, 300)...)
	v := payload.Render(png, payload.Options{})
	if want := "311 B, image/png, the first 256 B"; v.Note() != want {
		t.Errorf("got %q, want %q", v.Note(), want)
	}
	first, _, _ := strings.Cut(parse(t, v.HTML).text, "\n")
	if want := "0000  89 50 4e 47 0d 0a 1a 0a 3c 62 3e ff ff ff ff ff  .PNG....<b>....."; first != want {
		t.Errorf("got  %q\nwant %q", first, want)
	}
	if v := payload.Render([]byte{0xff}, payload.Options{Type: "application/x-thing; q=1"}); v.Note() != "1 B, application/x-thing" {
		t.Errorf("got %q", v.Note())
	}
}

// FuzzRender: whatever the bytes are, the page has only the elements of a payload, few
// enough, and its text comes back whole.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{
		"", "text", `{"a":[1,{"b":null}],"c":"</pre><script>alert(1)</script>"}`, "{\"a\":1}\n{\"b\":2}\n", "\n\nlines\r\n\r", "a\x00b", "\xff\xfe",
		"<!--", "]]>", "&amp;&#13;&lt", "\u202e\u200d⟨U+202E⟩", `"\u003c\ud800"`, "[[[[1", "{\"a\xc3", "-", " 1 ", "<svg><style>", "</main>", "<plaintext>", "\ufeff", "\ufffd",
	} {
		f.Add([]byte(seed), 100, 1000, false)
		f.Add([]byte(seed), 3, 8, true)
	}
	f.Fuzz(func(t *testing.T, body []byte, elements, limit int, cut bool) {
		if elements <= 0 || limit <= 0 {
			elements, limit = 0, 0
		}
		v := payload.Render(body, payload.Options{Elements: elements, Bytes: limit, Cut: cut})
		s := parse(t, v.HTML)
		for _, e := range s.elements {
			if !slices.Contains(allowed, e) {
				t.Errorf("there is %s", e)
			}
		}
		if len(s.elements) != v.Elements {
			t.Errorf("%d elements, and it says %d", len(s.elements), v.Elements)
		}
		if most := cmp.Or(elements, payload.ShownElements); v.Elements > most+1 {
			t.Errorf("%d elements, may have %d", v.Elements, most)
		}
		shown := body[:v.Shown]
		want := string(shown)
		switch v.Kind {
		case payload.Empty, payload.Binary:
			return
		case payload.JSON:
			s.text, want = unspaced(s.text), unspaced(want)
			if !cut && v.Left() == 0 && !json.Valid(body) {
				t.Error("it is not JSON")
			}
		}
		if !strings.Contains(string(v.HTML), `<b class="u">`) { // there may have been too many
			s.text, want = numbered(s.text), numbered(want)
		}
		if s.text != want {
			t.Errorf("of %q, %s, a browser reads %q, want %q", body, v.Kind, s.text, want)
		}
	})
}

// unspaced returns JSON without the space between its tokens.
func unspaced(text string) string {
	var b strings.Builder
	in, escaped := false, false
	for _, r := range text {
		if in || !strings.ContainsRune(" \t\r\n", r) {
			b.WriteRune(r)
		}
		switch {
		case escaped:
			escaped = false
		case in && r == '\\':
			escaped = true
		case r == '"':
			in = !in
		}
	}
	return b.String()
}

// numbered returns a text with all characters but the plainest as numbers, those that
// are numbers already, too, so that texts are equal whichever of theirs are.
func numbered(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r == utf8.RuneError || unicode.IsControl(r) || r > 0x7F && r != '⟨' && r != '⟩' {
			fmt.Fprintf(&b, "U+%04X", r)
		} else if !strings.ContainsRune("⟨⟩ ", r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func BenchmarkRender(b *testing.B) {
	body := []byte("[" + strings.Repeat(`{"id":"e65c1481-e8a","n":12.50,"ok":true},`, 1500) + "{}]")
	for b.Loop() {
		payload.Render(body, payload.Options{})
	}
}
