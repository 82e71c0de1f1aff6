package http1

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// errHeader is the error for a header that would end before its value does.
var errHeader = errors.New("a header has a line break")

// write writes a request whose length is known, as http.Request.Write would, in a third
// of the time. That writes what is not usual.
func write(w *bufio.Writer, r *http.Request, absoluteURL bool) error {
	host := cmp.Or(r.Host, r.URL.Host)
	switch {
	case absoluteURL:
		return r.WriteProxy(w)
	case strings.Contains(host, "%"): // a zone, which is for this machine alone
		return r.Write(w)
	}
	for _, text := range [...]string{r.Method, " ", r.URL.RequestURI(), " HTTP/1.1\r\nHost: ", host, "\r\n"} {
		w.WriteString(text)
	}
	var room [16]string
	names := room[:0]
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			if strings.Contains(value, "\r") || strings.Contains(value, "\n") {
				return errHeader
			}
			w.WriteString(name)
			w.WriteString(": ")
			w.WriteString(value)
			w.WriteString("\r\n")
		}
	}
	w.WriteString("Content-Length: ")
	w.Write(strconv.AppendInt(w.AvailableBuffer(), r.ContentLength, 10))
	if _, err := w.WriteString("\r\n\r\n"); err != nil || r.Body == nil {
		return err
	}
	if n, err := io.Copy(w, r.Body); err != nil || n != r.ContentLength {
		return cmp.Or(err, io.ErrUnexpectedEOF)
	}
	return nil
}
