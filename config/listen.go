package config

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"sidehook/config/endpoint"
	"sidehook/config/yamlnode"
)

// off is the word for a listener that is not wanted.
const off = endpoint.Off

func readListen(l *loader, v *value, in *Listen) {
	given := l.Pairs(v, "")
	readKeys(l, given, l.tables.listen, in)
	http := yamlnode.Find(given, "http")
	if http != nil && in.HTTP != "" && !endpoint.IsLoopback(in.HTTP) && yamlnode.Find(given, "token") == nil {
		l.Fail(http, "is not loopback: listen.token is required", "set it, or write 127.0.0.1:4665")
	}
	if !in.ReadToken.IsZero() && in.ReadToken.Equal(in.Token) {
		l.Fail(yamlnode.Find(given, "read_token"), "is the token itself, which may change everything", "write another one, or remove read_token")
	}
}

// orOff is a text, or off for none.
func orOff(read func(*loader, *value, *string)) codec[string] {
	return shownAs(off, text(schema{}, read))
}

// maxSocket is the longest path that every system takes for a Unix socket.
const maxSocket = 103

func readSocket(l *loader, v *value, into *string) {
	var path string
	switch l.Line(v, 4096, &path); path {
	case "":
	case off:
		*into = ""
	default:
		*into = l.absolute(path)
		if len(*into) > maxSocket {
			l.Fail(v, fmt.Sprintf("is a path of %d bytes, more than the %d of a Unix socket", len(*into), maxSocket), "write a shorter path, such as /run/sidehook.sock")
		}
	}
}

// fileMode is the octal digits of a file's permissions, quoted or not.
func fileMode() codec[os.FileMode] {
	return codec[os.FileMode]{
		schema: schema{"type": []string{"string", "integer"}, "pattern": "^0?[0-7]{3}$"},
		read: func(l *loader, v *value, into *os.FileMode) {
			t, ok := l.Known(v)
			if !ok {
				return
			}
			mode, err := strconv.ParseUint(t.String(), 8, 32)
			if digits := strings.TrimPrefix(t.String(), "0"); err != nil || len(digits) != 3 {
				l.Fail(v, "must be the three octal digits of a file's mode, not "+t.Show(), `write "0660"`)
				return
			}
			*into = os.FileMode(mode)
		},
		show: func(mode os.FileMode) any { return fmt.Sprintf("%04o", mode) },
	}
}
