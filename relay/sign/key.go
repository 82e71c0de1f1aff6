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
	standardPrefix = "whsec_"
	ed25519Prefix  = "whsk_"
)

// Key is a parsed secret. It holds no readable copy of it, so that a Key that
// is printed by mistake gives nothing away.
//
// One text is two HMAC keys, because the schemes read it differently: what the
// base64 after whsec_ stands for, or the text as it is written. Without that
// prefix the two are the same.
type Key struct {
	decoded *mac
	written *mac
}

// ParseSecret reads a secret as webhooks.yaml has it. How long one should be
// is for the configuration to say. The error does not repeat the text.
func ParseSecret(text string) (Key, error) {
	if text == "" {
		return Key{}, errors.New("parse secret: it is empty")
	}
	if strings.HasPrefix(text, ed25519Prefix) {
		return Key{}, fmt.Errorf("parse secret: it begins with %s, and ed25519 keys are not supported", ed25519Prefix)
	}
	written := newMAC([]byte(text))
	encoded, ok := strings.CutPrefix(text, standardPrefix)
	if !ok {
		return Key{decoded: written, written: written}, nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Key{}, fmt.Errorf("parse secret: what follows %s is not base64 (padded, with + and /)", standardPrefix)
	}
	if len(key) == 0 {
		return Key{}, fmt.Errorf("parse secret: nothing follows %s", standardPrefix)
	}
	return Key{decoded: newMAC(key), written: written}, nil
}

// mac computes HMAC-SHA256 under one key, from many goroutines at once. Its
// states are reused: an HMAC that is reset goes on from a saved state, which
// for a body of 1 KiB takes two thirds of the time of a new one.
type mac struct {
	pool sync.Pool // of *state
}

// state is one HMAC with the room that its caller needs around it: what stands
// before the body, the sum, and the header values while they are put together.
type state struct {
	hash hash.Hash
	text []byte
	sum  [sha256.Size]byte
}

func newMAC(key []byte) *mac {
	m := new(mac)
	m.pool.New = func() any { return &state{hash: hmac.New(sha256.New, key)} }
	return m
}

func (m *mac) get() *state { return m.pool.Get().(*state) }

func (m *mac) put(s *state) { m.pool.Put(s) }

// compute leaves the HMAC of head and body in s.sum.
func (s *state) compute(head, body []byte) {
	s.hash.Reset()
	s.hash.Write(head)
	s.hash.Write(body)
	s.hash.Sum(s.sum[:0])
}
