package config

import (
	"fmt"
	"strings"
)

// Limits on the headers of a webhook, those of the defaults among them.
const (
	maxHeaders     = 32
	maxHeaderBytes = 4 << 10 // of their values
)

// headerLine is a header as it stands in the file, or the name of one that is
// taken away.
type headerLine struct {
	Header
	at     *value
	remove bool
}

func readHeaders(l *loader, v *value, d *partial) {
	pairs := l.pairs(v, "write headers: {NAME: VALUE}")
	if len(pairs) > 2*maxHeaders { // as many as a webhook may add and take away
		l.fail(v, fmt.Sprintf("must be at most %d, are %d", maxHeaders, len(pairs)), "")
		return
	}
	d.headersAt, d.headers = v, make([]headerLine, 0, len(pairs))
	for i := range pairs {
		pair := &pairs[i]
		h := headerLine{Header: Header{Name: pair.name.Value}, at: pair}
		if !l.goodName(pair, d) {
			continue
		}
		if h.remove = isNull(pair.node); h.remove {
			if v.section() == "defaults" {
				l.fail(pair, "is empty, must be a value", "null takes a header away, at a webhook")
			}
			d.headers = append(d.headers, h)
			continue
		}
		t, ok := l.credential(pair)
		bare := bareWord.FindStringSubmatch(pair.node.Value)
		switch {
		case !ok:
		case bare != nil:
			l.fail(pair, "holds $"+bare[1]+" as it stands: nothing is filled in", "write ${"+bare[1]+"}")
		case t.known && hasControl(t.string):
			l.fail(pair, "must not hold control characters", oneLine)
		default:
			h.Header = newHeader(h.Name, t.string, t.filled)
			d.headers = append(d.headers, h)
		}
	}
}

// goodName judges the name of a header, which stands beside those in d.
func (l *loader) goodName(pair *value, d *partial) bool {
	name := pair.name.Value
	if !isToken(name) {
		l.failKey(pair, "is no name of a header", "write letters, digits and hyphens")
		return false
	}
	if why, hint := reserved(name); why != "" {
		l.failKey(pair, why, hint)
		return false
	}
	if twin := find(d.headers, name); twin != nil {
		l.failKey(pair, fmt.Sprintf("given twice, first as %s in line %d", twin.Name, twin.at.name.Line), "remove one")
		return false
	}
	return true
}

// completeHeaders merges the webhook's headers over those of the defaults.
func (l *loader) completeHeaders(d, base *partial) {
	d.Headers = make([]Header, 0, len(base.headers)+len(d.headers))
	for _, inherited := range base.headers {
		if find(d.headers, inherited.Name) == nil {
			l.judgeAttribute(inherited, d.Format)
			d.Headers = append(d.Headers, inherited.Header)
		}
	}
	size := 0
	for _, own := range d.headers {
		if !own.remove {
			l.judgeAttribute(own, d.Format)
			d.Headers = append(d.Headers, own.Header)
		} else if find(base.headers, own.Name) == nil {
			l.warn(own.at, "takes nothing away: defaults have no such header", "remove it")
		}
	}
	for _, h := range d.Headers {
		size += len(h.Reveal())
	}
	if d.headersAt == nil {
		d.headersAt = base.headersAt
	}
	if len(d.Headers) > maxHeaders {
		l.fail(d.headersAt, fmt.Sprintf("must be at most %d with those of defaults, are %d", maxHeaders, len(d.Headers)), "")
	}
	if size > maxHeaderBytes {
		l.fail(d.headersAt, fmt.Sprintf("must have values of at most %s with those of defaults, have %d bytes", formatSize(maxHeaderBytes), size), "")
	}
}

// judgeAttribute reports a header that would pass for an attribute of the event.
func (l *loader) judgeAttribute(h headerLine, format string) {
	if format == "cloudevents-binary" && len(h.Name) > 3 && strings.EqualFold(h.Name[:3], "ce-") {
		l.failKey(h.at, "would be an attribute of the event, which cloudevents-binary has in such headers", "remove it, or choose another format")
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
