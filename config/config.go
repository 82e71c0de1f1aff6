// Package config owns webhooks.yaml: it reads the file, judges it, and fills in
// what stands for something else.
//
// It promises three things. What Load returns is valid as a whole and never
// changes again, so it may be shared without a lock. What Load refuses, it
// refuses with every problem at once, each with its line, its column and what to
// write instead. And nothing that came by ${…}, and no secret, is printed by
// accident: Secret, Header and URL redact themselves.
//
// Each key of a webhook is declared once, in table.go; everything that has to
// know the keys follows from that table.
//
// The relay loads the file at its start and runs a watcher, of config/watch,
// beside it; the commands load it to find the listener and the history, or to
// check it.
package config

import (
	"os"
	"path/filepath"
	"time"

	"sidehook/config/files"
	"sidehook/config/redact"
	"sidehook/config/yamlnode"
)

// What is in a File and belongs to packages that no caller need know.
type (
	Secret   = redact.Secret
	URL      = redact.URL
	Header   = redact.Header
	Problem  = yamlnode.Problem
	Problems = yamlnode.Problems
)

// File is webhooks.yaml as it is in force: defaults filled in, each webhook
// complete in itself. It is immutable.
type File struct {
	Path     string   // as the user named it
	Hash     string   // hex SHA-256 over the file and every file it names
	Warnings Problems // what is doubtful and was not refused, in file order
	Unread   Problems // in mode Tools, why listen and history are the defaults where they are

	Source     string // `source` of events that come without one
	Listen     Listen
	History    History
	EventTypes map[string]string // type to description; nil: every type is accepted
	Webhooks   []*Webhook        // in file order

	Files []files.Stamp // of the file itself first, then those it names
}

// Listen says where events come in.
type Listen struct {
	HTTP         string      // host:port; "" is off
	Socket       string      // path of the Unix socket; "" is off
	SocketMode   os.FileMode // its permission bits
	Token        Secret      // bearer token; always set if HTTP is not a loopback address
	MaxEventSize int         // bytes of one event, 1 KiB to 16 MiB; a batch may be 16 times that
}

// History says where events and attempts are kept, and what of them.
type History struct {
	Dir           string
	Keep          time.Duration // what is finished and older is removed, 1s to 36500d
	MaxSize       int64         // bytes of the folder, above which the oldest is removed, 16 MiB or more
	ResponseBody  int           // how many bytes of a response are kept, 0 to 64 KiB
	DropUnmatched bool          // events that no webhook wants are not written
}

// empty is the file in force that says nothing.
func empty(path string) *File {
	dir := filepath.Dir(path)
	return &File{
		Path:   path,
		Source: "sidehook",
		Listen: Listen{
			HTTP:         "127.0.0.1:4665",
			Socket:       filepath.Join(dir, "sidehook.sock"),
			SocketMode:   0o660,
			MaxEventSize: 1 << 20,
		},
		History: History{
			Dir:          filepath.Join(dir, "history"),
			Keep:         30 * 24 * time.Hour,
			MaxSize:      10 << 30,
			ResponseBody: 4 << 10,
		},
	}
}
