package intake

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"sidehook/history/event"
	"sidehook/relay/httpd"
)

// form is the form of the events in a body.
type form int

const (
	plain      form = iota // sidehook's own, or the CloudEvents 0.1 envelope
	structured             // CloudEvents 1.0
	batch                  // an array of those
	lines                  // one plain event a line
	binary                 // CloudEvents 1.0: attributes in headers, the body is the data
)

func (f form) many() bool { return f == batch || f == lines }

const knownTypes = "application/json, application/cloudevents+json, application/cloudevents-batch+json or application/x-ndjson"

// formOf returns the form that the headers of a request announce.
func formOf(h http.Header) (form, *httpd.Problem) {
	if p := httpd.CheckEncoding(h); p != nil {
		return 0, p
	}
	types := h["Content-Type"]
	// A client of the binary mode sends the Content-Type of its data, which may
	// well be one that means an event elsewhere.
	if len(h["Ce-Specversion"]) > 0 && (len(types) != 1 || !event.NamesCloudEvents(types[0])) {
		return binary, nil
	}
	f, ok := formOfType(types)
	if !ok {
		given := "" // a client may well have set it by itself
		if len(types) > 0 {
			given = fmt.Sprintf(" %.80q", strings.Join(types, ", "))
		}
		return 0, httpd.Unsupported("unsupported Content-Type" + given + "; use " + knownTypes + " in UTF-8; any other type requires ce-specversion (CloudEvents in binary mode)")
	}
	return f, nil
}

func formOfType(values []string) (form, bool) {
	if len(values) != 1 {
		return 0, false
	}
	if f, ok := formNamed(values[0]); ok {
		return f, true
	}
	name, params, err := mime.ParseMediaType(values[0])
	if err != nil {
		return 0, false
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return 0, false
	}
	return formNamed(name)
}

func formNamed(name string) (form, bool) {
	switch name {
	case "application/json":
		return plain, true
	case "application/cloudevents+json":
		return structured, true
	case "application/cloudevents-batch+json":
		return batch, true
	case "application/x-ndjson":
		return lines, true
	}
	return 0, false
}
