package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// record is a line of the deliveries, as far as it is shown. It is read from
// the JSON that the files hold and the relay answers with.
type record struct {
	Kind       string // attempt, config or webhook
	N          uint64
	At         time.Time
	Webhook    string
	Generation uint64

	Seq     uint64
	Event   string
	SentID  string `json:"sent_id"`
	Type    string
	Resend  bool
	Test    bool // of no queue
	Attempt int
	NoStep  bool `json:"no_step"` // it used up no wait of the schedule
	Status  string
	Again   bool // the next attempt has the same number
	Code    int
	Error   string
	Next    time.Time
	// Throttled is until when the receiver is left alone; zero: it did not ask.
	Throttled time.Time `json:"throttled_until"`
	Took      float64   `json:"took_ms"`
	Timing    struct {
		DNS       float64
		Connect   float64
		TLS       float64
		FirstByte float64 `json:"first_byte"`
	} `json:"timing_ms"`
	Remote  string
	Request struct {
		URL     string // in a story alone, as are all but its own headers
		Headers headers
	}
	Response *response
}

// response is what a receiver answered.
type response struct {
	Headers    headers
	Body       string
	BodyBase64 []byte `json:"body_base64"`
	Truncated  bool
}

func parseRecord(line []byte) (record, error) {
	var r record
	err := json.Unmarshal(line, &r)
	return r, err
}

// headers are header lines in the order they stand in.
type headers []header

type header struct{ name, value string }

// UnmarshalJSON reads an object whose order counts.
func (h *headers) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("headers are not an object: %.20s", text)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var one header
		one.name, _ = name.(string)
		if err := d.Decode(&one.value); err != nil {
			return err
		}
		*h = append(*h, one)
	}
	return nil
}

// statusStyle is how the status of an attempt looks.
func statusStyle(status string) style {
	switch status {
	case "delivered":
		return green
	case "retrying":
		return yellow
	case "waiting", "canceled":
		return faint
	}
	return red
}

// code is the HTTP status, "" without an answer.
func (r *record) code() string {
	if r.Code == 0 {
		return ""
	}
	return strconv.Itoa(r.Code)
}

// note says in a table why an attempt failed.
func (r *record) note() string {
	if r.Status == "retrying" && !r.Next.IsZero() {
		return fmt.Sprintf("%s; next %s", r.Error, local(r.Next, "15:04:05"))
	}
	return r.Error
}
