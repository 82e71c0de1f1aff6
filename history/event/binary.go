package event

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
)

// attributePrefix begins the headers that are attributes in the binary mode, in
// the spelling of net/http.
const attributePrefix = "Ce-"

// Binary reads one CloudEvents 1.0 event in the binary mode: headers have its
// attributes, with names as net/http spells them, and the body is its data. JSON stays
// JSON, also without a Content-Type; anything else becomes data_base64.
//
// CloudEvents 0.3 is accepted, too, and becomes 1.0: in this mode the two differ only
// in the name of dataschema.
//
// The attributes are put in the order of their names, so that the same request
// always makes the same event.
func (d *Decoder) Binary(header map[string][]string, body []byte) (Event, error) {
	if err := d.tooLarge(len(body)); err != nil {
		return Event{}, err
	}
	attributes, flaw := binaryAttributes(header)
	if flaw != nil {
		return Event{}, flaw
	}
	if name, data, err := binaryData(attributes, body); err != nil {
		return Event{}, err
	} else if name != "" {
		attributes[name] = string(data)
	}
	text := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(attributes)) {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(AppendString(text, name), ':')
		if name == "data" || name == "data_base64" {
			text = append(text, attributes[name]...)
		} else {
			text = AppendString(text, attributes[name])
		}
	}
	e, err := d.anySize(append(text, '}'))
	var wrong *Error
	if errors.As(err, &wrong) {
		wrong.Offset = -1 // it is about a header, and the body has been read
	}
	return e, err
}

// binaryData returns the member for the body, as JSON. Without a body it has no name.
func binaryData(attributes map[string]string, body []byte) (name string, raw []byte, err error) {
	if len(body) == 0 {
		return "", nil, nil
	}
	declared, typed := attributes["datacontenttype"]
	if !typed || IsJSON(declared) && isUTF8(declared) {
		// The body must be one value: anything after it would become attributes.
		flaw := valueError(body)
		if flaw == nil {
			return "data", body, nil
		}
		if typed {
			flaw.Field = "data"
			return "", nil, flaw
		}
	}
	raw = append(make([]byte, 0, base64.StdEncoding.EncodedLen(len(body))+2), '"')
	raw = base64.StdEncoding.AppendEncode(raw, body)
	return "data_base64", append(raw, '"'), nil
}

// anySize reads a structured event of any size: its request was bounded before.
func (d *Decoder) anySize(text []byte) (Event, error) {
	unbounded := Decoder{MaxSize: len(text)}
	return unbounded.Structured(text)
}

// binaryAttributes returns the attributes in headers.
func binaryAttributes(header map[string][]string) (map[string]string, *Error) {
	attributes := map[string]string{}
	for key, values := range header {
		name, ok := strings.CutPrefix(key, attributePrefix)
		if !ok {
			continue
		}
		name = strings.ToLower(name)
		switch name {
		case "datacontenttype":
			return nil, headerFlaw(name, "must be given as Content-Type in the binary mode")
		case "data", "data_base64":
			return nil, headerFlaw(name, "is the body in the binary mode")
		case "datacontentencoding":
			return nil, headerFlaw(name, "belongs to CloudEvents 0.3, and means nothing in the binary mode")
		}
		if len(values) > 1 {
			return nil, headerFlaw(name, "is given twice")
		}
		text, flaw := headerText(values[0])
		if flaw != "" {
			return nil, headerFlaw(name, flaw)
		}
		if text != values[0] && isURIName(name) && !isURIReference([]byte(text)) && isURIReference([]byte(values[0])) {
			text = values[0] // the escapes are the URI's own: its sender encoded nothing
		}
		attributes[name] = text
	}
	if attributes["specversion"] == "0.3" {
		attributes["specversion"] = versions[modern]
		if schema, ok := attributes["schemaurl"]; ok {
			delete(attributes, "schemaurl")
			attributes["dataschema"] = schema
		}
	}
	if kinds := header["Content-Type"]; len(kinds) > 1 {
		return nil, &Error{Index: -1, Field: "datacontenttype", Problem: "is given twice (header Content-Type)", Offset: -1}
	} else if len(kinds) == 1 && kinds[0] != "" {
		attributes["datacontenttype"] = kinds[0]
	}
	return attributes, nil
}

// isURIName reports whether the attribute is a URI, by its name in 1.0 or 0.3.
func isURIName(name string) bool {
	return name == "source" || name == "dataschema" || name == "schemaurl"
}

// valueError returns why body is not one JSON value, nil if it is.
func valueError(body []byte) *Error {
	s := newScanner(body)
	s.dst = make([]byte, len(body))
	i, c := s.skip(0)
	s.end(s.value(i, c, 1))
	return s.err
}
