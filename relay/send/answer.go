package send

import (
	"io"
	"net/http"
	"sync"
	"unicode/utf8"

	"sidehook/history"
)

// chunks are buffers to read bodies with.
var chunks = sync.Pool{New: func() any { return new([8 << 10]byte) }}

// answerRoom is the memory for most answers, in one piece.
type answerRoom struct {
	history.Response
	headers [6]history.Header
}

// read returns what is kept of an answer, and closes it. The status has decided
// already, so a body that is late, cut off or endless changes nothing. A body
// larger than maxBody closes the connection.
func (x *exchange) read(resp *http.Response, keep int) *history.Response {
	defer resp.Body.Close()
	if x.location != nil {
		resp.Header["Location"] = x.location
	}
	answer := new(answerRoom)
	r := &answer.Response
	r.Headers = responseHeaders(answer.headers[:0], resp.Header, x.secrets)
	if resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols {
		return r
	}
	// A secret at the end of what is kept must be complete to be found.
	room, longest := keep, 0
	if len(x.secrets) > 0 {
		longest = len(x.secrets[0])
	}
	if keep > 0 {
		room += longest
	}
	if resp.ContentLength >= 0 {
		room = min(room, int(min(resp.ContentLength, maxBody)))
	}
	var kept []byte
	if room > 0 {
		kept = make([]byte, 0, room)
	}
	chunk := chunks.Get().(*[8 << 10]byte)
	defer chunks.Put(chunk)
	total, whole := 0, false
	for total < maxBody {
		n, err := resp.Body.Read(chunk[:min(len(chunk), maxBody-total)])
		kept = append(kept, chunk[:min(n, room-len(kept))]...)
		total += n
		if err != nil {
			whole = err == io.EOF
			break
		}
	}
	r.Truncated = !whole || total > keep
	cut := total > len(kept)
	kept = mask(kept, x.secrets)
	if cut && longest > 0 {
		kept = kept[:max(0, len(kept)-longest+1)] // the rest may be the start of a secret
	}
	r.Body = kept[:min(len(kept), keep)]
	if r.Truncated {
		r.Body = unsplit(r.Body)
	}
	return r
}

// unsplit removes a character that was cut, so that the history can store the
// body as text.
func unsplit(text []byte) []byte {
	for n := 1; n <= min(len(text), utf8.UTFMax-1); n++ {
		rest, last := text[:len(text)-n], text[len(text)-n:]
		if utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) && utf8.Valid(rest) {
				return rest
			}
			break
		}
	}
	return text
}
