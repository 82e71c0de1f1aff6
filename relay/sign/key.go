package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
)

const (
	macPrefix     = "whsec_"
	ed25519Prefix = "whsk_"
)

// Key is a parsed secret. It holds no readable copy of it, so that a Key that
// is printed by mistake gives nothing away.
//
// One text is two keys, because the schemes read it differently: standard takes
// what the base64 after whsec_ or whsk_ stands for, the others the text as it
// is written. Without such a prefix the two are the same.
type Key struct {
	standard standardKey
	written  *mac // nil for ed25519, which is for standard only
}

// standardKey is what standard signs with. Its methods may run at once.
type standardKey interface {
	get() *state
	put(*state)
	// appendSignature appends the signature of head and body with its version
	// before it. Head may be the beginning of dst.
	appendSignature(dst, head, body []byte) []byte
	// matches reports whether one of a list of signatures is by this key. Those of
	// other versions than its own are passed over.
	matches(head, body []byte, signatures string) bool
}

// ParseSecret reads a secret as webhooks.yaml has it. How long one should be
// is for the configuration to say. The error does not repeat the text.
func ParseSecret(text string) (Key, error) {
	if text == "" {
		return Key{}, errors.New("parse secret: it is empty")
	}
	if encoded, ok := strings.CutPrefix(text, ed25519Prefix); ok {
		key, err := newEd25519(encoded)
		if err != nil {
			return Key{}, fmt.Errorf("parse secret: %w", err)
		}
		return Key{standard: key}, nil
	}
	written := newMAC([]byte(text))
	encoded, ok := strings.CutPrefix(text, macPrefix)
	if !ok {
		return Key{standard: written, written: written}, nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Key{}, fmt.Errorf("parse secret: what follows %s is not base64 (padded, with + and /)", macPrefix)
	}
	if len(key) == 0 {
		return Key{}, fmt.Errorf("parse secret: nothing follows %s", macPrefix)
	}
	return Key{standard: newMAC(key), written: written}, nil
}

// states keeps what signing needs for the next that signs.
type states struct {
	pool sync.Pool // of *state
}

func (p *states) get() *state  { return p.pool.Get().(*state) }
func (p *states) put(s *state) { p.pool.Put(s) }

// state is one HMAC with the room that its caller needs around it: what stands
// before the body, the sum, and the header values while they are put together.
type state struct {
	hash hash.Hash // nil for ed25519
	text []byte
	sum  [sha256.Size]byte
}

// mac computes HMAC-SHA256 under one key, from many goroutines at once. Its
// states are reused: an HMAC that is reset goes on from a saved state, which
// for a body of 1 KiB takes two thirds of the time of a new one.
type mac struct{ states }

func newMAC(key []byte) *mac {
	m := new(mac)
	m.pool.New = func() any { return &state{hash: hmac.New(sha256.New, key)} }
	return m
}

// compute leaves the HMAC of head and body in s.sum.
func (s *state) compute(head, body []byte) {
	s.hash.Reset()
	s.hash.Write(head)
	s.hash.Write(body)
	s.hash.Sum(s.sum[:0])
}

// hmacVersion stands before a signature of standard that is an HMAC.
const hmacVersion = "v1,"

func (m *mac) appendSignature(dst, head, body []byte) []byte {
	s := m.get()
	defer m.put(s)
	s.compute(head, body)
	return base64.StdEncoding.AppendEncode(append(dst, hmacVersion...), s.sum[:])
}

func (m *mac) matches(head, body []byte, signatures string) bool {
	want := m.appendSignature(nil, head, body)
	for one := range strings.SplitSeq(signatures, " ") {
		if hmac.Equal([]byte(one), want) {
			return true
		}
	}
	return false
}
