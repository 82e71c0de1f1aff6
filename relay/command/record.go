package command

import (
	"encoding/json"
	"fmt"
	"strconv"

	"sidehook/relay/api"
)

// record is an attempt as it is printed. It is read from the JSON that the files
// hold and the relay answers with.
type record struct{ api.Attempt }

func parseRecord(line []byte) (record, error) {
	var r record
	err := json.Unmarshal(line, &r)
	return r, err
}

// statusStyle returns the style of a status.
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

// code returns the HTTP status, "" without an answer.
func (r *record) code() string {
	if r.Code == 0 {
		return ""
	}
	return strconv.Itoa(r.Code)
}

// note returns why an attempt failed, for a table.
func (r *record) note() string {
	if r.Status == "retrying" && !r.Next.IsZero() {
		return fmt.Sprintf("%s; next %s", r.Error, local(r.Next, "15:04:05"))
	}
	return r.Error
}
