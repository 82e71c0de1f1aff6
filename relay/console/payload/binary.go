package payload

import (
	"fmt"
	"mime"
	"net/http"
)

const (
	hexLines = 16
	hexWidth = 16 // bytes a line
)

// binary returns the view of a payload that is not text: its first bytes in hexadecimal,
// and as ASCII where they are.
func (v View) binary(body []byte, o Options) View {
	v.Type = mediaType(body, o.Type)
	shown := body[:min(len(body), hexLines*hexWidth, o.Bytes)]
	v.Shown = len(shown)
	m := markup{colour: noElements}
	m.elements++
	m.write(`<pre class="payload hex" tabindex="0">` + "\n")
	for at := 0; at < len(shown); at += hexWidth {
		line := shown[at:min(at+hexWidth, len(shown))]
		ascii := make([]byte, len(line))
		for i, c := range line {
			if ascii[i] = c; c < ' ' || c > '~' {
				ascii[i] = '.'
			}
		}
		m.text(fmt.Appendf(nil, "%04x  %-47s  %s\n", at, fmt.Sprintf("% x", line), ascii))
	}
	m.write("</pre>")
	v.HTML, v.Elements = m.html(), m.elements
	return v
}

// mediaType returns the type that a payload came with, or else the one that its bytes
// make likely.
func mediaType(body []byte, given string) string {
	if name, _, err := mime.ParseMediaType(given); err == nil {
		return name
	}
	return http.DetectContentType(body)
}
