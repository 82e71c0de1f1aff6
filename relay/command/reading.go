package command

import (
	"errors"
	"fmt"
	"io/fs"

	"sidehook/history/query"
)

// readHistory opens the history to be looked at. Its folder is its owner's
// alone, so that beside a service the first command of a user is refused: the
// error says who is not.
func readHistory(dir string) (*query.Reader, error) {
	reading, err := query.Open(dir)
	return reading, unreadable(err)
}

func unreadable(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: the history is its owner's alone; ask as root, or as the user that the relay runs as", err)
	}
	return err
}
