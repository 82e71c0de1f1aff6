package history

import (
	"cmp"
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"sidehook/history/event"
	"sidehook/history/segment"
)

// appendAttempt is the fields of an attempt's line.
func appendAttempt(dst []byte, l *Lease, a *Attempt, again bool, next time.Time) []byte {
	dst = append(dst, `"kind":"attempt","webhook":`...)
	dst = event.AppendString(dst, l.heir.name)
	if l.queue != l.heir {
		dst = append(dst, `,"was":`...)
		dst = event.AppendString(dst, l.queue.name)
	}
	dst = append(dst, `,"generation":`...)
	dst = strconv.AppendUint(dst, a.Generation, 10)
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendUint(dst, l.Seq, 10)
	dst = append(dst, `,"event":`...)
	dst = event.AppendString(dst, a.Event)
	if a.SentID != "" {
		dst = append(dst, `,"sent_id":`...)
		dst = event.AppendString(dst, a.SentID)
	}
	dst = append(dst, `,"type":`...)
	dst = event.AppendString(dst, a.Type)
	if l.Resend {
		dst = append(dst, `,"resend":true,"of":`...)
		dst = strconv.AppendUint(dst, l.of, 10)
	}
	if l.test {
		dst = append(dst, `,"test":true`...)
	}
	dst = append(dst, `,"attempt":`...)
	dst = strconv.AppendInt(dst, int64(l.Attempt), 10)
	dst = append(dst, `,"status":"`...)
	dst = append(dst, a.Status...)
	dst = append(dst, '"')
	if again {
		dst = append(dst, `,"again":true`...)
	}
	if a.Unsent {
		dst = append(dst, `,"unsent":true`...)
	}
	dst = appendTries(dst, l, a, again)
	if a.Code != 0 {
		dst = append(dst, `,"code":`...)
		dst = strconv.AppendInt(dst, int64(a.Code), 10)
	}
	if a.Error != "" {
		dst = append(dst, `,"error":`...)
		dst = event.AppendString(dst, a.Error)
	}
	if !next.IsZero() {
		dst = append(dst, `,"next":"`...)
		dst = next.UTC().AppendFormat(dst, segment.TimeFormat)
		dst = append(dst, '"')
	}
	if a.Took > 0 {
		dst = append(dst, `,"took_ms":`...)
		dst = appendMillis(dst, a.Took)
	}
	dst = appendTiming(dst, a.Timing)
	if a.Remote != "" {
		dst = append(dst, `,"remote":`...)
		dst = event.AppendString(dst, a.Remote)
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

// appendTries is what the number of the attempt does not say of those so far:
// all of it, so that a line that is replayed twice changes nothing.
func appendTries(dst []byte, l *Lease, a *Attempt, again bool) []byte {
	free := int64(l.free)
	if a.Free {
		free++
	}
	if free > 0 {
		dst = append(dst, `,"free":`...)
		dst = strconv.AppendInt(dst, free, 10)
	}
	if a.Throttled.IsZero() && !(again && l.throttled) {
		return dst
	}
	since := l.Throttled
	if since.IsZero() {
		since = time.Now()
	}
	dst = append(dst, `,"throttled_since":"`...)
	dst = since.UTC().AppendFormat(dst, segment.TimeFormat)
	if !a.Throttled.IsZero() {
		dst = append(dst, `","throttled_until":"`...)
		dst = a.Throttled.UTC().AppendFormat(dst, segment.TimeFormat)
	}
	return append(dst, '"')
}

func appendMillis(dst []byte, d time.Duration) []byte {
	return strconv.AppendFloat(dst, float64(d.Microseconds())/1000, 'f', -1, 64)
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

// appendHeaders makes one member of the lines of a name, as HTTP joins them.
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
		dst = append(dst, `,"body":`...)
		dst = event.AppendString(dst, string(r.Body))
	} else {
		dst = append(dst, `,"body_base64":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, r.Body)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"truncated":`...)
	dst = strconv.AppendBool(dst, r.Truncated)
	return append(dst, '}')
}

func appendConfig(dst []byte, webhook string, c *Config) []byte {
	dst = append(dst, `"kind":"config","generation":`...)
	dst = strconv.AppendUint(dst, c.Generation, 10)
	dst = append(dst, `,"webhook":`...)
	dst = event.AppendString(dst, webhook)
	dst = append(dst, `,"url":`...)
	dst = event.AppendString(dst, c.URL)
	dst = append(dst, `,"headers":`...)
	return appendHeaders(dst, c.Headers)
}

// active is how the zero State stands in a line.
const active = "active"

func appendState(dst []byte, webhook string, s State) []byte {
	dst = append(dst, `"kind":"webhook","webhook":`...)
	dst = event.AppendString(dst, webhook)
	dst = append(dst, `,"state":`...)
	dst = event.AppendString(dst, cmp.Or(s.Name, active))
	if s.Why != "" {
		dst = append(dst, `,"why":`...)
		dst = event.AppendString(dst, s.Why)
	}
	if s.Entry != "" {
		dst = append(dst, `,"entry":`...)
		dst = event.AppendString(dst, s.Entry)
	}
	return dst
}

// appendRestated tells a state again, that webhooks have been in since a time.
func appendRestated(dst []byte, webhook string, s State) []byte {
	dst = appendState(dst, webhook, s)
	dst = append(dst, `,"since":"`...)
	dst = s.Since.UTC().AppendFormat(dst, segment.TimeFormat)
	return append(dst, '"')
}
