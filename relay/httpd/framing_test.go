package httpd_test

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"sidehook/relay/apitest"
)

var finalStatus = regexp.MustCompile(`HTTP/1\.[01] [2-5]\d\d [^\r]*\r\n`)

// exchangeRaw sends bytes on a connection of its own, in pieces of a size (0: at
// once), until the server closes it, and returns what was answered.
func exchangeRaw(t *testing.T, text string, piece int) (answer string) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{})
		defer stop()
		client := p.Dial()
		go func() {
			for rest := text; rest != ""; {
				n := len(rest)
				if piece > 0 {
					n = min(n, piece)
				}
				if _, err := io.WriteString(client, rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
		}()
		all, _ := io.ReadAll(client)
		answer = string(all)
		client.Close()
	})
	return answer
}

// answered counts the requests that were taken from a connection.
func answered(text string) int { return len(finalStatus.FindAllString(text, -1)) }

const (
	postHead   = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	nextCall   = "GET /v1/webhooks HTTP/1.1\r\nHost: localhost\r\n\r\n"
	smallEvent = `{"type":"a.b","id":"1"}`
	oneChunk   = "17\r\n" + smallEvent + "\r\n0\r\n\r\n"
)

// encodings are ways to write a Transfer-Encoding that some server or other takes
// for chunked.
func encodings() (lines []string) {
	const name, value = "Transfer-Encoding", "chunked"
	odd := []string{"\x01", "\x04", "\x08", "\t", "\x0b", "\x0c", "\r", "\x1f", " ", "\x7f", "\xa0", "\xff", "\"", "'", "\x00"}
	for _, n := range []string{name, "transfer-encoding", "TRANSFER-ENCODING", "TrAnSFer-EnCODinG", "Transfer_Encoding"} {
		for _, v := range []string{value, "CHUNKED", "cHuNkeD", `"chunked"`, "'chunked'", "identity", "chunk", "chunked, identity", "identity, chunked", "chunked;q=1", "gzip, chunked", "x chunked y", ""} {
			lines = append(lines, n+": "+v, n+":"+v)
		}
	}
	for _, c := range odd {
		lines = append(lines,
			name+":"+c+value, name+": "+value+c, name+c+": "+value, name+c+":"+value, c+name+": "+value,
			"X: x"+c+"\r\n"+name+": "+value, name+": "+value+"\r\n"+c+"X: x", name+":"+c+"\r\n "+value, "Transfer"+c+"Encoding: "+value)
	}
	return append(lines,
		"X: x\n"+name+": "+value, name+":\n "+value, name+": "+value+"\n", name+": "+value+"\r\n"+name+": "+value,
		name+": identity\r\n"+name+": "+value, name+": "+value+"\r\n"+name+": identity", "X: y\r\n "+name+": "+value, "X: y\r\n\t"+name+": "+value, "\r\n"+name+": "+value)
}

// Of a request that could be framed in two ways nothing is taken from the
// connection but that request, wherever the two headers stand.
func TestFramedInTwoWays(t *testing.T) {
	lengths := map[string]string{"of the body": fmt.Sprintf("Content-Length: %d", len(oneChunk)), "short": "content-length: 4", "of what follows, too": fmt.Sprintf("CONTENT-LENGTH: %d", len(oneChunk)+len(nextCall))}
	count := 0
	for _, line := range encodings() {
		for name, length := range lengths {
			for order, head := range map[string]string{
				"before": postHead + line + "\r\n" + length + "\r\n\r\n",
				"after":  postHead + length + "\r\n" + line + "\r\n\r\n",
				"far":    postHead + length + "\r\nX-Long: " + strings.Repeat("x", 5000) + "\r\n" + line + "\r\n\r\n",
			} {
				count++
				answer := exchangeRaw(t, head+oneChunk+nextCall+nextCall, 0)
				n := answered(answer)
				if line[0] == '\r' && line[1] == '\n' || line[0] == '\'' { // the headers end before it, or it is another one
					continue
				}
				if n > 1 {
					t.Errorf("%q %s a length %s: %d requests were taken:\n%s", line, order, name, n, answer)
				}
				if n == 1 && !strings.Contains(answer, "Connection: close") {
					t.Errorf("%q %s a length %s: the connection is kept:\n%s", line, order, name, answer)
				}
			}
		}
	}
	for _, piece := range []int{1, 7, 100} { // however the lines are cut
		for _, head := range []string{"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", "transfer-encoding: chunked\r\nX: y\r\nCONTENT-LENGTH: 33\r\n\r\n"} {
			if answer := exchangeRaw(t, nextCall+postHead+head+oneChunk+nextCall, piece); answered(answer) > 2 || !strings.Contains(answer, "Connection: close") {
				t.Errorf("%q in pieces of %d: got\n%s", head, piece, answer)
			}
		}
	}
	if count < 134 {
		t.Errorf("%d cases", count)
	}
}

