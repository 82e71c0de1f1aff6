package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"sidehook/config/unit"
)

const (
	maxFile  = 16 << 20 // of webhooks.yaml
	maxNamed = 64 << 10 // of a file that comes in by ${file:…} or ${cred:…}
	// maxMaterial is that of a file of tls; all of a system's authorities are
	// some hundred kilobytes.
	maxMaterial = 1 << 20
)

// byteOrderMark is what some editors write before the text of a file.
const byteOrderMark = "\ufeff"

// named is a file that the file names, as it was read.
type named struct {
	content string
	sum     [sha256.Size]byte // of the content
	mode    fs.FileMode
	err     error
}

// naming is a file that the file names, and how large it may be there.
type naming struct {
	path string
	most int64
}

// FileStamp is how a file looked just before it was read; Info is nil if there
// was none.
type FileStamp struct {
	Path string
	Info fs.FileInfo
}

// StampOf returns how the file looks now.
func StampOf(path string) FileStamp {
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	return FileStamp{path, info}
}

// Same reports whether nothing points to a change between two looks at a path.
func (s FileStamp) Same(o FileStamp) bool {
	if s.Info == nil || o.Info == nil {
		return s.Info == nil && o.Info == nil
	}
	return os.SameFile(s.Info, o.Info) && s.Info.Size() == o.Info.Size() &&
		s.Info.ModTime().Equal(o.Info.ModTime()) && s.Info.Mode() == o.Info.Mode()
}

// readNamed returns the content of a file without a byte order mark before it
// and without its last newline. Each is read once a load, so that all who name
// it get the same.
func (l *loader) readNamed(path string, most int64) named {
	if n, ok := l.named[naming{path, most}]; ok {
		return n
	}
	data, seen, err := readFile(path, most)
	if err != nil {
		err = fmt.Errorf("file %s %w", path, err)
	}
	content := strings.TrimPrefix(string(data), byteOrderMark)
	if strings.HasPrefix(content, "\xff\xfe") || strings.HasPrefix(content, "\xfe\xff") {
		err = fmt.Errorf("file %s is UTF-16; save it as UTF-8", path)
	}
	n := named{content: strings.TrimSuffix(strings.TrimSuffix(content, "\n"), "\r"), err: err}
	n.sum = sha256.Sum256([]byte(n.content))
	if seen.Info != nil {
		n.mode = seen.Info.Mode()
	}
	l.named[naming{path, most}] = n
	l.seen = append(l.seen, seen)
	fmt.Fprintf(l.hash, "\x00%s\x00%d\x00%s", path, len(n.content), n.content)
	return n
}

// unusable is what is wrong with a file whoever reads it.
type unusable string

func (u unusable) Error() string { return string(u) }

// readFile reads a regular file that not everyone may write. It looks at the
// file before it reads, so that a change in between shows as one.
func readFile(path string, most int64) ([]byte, FileStamp, error) {
	seen := StampOf(path)
	if seen.Info != nil && !seen.Info.Mode().IsRegular() {
		// To open a pipe could take for ever.
		return nil, seen, unusable("is not a regular file")
	}
	if seen.Info != nil && seen.Info.Mode().Perm()&0o002 != 0 {
		return nil, seen, unusable("may be written by everyone; take that away with chmod o-w")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, seen, cannotRead(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, seen, cannotRead(err)
	}
	if int64(len(data)) > most {
		return nil, seen, unusable("is larger than " + unit.FormatSize(most))
	}
	return data, seen, nil
}

// cannotRead drops the path, which the message names already.
func cannotRead(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}
