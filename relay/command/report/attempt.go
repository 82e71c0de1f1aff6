package report

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
	"sidehook/relay/shell"
)

// Attempt is an attempt to print. It is decoded from the JSON of the history,
// which is also what the relay answers.
type Attempt struct{ api.Attempt }

// ParseAttempt decodes a line of the deliveries.
func ParseAttempt(line []byte) (Attempt, error) {
	var a Attempt
	err := json.Unmarshal(line, &a)
	return a, err
}

// StatusStyle returns the style of a status.
func StatusStyle(status string) terminal.Style {
	switch status {
	case "delivered":
		return terminal.Green
	case "retrying":
		return terminal.Yellow
	case "waiting", "canceled":
		return terminal.Faint
	}
	return terminal.Red
}

// code returns the HTTP status, "" without an answer.
func (a *Attempt) code() string {
	if a.Code == 0 {
		return ""
	}
	return strconv.Itoa(a.Code)
}

// took returns the duration, "" if no request was made.
func (a *Attempt) took() string {
	if a.Took == 0 {
		return ""
	}
	return measure.Millis(a.Took)
}

// note returns why the attempt failed, and when the next one comes, with its day
// unless it is that of the attempt.
func (a *Attempt) note() string {
	if a.Status != "retrying" || a.Next.IsZero() {
		return a.Error
	}
	layout := time.TimeOnly
	if terminal.Local(a.Next, time.DateOnly) != terminal.Local(a.At, time.DateOnly) {
		layout = terminal.TableTime
	}
	return fmt.Sprintf("%s; next %s", a.Error, terminal.Local(a.Next, layout))
}

// timing formats how long the parts of the attempt took.
func (a *Attempt) timing() string {
	var parts []string
	add := func(name string, ms float64) {
		if ms > 0 {
			parts = append(parts, name+" "+measure.Millis(ms))
		}
	}
	add("dns", a.Timing.DNS)
	add("connect", a.Timing.Connect)
	add("tls", a.Timing.TLS)
	if len(parts) == 0 && a.Timing.FirstByte > 0 {
		parts = append(parts, "kept-alive connection")
	}
	add("first byte", a.Timing.FirstByte)
	return strings.Join(parts, ", ")
}

// eventArgument returns the event of the attempt as a command takes it: its id, or
// its number if the id is awkward on a command line.
func (a *Attempt) eventArgument() string {
	if shell.Quote(a.Event) == a.Event && len(a.Event) <= 64 {
		return a.Event
	}
	return fmt.Sprintf("seq:%d", a.Seq)
}
