package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sidehook/history"
)

// Attempt is an attempt at a delivery, as the history records it and the API
// answers with it. It has what is shown, not all that is in the record.
type Attempt struct {
	N          history.LineNo     `json:"n"` // of the record
	At         time.Time          `json:"at"`
	Webhook    string             `json:"webhook"`
	Generation history.Generation `json:"generation"`

	Seq    history.Seq `json:"seq"`
	Event  string      `json:"event"`
	SentID string      `json:"sent_id"`
	Type   string      `json:"type"`
	Resend bool        `json:"resend"`
	Test   bool        `json:"test"`
	Number int         `json:"attempt"`
	NoStep bool        `json:"no_step"` // it used up no wait of the schedule
	Status string      `json:"status"`
	Again  bool        `json:"again"` // the next attempt has the same number
	Code   int         `json:"code"`
	Error  string      `json:"error"`
	Next   time.Time   `json:"next"`

	ThrottledUntil time.Time `json:"throttled_until"` // zero: the receiver did not ask for it

	Took     float64   `json:"took_ms"`
	Timing   Timing    `json:"timing_ms"`
	Remote   string    `json:"remote"`
	Request  Request   `json:"request"`
	Response *Response `json:"response"`
}

// Timing is how long the parts of an attempt took, in milliseconds.
type Timing struct {
	DNS       float64 `json:"dns"`
	Connect   float64 `json:"connect"`
	TLS       float64 `json:"tls"`
	FirstByte float64 `json:"first_byte"`
}

// Request is the request of an attempt. Only an EventTrace has its URL and all of
// its headers.
type Request struct {
	URL     string  `json:"url"`
	Headers Headers `json:"headers"`
}

// Response is what a receiver answered.
type Response struct {
	Headers    Headers `json:"headers"`
	Body       string  `json:"body"`
	BodyBase64 []byte  `json:"body_base64"` // if it is not UTF-8
	Truncated  bool    `json:"truncated"`
}

// Bytes returns what is kept of the body.
func (r *Response) Bytes() []byte {
	if len(r.BodyBase64) > 0 {
		return r.BodyBase64
	}
	return []byte(r.Body)
}

// Headers are header lines in their order.
type Headers []Header

// Header is a header line.
type Header struct{ Name, Value string }

// Get returns the first value of a header, "" without one.
func (h Headers) Get(name string) string {
	for _, line := range h {
		if strings.EqualFold(line.Name, name) {
			return line.Value
		}
	}
	return ""
}

// UnmarshalJSON reads an object whose order counts.
func (h *Headers) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("headers are not an object: %.20s", text)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var one Header
		one.Name, _ = name.(string)
		if err := d.Decode(&one.Value); err != nil {
			return err
		}
		*h = append(*h, one)
	}
	return nil
}
