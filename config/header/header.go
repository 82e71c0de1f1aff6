// Package header owns the rules for the headers that a webhook adds to its requests:
// which names they may have, and how they are merged over those of the defaults. It
// promises that none of them is one that sidehook sets or that belongs to a connection,
// and that no value is quoted. Package config is its only caller.
package header

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

// Line is a header as it stands in the file, or the name of one to remove.
type Line struct {
	redact.Header
	At     *yamlnode.Value
	Remove bool
}

// Read reads the headers of a webhook or of the defaults. It leaves the rest to Merge.
func Read(r *yamlnode.Reader, v *yamlnode.Value) []Line {
	given := r.Pairs(v, "write headers: {NAME: VALUE}")
	if len(given) > 2*maxHeaders { // as many as a webhook may add and remove
		r.Fail(v, fmt.Sprintf("must be at most %d, are %d", maxHeaders, len(given)), "")
		return nil
	}
	lines := make([]Line, 0, len(given))
	for i := range given {
		pair := &given[i]
		h := Line{Header: redact.Header{Name: pair.Key()}, At: pair}
		if !goodName(r, pair, lines) {
			continue
		}
		if h.Remove = pair.IsNull(); h.Remove {
			if v.Section() == "defaults" {
				r.Fail(pair, "is empty, must be a value", "at a webhook, null removes a header")
			}
			lines = append(lines, h)
			continue
		}
		t, ok := credential.Read(r, pair)
		bare := credential.BareWord(pair.Node.Value)
		switch {
		case !ok:
		case bare != "":
			r.Fail(pair, yamlnode.NotReplaced(bare), "write ${"+bare[1:]+"}")
		case t.Known && yamlnode.HasControl(t.String()):
			r.Fail(pair, yamlnode.NoControl, yamlnode.OneLine)
		default:
			h.Header = redact.NewHeader(h.Name, t.String(), t.Hidden())
			lines = append(lines, h)
		}
	}
	return lines
}

// goodName checks the name of a header that stands after others.
func goodName(r *yamlnode.Reader, pair *yamlnode.Value, before []Line) bool {
	name := pair.Key()
	if !isToken(name) {
		r.FailKey(pair, "is not a valid name of a header", "write letters, digits and hyphens")
		return false
	}
	if why, hint := reserved(name); why != "" {
		r.FailKey(pair, why, hint)
		return false
	}
	if twin := Find(before, name); twin != nil {
		r.FailKey(pair, fmt.Sprintf("given twice, first as %s in line %d", twin.Name, twin.At.Name.Line), "remove one")
		return false
	}
	return true
}

// Merge returns the headers of a webhook over those of the defaults. At is where headers
// stand; format is that of the body.
func Merge(r *yamlnode.Reader, at *yamlnode.Value, base, own []Line, format string) []redact.Header {
	merged := make([]redact.Header, 0, len(base)+len(own))
	for _, inherited := range base {
		if Find(own, inherited.Name) == nil {
			checkAttribute(r, inherited, format)
			merged = append(merged, inherited.Header)
		}
	}
	size := 0
	for _, line := range own {
		if !line.Remove {
			checkAttribute(r, line, format)
			merged = append(merged, line.Header)
		} else if Find(base, line.Name) == nil {
			r.Warn(line.At, "removes nothing: defaults have no such header", "remove it")
		}
	}
	for _, h := range merged {
		size += len(h.Reveal())
	}
	if len(merged) > maxHeaders {
		r.Fail(at, fmt.Sprintf("must be at most %d with those of defaults, are %d", maxHeaders, len(merged)), "")
	}
	if size > maxHeaderBytes {
		r.Fail(at, fmt.Sprintf("must have values of at most %s with those of defaults, have %d bytes", unit.FormatSize(maxHeaderBytes), size), "")
	}
	return merged
}

// checkAttribute reports a header that would look like an attribute of the event.
func checkAttribute(r *yamlnode.Reader, h Line, format string) {
	if format == "cloudevents-binary" && len(h.Name) > 3 && strings.EqualFold(h.Name[:3], "ce-") {
		r.FailKey(h.At, "would look like an attribute of the event, which cloudevents-binary sends in ce- headers", "remove it, or choose another format")
	}
}

// Find returns the line with a name, nil if there is none.
func Find(lines []Line, name string) *Line {
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
