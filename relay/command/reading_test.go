package command_test

import (
	"io/fs"
	"testing"

	"sidehook/history"
	"sidehook/relay/command"
)

// Who may not read the history is told who may.
func TestUnreadable(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "/srv/history", Err: fs.ErrPermission}
	got := command.Unreadable(denied).Error()
	want := "open /srv/history: permission denied: the history is its owner's alone; ask as root, or as the user that the relay runs as"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, err := range []error{nil, history.ErrNoHistory} {
		if got := command.Unreadable(err); got != err {
			t.Errorf("got %v, want %v", got, err)
		}
	}
}
