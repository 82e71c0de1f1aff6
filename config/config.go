// Package config owns webhooks.yaml: it reads the file, checks it, and replaces
// each ${…} by its value.
//
// It promises:
//
//   - A File that Load returns is valid as a whole and never changes, so it may be
//     shared without a lock.
//   - Load reports all problems at once, each with its line, its column and a
//     correction.
//   - Secrets, and values that came by ${…}, are not printed by accident: Secret,
//     Header and URL redact themselves.
//
// Each key is declared once, in tables.go, and everything that has to know the
// keys follows from there (key.go). The rules for a value stand in the rooms beside
// this one: endpoint, header, oauth, material, credential, naming, selection, pacing and
// profile. They read a single value. This package checks the rules that depend on several
// keys, or on the file.
//
// The relay loads the file when it starts, and runs a watcher of config/watch
// beside it. The commands load it to find the listener and the history, or to
// check it.
package config

import (
	"os"
	"path/filepath"
	"time"

	"sidehook/config/endpoint"
	"sidehook/config/material"
	"sidehook/config/oauth"
	"sidehook/config/pacing"
	"sidehook/config/redact"
	"sidehook/config/selection"
	"sidehook/config/yamlnode"
)

// The types of a File whose packages callers need not know.
type (
	Secret   = redact.Secret
	URL      = redact.URL
	Header   = redact.Header
	Problem  = yamlnode.Problem
	Problems = yamlnode.Problems

	Allow   = endpoint.Allow
	OAuth2  = oauth.OAuth2
	Match   = selection.Match
	Rate    = pacing.Rate
	Order   = pacing.Order
	Backlog = pacing.Backlog
	TLS     = material.TLS
)

// File is webhooks.yaml as it takes effect: with its defaults, and each webhook
// complete. It is immutable.
type File struct {
	Path     string   // as the user named it
	Hash     string   // hex SHA-256 of the content in force: of the file and every file that it names
	Warnings Problems // in file order
	Unread   Problems // in mode Tools: why keys of listen and history count as not given
	// InCluster: cluster is given, so the history is in PostgreSQL. It is known in every
	// mode.
	InCluster bool

	Source     string // `source` of events that come without one
	Listen     Listen
	History    History
	Outbox     Outbox
	Cluster    Cluster
	EventTypes map[string]EventType // nil: every type is accepted
	Include    []string             // files and globs of more webhooks, as paths
	Webhooks   []*Webhook           // in file order, first of the file itself, then of its files of include

	// Included are the files of include, in the order of include and then of their
	// names. Of one with errors, the webhooks of its last good reading are in force.
	Included []*Included
}

// Listen says where events come in.
type Listen struct {
	HTTP         string      // host:port; "" is off
	Socket       string      // path of the Unix socket; "" is off
	SocketMode   os.FileMode // its permission bits
	Token        Secret      // bearer token; always set if HTTP is not a loopback address
	ReadToken    Secret      // bearer token for calls that change nothing; never the Token
	Console      string      // ConsoleOff, ConsoleView or ConsoleEdit
	MaxEventSize int         // bytes of one event, 1 KiB to 16 MiB; a batch may be 16 times that
}

// The values of Listen.Console: what the console may be used for.
const (
	ConsoleOff  = off
	ConsoleView = "view"
	ConsoleEdit = "edit"
)

// History says where events and attempts are kept, and for how long.
type History struct {
	Dir           string
	Keep          time.Duration // finished events that are older are removed, 1s to 36500d
	MaxSize       int64         // bytes of the folder above which the oldest events are removed, at least 16 MiB
	ResponseBody  int           // bytes of a response that are kept, 0 to 64 KiB
	DropUnmatched bool          // events that no webhook wants are not written
}

// empty returns the file in which no key is given.
func empty(path string) *File {
	dir := filepath.Dir(path)
	return &File{
		Path:   path,
		Source: "sidehook",
		Listen: Listen{
			HTTP:         "127.0.0.1:4665",
			Socket:       filepath.Join(dir, "sidehook.sock"),
			SocketMode:   0o660,
			Console:      ConsoleView,
			MaxEventSize: 1 << 20,
		},
		History: History{
			Dir:          filepath.Join(dir, "history"),
			Keep:         30 * 24 * time.Hour,
			MaxSize:      10 << 30,
			ResponseBody: 4 << 10,
		},
		Cluster: Cluster{Schema: "sidehook", Lease: 10 * time.Second, Sync: SyncRequire},
	}
}
