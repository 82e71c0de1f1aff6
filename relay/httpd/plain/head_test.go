package plain_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"sidehook/relay/httpd/plain"
)

const line = "POST /v1/events HTTP/1.1\r\n"

func TestParse(t *testing.T) {
	const host, length = "Host: localhost:4665\r\n", "Content-Length: 2\r\n"
	for name, c := range map[string]struct {
		head string
		want int // of -1, 0 and 1 for the size
	}{
		"the least":               {line + host + length + "\r\n", 1},
		"names in any case":       {line + "HOST: a\r\ncontent-LENGTH:2\r\nconTent-tYpe:\ta/b \t\r\n\r\n", 1},
		"all that is known":       {line + host + length + "Content-Type: application/json\r\nAuthorization: Bearer x\r\nUser-Agent: x\r\nTraceparent: 00\r\nTracestate: a=b\r\nConnection: Keep-Alive\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nAccept-Language: *\r\nBaggage: a\r\nSec-Fetch-Mode: cors\r\n\r\n", 1},
		"an IPv6 address":         {line + "Host: [::1]:4665\r\n" + length + "\r\n", 1},
		"the largest body":        {line + host + "Content-Length: 262143\r\n\r\n", 1},
		"nothing":                 {"", 0},
		"part of the line":        {line[:20], 0},
		"the line":                {line, 0},
		"part of the headers":     {line + host + length, 0},
		"another method":          {"P", 0},
		"and more of it":          {"PUT ", -1},
		"a query":                 {strings.Replace(line, " HTTP", "? HTTP", 1), -1},
		"HTTP/1.0":                {strings.Replace(line, "1.1", "1.0", 1), -1},
		"a line feed":             {strings.Replace(line, "\r", "", 1), -1},
		"no host":                 {line + length + "\r\n", -1},
		"an empty host":           {line + "Host:\r\n" + length + "\r\n", -1},
		"two hosts":               {line + host + host + length + "\r\n", -1},
		"an odd host":             {line + "Host: a/b\r\n" + length + "\r\n", -1},
		"no length":               {line + host + "\r\n", -1},
		"two lengths":             {line + host + length + length + "\r\n", -1},
		"a length with a sign":    {line + host + "Content-Length: +2\r\n\r\n", -1},
		"a list of lengths":       {line + host + "Content-Length: 2, 2\r\n\r\n", -1},
		"an empty length":         {line + host + "Content-Length:\r\n\r\n", -1},
		"a larger body":           {line + host + "Content-Length: 262144\r\n\r\n", -1},
		"a huge length":           {line + host + "Content-Length: 18446744073709551618\r\n\r\n", -1},
		"a space before a colon":  {line + host + "Content-Length : 2\r\n\r\n", -1},
		"an underscore":           {line + host + length + "Content_Length: 3\r\n\r\n", -1},
		"chunks":                  {line + host + length + "Transfer-Encoding: chunked\r\n\r\n", -1},
		"chunks, spelled oddly":   {line + host + length + "transfer_encoding: chunked\r\n\r\n", -1},
		"an expectation":          {line + host + length + "Expect: 100-continue\r\n\r\n", -1},
		"the last request":        {line + host + length + "Connection: close\r\n\r\n", -1},
		"an upgrade":              {line + host + length + "Connection: Upgrade\r\n\r\n", -1},
		"a type that is repeated": {line + host + length + "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", -1},
		"a compressed body":       {line + host + length + "Content-Encoding: gzip\r\n\r\n", -1},
		"a preference":            {line + host + length + "Prefer: wait=1\r\n\r\n", -1},
		"of another origin":       {line + host + length + "Origin: http://a\r\n\r\n", -1},
		"a folded line":           {line + host + length + "Accept: a\r\n b\r\n\r\n", -1},
		"a line without a colon":  {line + host + length + "Accept\r\n\r\n", -1},
		"a lone line feed":        {line + host + length + "Accept: a\nX: b\r\n\r\n", -1},
		"a lone carriage return":  {line + host + length + "Accept: a\rX: b\r\n\r\n", -1},
		"a NUL":                   {line + host + length + "Accept: \x00\r\n\r\n", -1},
		"beyond ASCII":            {line + host + length + "Accept: \xff\r\n\r\n", -1},
		"a name beyond all":       {line + host + length + strings.Repeat("a", 3000) + ": x\r\n\r\n", -1},
	} {
		if size, _ := plain.Parse([]byte(c.head)); min(size, 1) != c.want {
			t.Errorf("%s: got %d, want %d", name, size, c.want)
		}
	}
}

// FuzzParse holds what is plain against net/http: it must find the same headers, and the
// same end.
func FuzzParse(f *testing.F) {
	for _, headers := range []string{
		"Host: localhost\r\nContent-Length: 2\r\nContent-Type: application/json\r\nUser-Agent: \t x y\t\r\n",
		"host:a\r\nCONTENT-LENGTH:  07\r\nAccept: */*\r\nAccept: b\r\nConnection: keep-alive\r\nTraceparent:\r\n",
		"Host: a\r\nContent-Length: 1\r\nAuthorization: Bearer x\r\nTransfer-Encoding: chunked\r\n",
	} {
		f.Add([]byte(line + headers + "\r\n{}"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		size, got := plain.Parse(text)
		if size <= 0 {
			return
		}
		all := bytes.NewReader(append(bytes.Clone(text), make([]byte, 1<<18)...))
		buffer := bufio.NewReaderSize(all, 16)
		want, err := http.ReadRequest(buffer)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if used := all.Size() - int64(all.Len()) - int64(buffer.Buffered()); used != int64(size) {
			t.Errorf("%q: the head has %d bytes, want %d", text, size, used)
		}
		body, err := io.ReadAll(want.Body)
		if err != nil || int64(len(body)) != got.ContentLength || want.ContentLength != got.ContentLength {
			t.Errorf("%q: length %d, want %d, %d, %v", text, got.ContentLength, want.ContentLength, len(body), err)
		}
		if got.Host != want.Host || got.Method != want.Method || got.URL.Path != want.URL.Path || got.Proto != want.Proto || want.Close {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
		for _, ignored := range []string{"Content-Length", "Connection", "Accept", "Accept-Encoding", "Accept-Language", "Baggage", "Sec-Fetch-Mode"} {
			delete(want.Header, ignored)
		}
		if !reflect.DeepEqual(got.Header, want.Header) {
			t.Errorf("%q: headers %q, want %q", text, got.Header, want.Header)
		}
	})
}
