package history

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"sidehook/history/event"
)

// AttemptRecord has the fields that the line of an attempt has beside the Attempt.
type AttemptRecord struct {
	Webhook string
	Seq     Seq
	Of      Seq // the seq of the event of a resend, or of a renamed delivery; else 0
	Resend  bool
	Test    bool
	Number  int       // of the attempt
	Again   bool      // it is made again at once, or as if it had not been
	Next    time.Time // of the attempt after it; zero: there is none
	// Throttled is when the receiver first asked to wait; zero if it had not before this
	// attempt.
	Throttled time.Time
}

// AppendAttempt appends the fields of an attempt's line.
func AppendAttempt(dst []byte, l *AttemptRecord, a *Attempt) []byte {
	dst = AppendText(dst, `"kind":"attempt","webhook":`, l.Webhook)
	dst = AppendNumber(dst, `,"generation":`, a.Generation)
	dst = AppendNumber(dst, `,"seq":`, l.Seq)
	dst = AppendText(dst, `,"event":`, a.Event)
	if a.SentID != "" {
		dst = AppendText(dst, `,"sent_id":`, a.SentID)
	}
	dst = AppendText(dst, `,"type":`, a.Type)
	if l.Resend {
		dst = append(dst, `,"resend":true`...)
	}
	if l.Of != 0 {
		dst = AppendNumber(dst, `,"of":`, l.Of)
	}
	if l.Test {
		dst = append(dst, `,"test":true`...)
	}
	dst = AppendNumber(dst, `,"attempt":`, uint64(l.Number))
	dst = AppendText(dst, `,"status":`, string(a.Status))
	if l.Again {
		dst = append(dst, `,"again":true`...)
	}
	if a.Unsent {
		dst = append(dst, `,"unsent":true`...)
	}
	if a.RenamedTo != "" {
		dst = AppendText(dst, `,"renamed_to":`, a.RenamedTo)
	}
	dst = appendTries(dst, l, a)
	if a.Code != 0 {
		dst = AppendNumber(dst, `,"code":`, uint64(a.Code))
	}
	if a.Error != "" {
		dst = AppendText(dst, `,"error":`, a.Error)
	}
	if !l.Next.IsZero() {
		dst = AppendTime(dst, `,"next":`, l.Next)
	}
	if a.Took > 0 {
		dst = append(dst, `,"took_ms":`...)
		dst = appendMillis(dst, a.Took)
	}
	dst = appendTiming(dst, a.Timing)
	if a.Remote != "" {
		dst = AppendText(dst, `,"remote":`, a.Remote)
	}
	if len(a.Request) > 0 {
		dst = append(dst, `,"request":{"headers":`...)
		dst = appendHeaders(dst, a.Request)
		dst = append(dst, '}')
	}
	if a.Response != nil {
		dst = appendResponse(dst, a.Response)
	}
	return dst
}

// appendTries appends the state of the delivery after the attempts so far. Each line has it
// in full, so that replaying a line twice changes nothing.
func appendTries(dst []byte, l *AttemptRecord, a *Attempt) []byte {
	if a.NoStep {
		dst = append(dst, `,"no_step":true`...)
	}
	if a.Throttled.IsZero() && !(l.Again && !l.Throttled.IsZero()) {
		return dst
	}
	since := l.Throttled
	if since.IsZero() {
		since = time.Now()
	}
	dst = AppendTime(dst, `,"throttled_since":`, since)
	if !a.Throttled.IsZero() {
		dst = AppendTime(dst, `,"throttled_until":`, a.Throttled)
	}
	return dst
}

// appendMillis appends milliseconds, with no more than the three digits of microseconds.
func appendMillis(dst []byte, d time.Duration) []byte {
	n := int(d.Microseconds())
	dst = strconv.AppendInt(dst, int64(n/1000), 10)
	digits := [...]byte{'.', '0' + byte(n/100%10), '0' + byte(n/10%10), '0' + byte(n%10)}
	return append(dst, bytes.TrimRight(digits[:], ".0")...)
}

func appendTiming(dst []byte, t Timing) []byte {
	if t == (Timing{}) {
		return dst
	}
	dst = append(dst, `,"timing_ms":{`...)
	separator := ""
	for _, part := range [...]struct {
		name string
		took time.Duration
	}{{"dns", t.DNS}, {"connect", t.Connect}, {"tls", t.TLS}, {"first_byte", t.FirstByte}} {
		if part.took > 0 {
			dst = append(dst, separator...)
			dst = append(dst, '"')
			dst = append(dst, part.name...)
			dst = append(dst, `":`...)
			dst = appendMillis(dst, part.took)
			separator = ","
		}
	}
	return append(dst, '}')
}

// appendHeaders appends headers as an object, with a member for each name.
func appendHeaders(dst []byte, headers []Header) []byte {
	dst = append(dst, '{')
	for i, h := range headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = event.AppendString(dst, h.Name)
		dst = append(dst, ':')
		dst = event.AppendString(dst, h.Value)
	}
	return append(dst, '}')
}

func appendResponse(dst []byte, r *Response) []byte {
	dst = append(dst, `,"response":{"headers":`...)
	dst = appendHeaders(dst, r.Headers)
	if utf8.Valid(r.Body) {
		dst = AppendText(dst, `,"body":`, string(r.Body))
	} else {
		dst = append(dst, `,"body_base64":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, r.Body)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"truncated":`...)
	dst = strconv.AppendBool(dst, r.Truncated)
	return append(dst, '}')
}

func AppendConfig(dst []byte, webhook string, c *Config) []byte {
	dst = AppendNumber(dst, `"kind":"config","generation":`, c.Generation)
	dst = AppendText(dst, `,"webhook":`, webhook)
	dst = AppendText(dst, `,"url":`, c.URL)
	dst = append(dst, `,"headers":`...)
	return appendHeaders(dst, c.Headers)
}

// StateActive is the zero State in a line.
const StateActive = "active"

func AppendState(dst []byte, webhook string, s WebhookState) []byte {
	dst = AppendText(dst, `"kind":"webhook","webhook":`, webhook)
	dst = AppendText(dst, `,"state":`, cmp.Or(s.Name, StateActive))
	if s.Why != "" {
		dst = AppendText(dst, `,"why":`, s.Why)
	}
	if s.Entry != "" {
		dst = AppendText(dst, `,"entry":`, s.Entry)
	}
	return dst
}

// AppendRestated appends a state again, with the time since when the webhook has it.
func AppendRestated(dst []byte, webhook string, s WebhookState) []byte {
	dst = AppendState(dst, webhook, s)
	return AppendTime(dst, `,"since":`, s.Since)
}
