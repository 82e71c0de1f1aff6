// Package files owns the side files of a history folder: FORMAT, the checkpoint,
// what retention has removed, and which damage is known. It also owns the reserve of
// free space. Packages journal, retention, query and verify call it.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"sidehook/history/internal/vfs"
)

// The content of FORMAT. A folder with another number is refused, and never rewritten.
const (
	FormatFile = "FORMAT"
	format     = "sidehook-history 1"
	LockFile   = "lock" // of vfs.DirFS
)

func CheckFormat(fsys vfs.FS) error {
	text, err := readFile(fsys, FormatFile)
	if errors.Is(err, fs.ErrNotExist) {
		return vfs.ReplaceFile(fsys, FormatFile, []byte(format+"\n"))
	}
	if err != nil {
		return err
	}
	return knownFormat(text)
}

func knownFormat(text []byte) error {
	if string(text) != format+"\n" {
		return fmt.Errorf("the history's FORMAT is %q, and this sidehook reads %q only: use the version that wrote it, or another history.dir", text, format)
	}
	return nil
}

func readFile(fsys vfs.ReadFS, name string) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	text := make([]byte, size)
	if _, err := file.ReadAt(text, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return text, nil
}

// HasFormat reports whether a folder has a FORMAT. Another version is an error.
func HasFormat(fsys vfs.ReadFS) (there bool, err error) {
	text, err := readFile(fsys, FormatFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, knownFormat(text)
}
