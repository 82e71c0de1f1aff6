package api

import (
	"net/http"
	"strconv"

	"sidehook/history/event"
)

// Problem is the body of a refusal: problem+json (RFC 9457).
type Problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`          // what is wrong, and what to do
	Index  *int   `json:"index,omitempty"` // of the event in its batch
}

// Append appends the problem as JSON, with the type and the title that belong to
// its status.
func (p *Problem) Append(dst []byte) []byte {
	dst = append(dst, `{"type":"about:blank","title":`...)
	dst = event.AppendString(dst, http.StatusText(p.Status))
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(p.Status), 10)
	dst = append(dst, `,"detail":`...)
	dst = event.AppendString(dst, p.Detail)
	if p.Index != nil {
		dst = append(dst, `,"index":`...)
		dst = strconv.AppendInt(dst, int64(*p.Index), 10)
	}
	return append(dst, '}')
}