// HTTP/1.0 has no Transfer-Encoding, and what reads it one way or the other finds
// another end.
func TestEncodedInHTTP10(t *testing.T) {
	for _, more := range []string{"", "Content-Length: 4\r\n", fmt.Sprintf("Content-Length: %d\r\n", len(oneChunk))} {
		for _, piece := range []int{0, 1} {
			head := strings.Replace(postHead, "HTTP/1.1", "HTTP/1.0", 1) + "Connection: keep-alive\r\n" + more + "Transfer-Encoding: chunked\r\n\r\n"
			if answer := exchangeRaw(t, head+oneChunk+nextCall+nextCall, piece); answered(answer) != 1 || !strings.Contains(answer, "Connection: close") {
				t.Errorf("%q: got\n%s", more, answer)
			}
		}
	}
}

// One that can only be framed in one way keeps its connection, and so do those
// that follow at once.
func TestConnectionsAreKept(t *testing.T) {
	length := fmt.Sprintf("Content-Length: %d\r\n", len(smallEvent))
	sized := postHead + length + "\r\n" + smallEvent
	encoded := postHead + "Transfer-Encoding: chunked\r\n\r\n" + oneChunk
	indented := "{\n  \"type\": \"a.b\",\n  \"id\": \"2\"\n}\n"
	old := strings.Replace(postHead, "HTTP/1.1", "HTTP/1.0", 1) + "Connection: keep-alive\r\n" + length + "\r\n" + smallEvent
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"with a length":   {sized + sized + nextCall, 3},
		"in chunks":       {encoded + encoded + nextCall, 3},
		"in turn":         {sized + encoded + sized + encoded + nextCall + sized, 6},
		"with lines":      {postHead + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(indented)) + indented + encoded + nextCall, 3},
		"with a trailer":  {postHead + "Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n17\r\n" + smallEvent + "\r\n0\r\nX: y\r\n\r\n" + nextCall, 2},
		"continued":       {postHead + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n" + oneChunk + postHead + "Expect: 100-continue\r\n" + length + "\r\n" + smallEvent + nextCall, 3},
		"HTTP/1.0":        {old + old + nextCall, 3},
		"another header":  {postHead + length + "X-Transfer-Encoding: chunked\r\nTE: trailers\r\n\r\n" + smallEvent + nextCall, 2},
		"two ways, third": {sized + postHead + "Transfer-Encoding: chunked\r\n" + length + "\r\n" + oneChunk + nextCall + nextCall, 2},
	} {
		for _, piece := range []int{1, 7, 0} {
			answer := exchangeRaw(t, c.text, piece)
			// Those that come with it in one piece may go unanswered.
			least := c.want
			if name == "two ways, third" && piece == 0 {
				least = 1
			}
			if n := answered(answer); n > c.want || n < least {
				t.Errorf("%s, in pieces of %d: %d were answered, want %d:\n%s", name, piece, n, c.want, answer)
			}
		}
	}
}
