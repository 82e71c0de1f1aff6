package outbox

import (
	"bytes"
	"fmt"
	"time"

	"sidehook/history/event"
)

// row is a row of the outbox.
type row struct {
	position              int64
	at                    time.Time
	age                   time.Duration // by the clock of the database
	id, kind              string
	source, subject       string
	hasSource, hasSubject bool
	attributes, data      []byte // JSON; nil without
	size                  int64
	tooLarge              bool   // it was not read whole
	refused               string // why; "" if it is not
}

// body returns the event as it would be posted. It notes why there is none.
func (r *row) body(maxSize int) []byte {
	if r.tooLarge {
		r.refused = fmt.Sprintf("the event is larger than max_event_size, %d bytes", maxSize)
		return nil
	}
	extra := bytes.TrimSpace(r.attributes)
	if len(extra) > 0 {
		if extra[0] != '{' {
			r.refused = `"attributes": must be a JSON object`
			return nil
		}
		extra = bytes.TrimSpace(extra[1 : len(extra)-1])
	}
	body := make([]byte, 0, int(r.size)+64)
	body = append(body, `{"id":`...)
	body = event.AppendString(body, r.id)
	if r.hasSource {
		body = event.AppendString(append(body, `,"source":`...), r.source)
	}
	body = event.AppendString(append(body, `,"type":`...), r.kind)
	if r.hasSubject {
		body = event.AppendString(append(body, `,"subject":`...), r.subject)
	}
	if len(extra) > 0 {
		body = append(append(body, ','), extra...)
	}
	if r.data != nil {
		body = append(append(body, `,"data":`...), r.data...)
	}
	return append(body, '}')
}
