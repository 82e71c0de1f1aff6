package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// message is a request or an answer of HTTP/1.1, read as far as this program needs it.
// Its memory is used again.
type message struct {
	start []byte // the first line
	body  []byte
}

var errMalformed = errors.New("malformed HTTP message")

// read reads a message that has a Content-Length, or chunks, or no body.
func (m *message) read(r *bufio.Reader) error {
	line, err := readLine(r)
	if err != nil {
		return err
	}
	m.start, m.body = append(m.start[:0], line...), m.body[:0]
	length, chunked := 0, false
	for {
		if line, err = readLine(r); err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return errMalformed
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return errMalformed
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
	if chunked {
		return m.readChunks(r)
	}
	return m.readBody(r, length)
}

// status is that of an answer.
func (m *message) status() int {
	if len(m.start) < len("HTTP/1.1 200") {
		return 0
	}
	status, _ := strconv.Atoi(string(m.start[9:12]))
	return status
}

func (m *message) readBody(r *bufio.Reader, n int) error {
	at := len(m.body)
	if free := cap(m.body) - at; free < n {
		m.body = append(m.body, make([]byte, n)...)
	}
	m.body = m.body[:at+n]
	_, err := io.ReadFull(r, m.body[at:])
	return err
}

// readChunks reads a body of chunks (RFC 9112, section 7.1) without trailers.
func (m *message) readChunks(r *bufio.Reader) error {
	for {
		line, err := readLine(r)
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return errMalformed
		}
		if err := m.readBody(r, int(n)); err != nil {
			return err
		}
		if line, err = readLine(r); err != nil || len(line) > 0 {
			return errors.Join(err, errMalformed)
		}
		if n == 0 {
			return nil
		}
	}
}

func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}
