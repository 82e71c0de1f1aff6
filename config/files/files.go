// Package files reads the files that make up a configuration, webhooks.yaml and
// those that it names, and remembers how each looked before it was read. It
// promises that each file is read once a load, so that all keys that name it get
// the same content, and that a change during the load is noticed afterwards.
// Package config reads with it; config/watch compares its stamps.
package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sidehook/config/unit"
)

// Stamp is how a file looked just before it was read; Info is nil if there was no
// file.
type Stamp struct {
	Path string
	Info fs.FileInfo
}

// StampOf returns how the file looks now.
func StampOf(path string) Stamp {
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	return Stamp{path, info}
}

// Same reports whether the file shows no change between two stamps of its path.
func (s Stamp) Same(o Stamp) bool {
	if s.Info == nil || o.Info == nil {
		return s.Info == nil && o.Info == nil
	}
	return os.SameFile(s.Info, o.Info) && s.Info.Size() == o.Info.Size() &&
		s.Info.ModTime().Equal(o.Info.ModTime()) && s.Info.Mode() == o.Info.Mode()
}

// Set is the files that one file of a configuration names. It is for one load.
type Set struct {
	files  map[request]File // read in this load, for all sets of it
	named  map[request]bool // by the file of this set
	stamps []Stamp
	text   []byte
	hash   hash.Hash // of those named; nil while there are none
}

// request is a path and the size up to which it may be read.
type request struct {
	path string
	most int64
}

// File is a file that a configuration names, as it was read.
type File struct {
	Content string            // without a byte order mark, and without its last line end
	Sum     [sha256.Size]byte // of Content
	Mode    fs.FileMode
	Err     error // why it could not be read

	stamp Stamp
}

// NewSet makes an empty set for a file with this text.
func NewSet(text []byte) *Set {
	return &Set{files: make(map[request]File), text: text}
}

// Beside returns an empty set for another file of the same load. A file that both name is
// read once.
func (s *Set) Beside(text []byte) *Set { return &Set{files: s.files, text: text} }

// Stamps returns how the files looked, in the order in which they were read.
func (s *Set) Stamps() []Stamp { return s.stamps }

// Hash returns a sum of the text and of all files that it names.
func (s *Set) Hash() string {
	sum := sha256.New()
	sum.Write(s.text)
	sum.Write(s.Named())
	return hex.EncodeToString(sum.Sum(nil))
}

// Named returns a sum of the files that are named; nil if there are none.
func (s *Set) Named() []byte {
	if s.hash == nil {
		return nil
	}
	return s.hash.Sum(nil)
}

// byteOrderMark is what some editors write before the text of a file.
const byteOrderMark = "\ufeff"

// Read returns a file of at most so many bytes.
func (s *Set) Read(path string, most int64) File {
	r := request{path, most}
	f, ok := s.files[r]
	if !ok {
		f = read(path, most)
		s.files[r] = f
	}
	if s.named[r] {
		return f
	}
	if s.named == nil {
		s.named, s.hash = make(map[request]bool), sha256.New()
	}
	s.named[r] = true
	s.stamps = append(s.stamps, f.stamp)
	fmt.Fprintf(s.hash, "\x00%s\x00%d\x00%s", path, len(f.Content), f.Content)
	return f
}

func read(path string, most int64) File {
	data, stamp, err := Read(path, most)
	if err != nil {
		err = fmt.Errorf("file %s %w", path, err)
	}
	content := strings.TrimPrefix(string(data), byteOrderMark)
	if strings.HasPrefix(content, "\xff\xfe") || strings.HasPrefix(content, "\xfe\xff") {
		err = fmt.Errorf("file %s is UTF-16; save it as UTF-8", path)
	}
	f := File{Content: strings.TrimSuffix(strings.TrimSuffix(content, "\n"), "\r"), Err: err, stamp: stamp}
	f.Sum = sha256.Sum256([]byte(f.Content))
	if stamp.Info != nil {
		f.Mode = stamp.Info.Mode()
	}
	return f
}

// Unusable is an error that every user who reads the file gets.
type Unusable string

func (u Unusable) Error() string { return string(u) }

// Read reads a regular file of at most so many bytes that not everyone may write.
// It takes the stamp before it reads, so that a change in between is noticed.
func Read(path string, most int64) ([]byte, Stamp, error) {
	stamp := StampOf(path)
	if stamp.Info != nil && !stamp.Info.Mode().IsRegular() {
		// Opening a pipe could block forever.
		return nil, stamp, Unusable("is not a regular file")
	}
	if stamp.Info != nil && stamp.Info.Mode().Perm()&0o002 != 0 {
		return nil, stamp, Unusable("is writable by everyone; run chmod o-w on it")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, stamp, cannotRead(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, stamp, cannotRead(err)
	}
	if int64(len(data)) > most {
		return nil, stamp, Unusable("is larger than " + unit.FormatSize(most))
	}
	return data, stamp, nil
}

// cannotRead drops the path, which the message names already.
func cannotRead(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// Same reports whether two paths lead to one file.
func Same(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
