package endpoint

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"sidehook/config/yamlnode"
)

// uri is a URI reference in its parts, each as it stands: Go's URL parser accepts much
// that RFC 3986 does not allow, and that servers may refuse.
type uri struct {
	scheme    string
	authority string // user info, host and port; "" without a //
	rest      string // path and query
	fragment  string // with its #
}

func splitURI(text string) (u uri) {
	if scheme, after, ok := strings.Cut(text, ":"); ok && isScheme(scheme) {
		u.scheme, text = scheme, after
	}
	if i := strings.IndexByte(text, '#'); i >= 0 {
		text, u.fragment = text[:i], text[i:]
	}
	u.rest = text
	if after, ok := strings.CutPrefix(text, "//"); ok {
		end := strings.IndexAny(after+"/", "/?")
		u.authority, u.rest = after[:end], after[end:]
	}
	return u
}

// userInfo returns what stands before the @ of the authority, and the host with
// its port.
func (u uri) userInfo() (user, hostport string, ok bool) {
	if at := strings.LastIndexByte(u.authority, '@'); at >= 0 {
		return u.authority[:at], u.authority[at+1:], true
	}
	return "", u.authority, false
}

// splitPort returns a host, and its port with the colon before it.
func splitPort(hostport string) (host, port string) {
	if i := strings.LastIndexByte(hostport, ':'); i > strings.LastIndexByte(hostport, ']') {
		return hostport[:i], hostport[i:]
	}
	return hostport, ""
}

func isScheme(s string) bool {
	return s != "" && strings.Trim(s, letters+digits+"+-.") == "" && strings.IndexByte(letters, s[0]) >= 0
}

// The characters of RFC 3986.
const (
	letters    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits     = "0123456789"
	unreserved = letters + digits + "-._~"
	subDelims  = "!$&'()*+,;="
	ofUserInfo = unreserved + subDelims + ":"
	ofPath     = ofUserInfo + "@/"
	ofQuery    = ofPath + "?"
)

// encode percent-encodes what of s is neither allowed nor percent-encoded, and
// returns the first such character, too; "" without one.
func encode(s, allowed string) (encoded, first string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(allowed, s[i]) >= 0 || isEncoding(s[i:]) {
			b.WriteByte(s[i])
			continue
		}
		if first == "" {
			_, size := utf8.DecodeRuneInString(s[i:])
			first = s[i : i+size]
		}
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String(), first
}

// isEncoding reports whether s begins with % and two hexadecimal digits.
func isEncoding(s string) bool {
	return len(s) >= 3 && s[0] == '%' && strings.Trim(s[1:3], digits+"ABCDEFabcdef") == ""
}

// EncodeURI returns a URI reference as RFC 3986 has it: as it is, if it is one.
func EncodeURI(text string) string {
	u := splitURI(text)
	before := text[:len(text)-len(u.authority)-len(u.rest)-len(u.fragment)] // scheme: and //
	authority, _ := encode(u.authority, ofUserInfo+"@[]")
	rest, _ := encode(u.rest, ofQuery)
	if u.fragment != "" {
		fragment, _ := encode(u.fragment[1:], ofQuery)
		rest += "#" + fragment
	}
	return before + authority + rest
}

// ReadSource reads the source of events, a URI reference as CloudEvents requires.
func ReadSource(r *yamlnode.Reader, v *yamlnode.Value, into *string) {
	var s string
	r.Line(v, 1024, &s)
	if s == "" {
		return
	}
	hint := "write it like com.example/app"
	right := EncodeURI(s)
	if t, _ := r.Known(v); right != s && !t.Hidden() {
		hint = "write " + right
	}
	if _, err := url.Parse(s); err != nil || right != s {
		r.Fail(v, "must be a URI reference", hint)
		return
	}
	*into = s
}
