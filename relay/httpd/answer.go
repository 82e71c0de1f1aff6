package httpd

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// ContentType is the value of a Content-Type header. It is shared, not changed.
type ContentType []string

// The types of answers.
var (
	JSON      = ContentType{"application/json"}
	JSONLines = ContentType{"application/x-ndjson"}
	Metrics   = ContentType{"text/plain; version=0.0.4; charset=utf-8"}

	typeProblem = ContentType{"application/problem+json"}
)

var (
	connectionClose = []string{"close"}
	challenge       = []string{`Bearer realm="sidehook"`}
)

// Answer writes a whole answer. net/http adds the length of a short one itself,
// without allocating.
func Answer(w http.ResponseWriter, status int, contentType ContentType, body []byte) {
	const short = 2048
	h := w.Header()
	h["Content-Type"] = contentType
	if len(body) >= short {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	w.Write(body)
}

// AnswerJSON writes a value as JSON.
func AnswerJSON(w http.ResponseWriter, status int, v any) *Problem {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return Refuse(http.StatusInternalServerError, err.Error())
	}
	Answer(w, status, JSON, body.Bytes())
	return nil
}

// closeGracefully has the connection closed a moment after the answer, so that a
// client that is still sending can read it: otherwise its request would fail, and
// it would never learn why. For a client that asks to close, net/http does so only
// after a reader that ran into its limit.
func closeGracefully(w http.ResponseWriter) {
	past := io.NopCloser(strings.NewReader("x"))
	_, _ = http.MaxBytesReader(w, past, 0).Read(make([]byte, 1))
}
