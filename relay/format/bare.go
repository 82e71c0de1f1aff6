package format

import (
	"encoding/base64"
	"fmt"

	"sidehook/history/event"
)

// maxHeaders limits the size of the attributes that are sent as headers: an attribute may
// have a megabyte. With configured headers, signatures and the trace, a request stays
// below the 16 KiB that servers commonly accept.
const maxHeaders = 8 << 10

// bare makes a body of the data alone.
func (f Format) bare(e *event.Event) (Content, error) {
	c := Content{ContentType: typeJSON}
	declared, typed := event.Unquote(e.Attribute("datacontenttype"))
	if typed {
		c.ContentType = declared
	}
	raw, encoded := e.Data()
	switch {
	case encoded:
		if !typed {
			c.ContentType = "application/octet-stream"
		}
		text, _ := event.Unquote(raw)
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return Content{}, fmt.Errorf("its data_base64 cannot be decoded: %w", err)
		}
		c.Body = data
	case typed && !event.IsJSON(declared) && len(raw) > 0 && raw[0] == '"':
		// CloudEvents has text that is not JSON as a string.
		text, _ := event.Unquote(raw)
		c.Body = []byte(text)
	default:
		c.Body = raw
	}
	if f == CloudEventsBinary {
		c.Headers = attributeHeaders(e)
	}
	if !event.Sendable(c.ContentType) {
		return Content{}, fmt.Errorf("its datacontenttype %.64q cannot be sent as Content-Type", c.ContentType)
	}
	size := len(c.ContentType)
	for _, h := range c.Headers {
		size += len(h.Name) + len(h.Value)
	}
	if size > maxHeaders {
		return Content{}, fmt.Errorf("its attributes take %d bytes as headers, more than %d", size, maxHeaders)
	}
	return c, nil
}

// attributeHeaders returns the event's attributes as headers of the binary mode of
// CloudEvents, without datacontenttype, which is the Content-Type.
func attributeHeaders(e *event.Event) []Header {
	list := make([]Header, 0, 8)
	for name, raw := range attributes(e) {
		if name == "datacontenttype" {
			continue
		}
		text := string(raw) // of a number or a boolean
		if raw[0] == '"' {
			text, _ = event.Unquote(raw)
		}
		list = append(list, Header{Name: "ce-" + name, Value: string(event.AppendHeaderValue(nil, text))})
	}
	return list
}
