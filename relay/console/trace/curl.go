package trace

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/shell"
)

// requestBody is the body of the requests of an event to a webhook, once it is needed.
type requestBody struct {
	from    Operator
	webhook string
	which   query.EventRef
	asked   bool
	data    admin.EventData
	err     error
}

func (b *requestBody) get(ctx context.Context) *requestBody {
	if !b.asked {
		b.asked = true
		b.data, b.err = b.from.RequestBody(ctx, b.webhook, b.which)
	}
	return b
}

// maxCurlBody is the most bytes of a body that stand in a command.
const maxCurlBody = 4 << 10

// secret stands in a command for what is not shown.
const secret = "$SECRET"

// mask is what the history has in place of secrets.
const mask = "***"

// curlOf returns the command that makes the request of an attempt again. Secrets, and
// signatures, which are made of them, are to be put in by who runs it.
func curlOf(r api.Request, body *requestBody) string {
	var b strings.Builder
	b.WriteString("curl " + quoteShell(r.URL))
	for _, h := range r.Headers {
		value := h.Value
		if signs(h.Name) {
			value = mask
		}
		line := h.Name + ": " + value
		if value == "" {
			line = h.Name + ";" // as curl has it
		}
		b.WriteString(" \\\n  -H " + quoteShell(line))
	}
	text := string(body.data.Body)
	switch {
	case body.err != nil:
		b.WriteString(" \\\n  --data-binary @body # its body cannot be made now: " + strings.Join(strings.Fields(body.err.Error()), " "))
	case len(text) == 0:
		b.WriteString(" \\\n  -X POST")
	case len(text) > maxCurlBody || !utf8.ValidString(text) || strings.ContainsFunc(text, acts):
		b.WriteString(" \\\n  --data-binary @body # download it below")
	default:
		b.WriteString(" \\\n  --data-raw " + shell.InQuotes(text))
	}
	return b.String()
}

// signs reports whether a header of that name is a signature.
func signs(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "signature") || strings.Contains(name, "hmac")
}

// acts reports whether a terminal may act on a character that is pasted.
func acts(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// quoteShell returns an argument as a shell takes it, with a variable where something is
// not shown.
func quoteShell(arg string) string {
	if !strings.Contains(arg, mask) {
		return shell.InQuotes(arg)
	}
	arg = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(arg)
	return `"` + strings.ReplaceAll(arg, mask, secret) + `"`
}
