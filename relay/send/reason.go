package send

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"sidehook/relay/send/http1"
)

// maxError limits the text of an error, because receivers influence some.
const maxError = 500

// explain describes an error in plain words, without the URL and the secrets.
func (c *Client) explain(err error, secrets [][]byte) string {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	return shorten(c.plain(err), secrets)
}

// explainProxy does so for an error of the proxy.
func (c *Client) explainProxy(err error, secrets [][]byte) string {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	return shorten(shownProxy(c.settings.Proxy)+": "+c.plainProxy(err), secrets)
}

// shorten removes secrets from a text that receivers influence, and limits it.
func shorten(text string, secrets [][]byte) string {
	text = maskString(text, secrets)
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError], "") + "…"
	}
	return text
}

// plain describes an error to the person who runs the receiver, without the words
// of the libraries that reported it.
func (c *Client) plain(err error) string {
	var (
		op        *net.OpError
		lookup    *net.DNSError
		errno     syscall.Errno
		notTLS    tls.RecordHeaderError
		malformed *http1.MalformedError
		timedOut  interface{ Timeout() bool }
	)
	late := errors.As(err, &timedOut) && timedOut.Timeout()
	switch {
	case errors.As(err, &lookup):
		return plainLookup(lookup)
	case errors.As(err, &op) && op.Addr != nil && errors.As(op.Err, &errno):
		return op.Op + " " + op.Net + " " + op.Addr.String() + ": " + errno.Error()
	case errors.As(err, &op) && op.Addr != nil && op.Op == "dial" && late:
		return "dial " + op.Net + " " + op.Addr.String() + ": no connection within " + brief(connectTimeout)
	case errors.As(err, &op) && op.Op == "dial":
		return op.Error()
	case errors.As(err, &op) && op.Op == "remote error":
		return c.plainAlert(strings.TrimPrefix(op.Err.Error(), "tls: "))
	case errors.As(err, &op) && op.Op == "local error":
		return "the receiver breaks the rules of TLS: " + strings.TrimPrefix(op.Err.Error(), "tls: ")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the receiver closed the connection in the middle of its answer's headers"
	case errors.Is(err, io.EOF):
		return "the receiver closed the connection without an answer"
	case errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return "the receiver does not speak TLS at this port"
	case errors.As(err, &malformed):
		return "the receiver does not answer in HTTP: " + strings.TrimPrefix(malformed.Error(), "http: ")
	case errors.Is(err, http1.ErrLargeHeaders):
		return largeHeaders
	}
	return plainProtocol(err)
}

// plainLookup describes why a name has no address. Package net does not
// distinguish failures of a name server further.
func plainLookup(err *net.DNSError) string {
	text := "look up " + err.Name
	if err.Server != "" {
		text += " at " + err.Server
	}
	switch {
	case err.IsNotFound:
		return text + ": there is no such name, or it has no address"
	case err.IsTimeout:
		return text + ": the name server gave no answer"
	}
	return text + ": the name server failed: " + err.Err
}

// plainAlert describes why the receiver ended TLS. Which alert it sends if there is
// no client certificate depends on its version and implementation.
func (c *Client) plainAlert(alert string) string {
	shown := c.settings.TLS.Certificate != nil
	switch alert {
	case "protocol version not supported":
		return "the receiver speaks no TLS of version 1.2 or later"
	case "certificate required":
		return "the receiver demands a client certificate; set tls: {cert_file, key_file}"
	case "bad certificate", "unsupported certificate", "revoked certificate", "expired certificate",
		"unknown certificate", "unknown certificate authority", "access denied":
		if shown {
			return "the receiver refuses the client certificate of tls.cert_file: " + alert
		}
	case "handshake failure":
		if shown {
			break
		}
		return "the receiver ended the TLS handshake: handshake failure; it may demand a client certificate, or want other ciphers"
	}
	return "the receiver ended TLS: " + alert
}

// protocolText returns the text of an HTTP error, without the part that only says
// that the transport does not send the request again.
func protocolText(err error) string {
	text := err.Error()
	if inner, ok := strings.CutPrefix(text, "http2: Transport: cannot retry err ["); ok {
		text, _, _ = strings.Cut(inner, "] after Request.Body was written")
	}
	return text
}

// neverSent is the text of the error if an HTTP/2 connection accepted no more
// requests when this one was to be sent.
const neverSent = "net/http: cannot rewind body after connection loss"

// unprocessed reports whether err says that the receiver has not processed the
// request: an HTTP/2 stream was refused, or is above the last one of a graceful
// GOAWAY, or was not even begun. These errors have no types.
func unprocessed(err error) bool {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	text := protocolText(err)
	return text == neverSent || text == "http2: Transport received Server's graceful shutdown GOAWAY" ||
		strings.HasPrefix(text, "stream error: stream ID ") && strings.HasSuffix(text, "; REFUSED_STREAM; received from peer")
}

// plainProtocol describes how an answer or its connection breaks the rules of
// HTTP. These errors have no types.
func plainProtocol(err error) string {
	text := protocolText(err)
	for _, large := range [...]string{"header list too large", "response header list larger"} {
		if strings.Contains(text, large) {
			return largeHeaders
		}
	}
	switch {
	case text == neverSent:
		return "the receiver takes no more requests on the connection over HTTP/2"
	case text == "http2: client conn could not be established":
		return "the receiver closed the connection over HTTP/2 before it began, or speaks something else on it"
	}
	if strings.Contains(text, " GOAWAY") {
		return "the receiver closed the connection over HTTP/2 with GOAWAY, without an answer" + errorCode(text)
	}
	if after, ok := strings.CutPrefix(text, "stream error: stream ID "); ok {
		_, what, _ := strings.Cut(after, "; ")
		if code, ok := strings.CutSuffix(what, "; received from peer"); ok {
			return "the receiver refused the request over HTTP/2 with " + code
		}
		return "the receiver breaks the rules of HTTP/2: " + what
	}
	for _, broken := range [...]string{"connection error: ", "http2: failed reading the frame payload: "} {
		if after, ok := strings.CutPrefix(text, broken); ok {
			return "the receiver breaks the rules of HTTP/2: " + strings.TrimPrefix(after, "http2: ")
		}
	}
	return strings.TrimPrefix(text, "net/http: ")
}

// errorCode returns the code of a GOAWAY in brackets, "" if it has none.
func errorCode(text string) string {
	_, code, ok := strings.Cut(text, "ErrCode")
	if !ok {
		return ""
	}
	code = strings.TrimLeft(code, ":=")
	code, _, _ = strings.Cut(code, ",")
	return " (" + code + ")"
}

var largeHeaders = fmt.Sprintf("the answer's headers are larger than %d KiB", maxHeaders>>10)

// statusText returns the status of an answer with its name.
func statusText(code int) string {
	if code < 100 || code > 599 {
		return fmt.Sprintf("%03d, which is no status of HTTP", code)
	}
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// isRedirect reports whether an answer redirects the request.
func isRedirect(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
