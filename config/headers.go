package config

import (
	"fmt"
	"strings"

	"sidehook/config/credential"
	"sidehook/config/redact"
	"sidehook/config/unit"
	"sidehook/config/yamlnode"
)

// Limits for the headers of a webhook, including those of the defaults.
const (
	maxHeaders     = 32
	maxHeaderBytes = 4 << 10 // of their values
)

// headerLine is a header as it stands in the file, or the name of one to remove.
type headerLine struct {
	Header
	at     *value
	remove bool
}

// readHeaders leaves the rest to finishHeaders, which merges them with those of
// the defaults.
func readHeaders(l *loader, v *value, _ *[]Header) {
	d, given := l.partial, l.Pairs(v, "write headers: {NAME: VALUE}")
	if len(given) > 2*maxHeaders { // as many as a webhook may add and remove
		l.Fail(v, fmt.Sprintf("must be at most %d, are %d", maxHeaders, len(given)), "")
		return
	}
	d.headers = make([]headerLine, 0, len(given))
	for i := range given {
		pair := &given[i]
		h := headerLine{Header: Header{Name: pair.Key()}, at: pair}
		if !l.goodName(pair, d.headers) {
			continue
		}
		if h.remove = pair.IsNull(); h.remove {
			if v.Section() == "defaults" {
				l.Fail(pair, "is empty, must be a value", "at a webhook, null removes a header")
			}
			d.headers = append(d.headers, h)
			continue
		}
		t, ok := credential.Read(l.Reader, pair)
		bare := credential.BareWord(pair.Node.Value)
		switch {
		case !ok:
		case bare != "":
			l.Fail(pair, yamlnode.NotReplaced(bare), "write ${"+bare[1:]+"}")
		case t.Known && yamlnode.HasControl(t.String()):
			l.Fail(pair, yamlnode.NoControl, yamlnode.OneLine)
		default:
			h.Header = redact.NewHeader(h.Name, t.String(), t.Hidden())
			d.headers = append(d.headers, h)
		}
	}
}

// goodName checks the name of a header that stands after others.
func (l *loader) goodName(pair *value, before []headerLine) bool {
	name := pair.Key()
	if !isToken(name) {
		l.FailKey(pair, "is not a valid name of a header", "write letters, digits and hyphens")
		return false
	}
	if why, hint := reserved(name); why != "" {
		l.FailKey(pair, why, hint)
		return false
	}
	if twin := find(before, name); twin != nil {
		l.FailKey(pair, fmt.Sprintf("given twice, first as %s in line %d", twin.Name, twin.at.Name.Line), "remove one")
		return false
	}
	return true
}

// finishHeaders merges the webhook's headers over those of the defaults.
func (l *loader) finishHeaders(d, base *partial) {
	d.Headers = make([]Header, 0, len(base.headers)+len(d.headers))
	for _, inherited := range base.headers {
		if find(d.headers, inherited.Name) == nil {
			l.checkAttribute(inherited, d.Format)
			d.Headers = append(d.Headers, inherited.Header)
		}
	}
	size := 0
	for _, own := range d.headers {
		if !own.remove {
			l.checkAttribute(own, d.Format)
			d.Headers = append(d.Headers, own.Header)
		} else if find(base.headers, own.Name) == nil {
			l.Warn(own.at, "removes nothing: defaults have no such header", "remove it")
		}
	}
	for _, h := range d.Headers {
		size += len(h.Reveal())
	}
	if len(d.Headers) > maxHeaders {
		l.Fail(d.at("headers"), fmt.Sprintf("must be at most %d with those of defaults, are %d", maxHeaders, len(d.Headers)), "")
	}
	if size > maxHeaderBytes {
		l.Fail(d.at("headers"), fmt.Sprintf("must have values of at most %s with those of defaults, have %d bytes", unit.FormatSize(maxHeaderBytes), size), "")
	}
}

// checkAttribute reports a header that would look like an attribute of the event.
func (l *loader) checkAttribute(h headerLine, format string) {
	if format == "cloudevents-binary" && len(h.Name) > 3 && strings.EqualFold(h.Name[:3], "ce-") {
		l.FailKey(h.at, "would look like an attribute of the event, which cloudevents-binary sends in ce- headers", "remove it, or choose another format")
	}
}

func find(lines []headerLine, name string) *headerLine {
	for i := range lines {
		if strings.EqualFold(lines[i].Name, name) {
			return &lines[i]
		}
	}
	return nil
}

// reserved returns why a webhook cannot have a header of that name, and what to do
// instead; "" if it can.
func reserved(name string) (why, hint string) {
	switch strings.ToLower(name) {
	case "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
		"te", "trailer", "transfer-encoding", "upgrade":
		return "is a hop-by-hop header", ""
	case "host", "content-length", "content-type":
		return "is set from the request itself", ""
	case "user-agent":
		return "has a key of its own", "write user_agent: …"
	case "webhook-id", "webhook-timestamp", "webhook-signature", "qlik-signature",
		"x-hub-signature-256", "x-github-event", "x-github-delivery", "stripe-signature",
		"x-shopify-hmac-sha256", "x-shopify-topic", "x-shopify-webhook-id":
		return "is a signature header", "choose it by profile or signature"
	}
	if strings.HasPrefix(strings.ToLower(name), "sidehook-") {
		return "is one that sidehook sets", ""
	}
	return "", ""
}

// isToken reports whether s is a token of RFC 9110, as a header's name must be.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") == ""
}
