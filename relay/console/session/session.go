// Package session owns who is signed in to the console: links, sessions, the failures
// of tokens, and how many streams are open. All of it is in memory alone, so a restart
// signs everybody out.
//
// It promises:
//
//   - A link is good for one session, within LinkLife.
//   - A session ends after Idle without use, and Life after it began.
//   - Codes, cookies and keys are of 256 random bits, and are kept as hashes. These are
//     compared in constant time.
//   - The numbers of links, sessions and streams are bounded. Of links and sessions the
//     oldest makes room for a new one.
//
// It knows nothing of HTTP. relay makes one Keeper; its API makes links, and the
// console asks for sessions.
package session

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"sync"
	"time"
)

// Level is what a session may do.
type Level int

// The levels.
const (
	View Level = iota + 1 // see everything
	Edit                  // change, too
)

// The limits.
const (
	LinkLife = time.Minute
	Idle     = 8 * time.Hour
	Life     = 24 * time.Hour

	maxLinks    = 32
	maxSessions = 64
	maxStreams  = 4 // of one session
)

// Keeper keeps them. Many may call it at once.
type Keeper struct {
	mu       sync.Mutex
	links    []*link    // the oldest first
	sessions []*session // the oldest first
	failures []time.Time
	visitors int // streams of those without a session
}

type link struct {
	code    [sha256.Size]byte
	level   Level
	expires time.Time
}

type session struct {
	cookie, key [sha256.Size]byte
	level       Level
	began, used time.Time
	streams     int
}

// Entry is what a new session is given: the cookie, and the key that a change needs
// beside it. Nothing can tell either again.
type Entry struct {
	Level       Level
	Cookie, Key string
}

// New makes a Keeper without any link or session.
func New() *Keeper { return &Keeper{} }

// Link makes the code of a link, and returns until when it is good.
func (k *Keeper) Link(level Level) (code string, expires time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropEndedLocked()
	k.links = withRoom(k.links, maxLinks)
	code = random()
	expires = time.Now().Add(LinkLife)
	k.links = append(k.links, &link{hash(code), level, expires})
	return code, expires
}

// Enter uses up the code of a link and begins a session. It reports false if the code
// was used before, has expired or never was one.
func (k *Keeper) Enter(code string) (Entry, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropEndedLocked()
	sum := hash(code)
	i := slices.IndexFunc(k.links, func(l *link) bool { return subtle.ConstantTimeCompare(l.code[:], sum[:]) == 1 })
	if i < 0 {
		return Entry{}, false
	}
	level := k.links[i].level
	k.links = slices.Delete(k.links, i, i+1)
	return k.beginLocked(level), true
}

// Begin begins a session without a link.
func (k *Keeper) Begin(level Level) Entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropEndedLocked()
	return k.beginLocked(level)
}

func (k *Keeper) beginLocked(level Level) Entry {
	k.sessions = withRoom(k.sessions, maxSessions)
	e, now := Entry{level, random(), random()}, time.Now()
	k.sessions = append(k.sessions, &session{cookie: hash(e.Cookie), key: hash(e.Key), level: level, began: now, used: now})
	return e
}

// Use returns the level of the session of a cookie, and notes that it is used.
func (k *Keeper) Use(cookie string) (Level, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.findLocked(cookie)
	if s == nil {
		return 0, false
	}
	s.used = time.Now()
	return s.level, true
}

// Look is Use by a page that may be open without a reader: it does not prolong the
// session.
func (k *Keeper) Look(cookie string) (Level, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.findLocked(cookie); s != nil {
		return s.level, true
	}
	return 0, false
}

// HasKey reports whether a key is that of the session of a cookie.
func (k *Keeper) HasKey(cookie, key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, sum := k.findLocked(cookie), hash(key)
	return s != nil && subtle.ConstantTimeCompare(s.key[:], sum[:]) == 1
}

// Stream takes a stream of the session of a cookie, of those without a session if
// there is none. It reports false if no more may be open; else close must be called
// when the stream ends.
func (k *Keeper) Stream(cookie string) (close func(), ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	open := &k.visitors
	if s := k.findLocked(cookie); s != nil {
		open = &s.streams
	}
	if *open >= maxStreams {
		return nil, false
	}
	*open++
	return sync.OnceFunc(func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		*open--
	}), true
}

// findLocked returns the session of a cookie, nil if there is none any more.
func (k *Keeper) findLocked(cookie string) *session {
	k.dropEndedLocked()
	sum := hash(cookie)
	i := slices.IndexFunc(k.sessions, func(s *session) bool { return subtle.ConstantTimeCompare(s.cookie[:], sum[:]) == 1 })
	if i < 0 {
		return nil
	}
	return k.sessions[i]
}

// dropEndedLocked forgets what is past its time.
func (k *Keeper) dropEndedLocked() {
	now := time.Now()
	k.links = slices.DeleteFunc(k.links, func(l *link) bool { return !now.Before(l.expires) })
	k.sessions = slices.DeleteFunc(k.sessions, func(s *session) bool { return now.Sub(s.began) >= Life || now.Sub(s.used) >= Idle })
}

// withRoom returns a list without its oldest if it has no room for one more.
func withRoom[T any](list []T, most int) []T { return slices.Delete(list, 0, max(0, len(list)-most+1)) }

// random returns 256 random bits as text.
func random() string {
	bits := make([]byte, 32)
	rand.Read(bits) // it never fails
	return base64.RawURLEncoding.EncodeToString(bits)
}

func hash(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }
