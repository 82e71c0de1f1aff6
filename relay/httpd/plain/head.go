package plain

import "bytes"

// head is the text of the headers of the last request. Most requests of a connection have
// the same ones, so that it need not be made again.
type head struct{ host, contentType, authorization, userAgent, traceParent, traceState [1]string }

// parse reads the head of a request that b begins with, and returns its size: 0 if more of
// it has to come, -1 if the request is not plain.
//
// Two programs must never differ on where a request ends. So its lines must end in CR LF,
// names must be spelled and followed by their colon as RFC 9112 says, the length must be
// given once, in digits, and a header that is not known here, such as Transfer-Encoding
// or Expect, is not plain.
func (c *Conn) parse(b []byte) int {
	line := c.line
	n := min(len(b), len(line))
	if string(b[:n]) != line[:n] {
		return -1
	}
	clear(c.request.Header)
	c.request.Host, c.request.ContentLength = "", -1
	for {
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			return 0
		}
		field := b[n : n+end]
		n += end + 1
		if string(field) == "\r" {
			break
		}
		colon := bytes.IndexByte(field, ':')
		if colon < 0 || field[end-1] != '\r' || !c.field(field[:colon], trim(field[colon+1:end-1])) {
			return -1
		}
	}
	if c.request.Host == "" || c.request.ContentLength < 0 {
		return -1
	}
	c.body.left = c.request.ContentLength
	return n
}

// trim returns a value without the white space around it.
func trim(value []byte) []byte {
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for n := len(value); n > 0 && (value[n-1] == ' ' || value[n-1] == '\t'); n-- {
		value = value[:n-1]
	}
	return value
}

// field notes a header, and reports whether a plain request can have it.
func (c *Conn) field(name, value []byte) bool {
	var room [len("accept-encoding")]byte
	if len(name) > len(room) || !isPrintable(value) {
		return false
	}
	for i, b := range name {
		if room[i] = b; 'A' <= b && b <= 'Z' {
			room[i] |= 0x20
		}
	}
	switch string(room[:len(name)]) {
	case "host":
		given := c.request.Host != ""
		c.request.Host = keep(&c.head.host, value)[0]
		return !given && isHost(value)
	case "content-length":
		given := c.request.ContentLength >= 0
		c.request.ContentLength = length(value)
		return !given && c.request.ContentLength >= 0
	case "content-type":
		return c.set("Content-Type", &c.head.contentType, value)
	case "authorization":
		return c.set("Authorization", &c.head.authorization, value)
	case "user-agent":
		return c.set("User-Agent", &c.head.userAgent, value)
	case "traceparent":
		return c.set("Traceparent", &c.head.traceParent, value)
	case "tracestate":
		return c.set("Tracestate", &c.head.traceState, value)
	case "connection":
		return bytes.EqualFold(value, []byte("keep-alive"))
	case "accept", "accept-encoding", "accept-language", "baggage", "sec-fetch-mode":
		return true // no answer depends on it
	}
	return false
}

// set sets a header that the handler sees, and reports false if it is there already.
func (c *Conn) set(name string, kept *[1]string, value []byte) bool {
	_, given := c.request.Header[name]
	c.request.Header[name] = keep(kept, value)
	return !given
}

// keep returns a value as text, which is kept for the next request.
func keep(kept *[1]string, value []byte) []string {
	if kept[0] != string(value) {
		kept[0] = string(value)
	}
	return kept[:]
}

// length returns what a Content-Length says; -1 if it is not plain.
func length(digits []byte) int64 {
	const most = len("262143")
	if len(digits) == 0 || len(digits) > most {
		return -1
	}
	n := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	if n > maxBody {
		return -1
	}
	return n
}

// isPrintable reports whether a value has only printable ASCII, so that no other program
// can see the end of its line in it.
func isPrintable(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// isHost reports whether a value is a name or an address, and maybe a port.
func isHost(value []byte) bool {
	for _, c := range value {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '-' && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	return len(value) > 0
}
