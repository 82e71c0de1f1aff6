package cli_test

import (
	"io/fs"
	"testing"

	"sidehook/history"
	"sidehook/relay/command/cli"
)

// A user who may not read the history is told who may.
func TestExplainDenied(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "/srv/history", Err: fs.ErrPermission}
	got := cli.ExplainDenied(denied).Error()
	want := "open /srv/history: permission denied: history files are readable only by their owner; run this as root or as the relay's user"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, err := range []error{nil, history.ErrNoHistory} {
		if got := cli.ExplainDenied(err); got != err {
			t.Errorf("got %v, want %v", got, err)
		}
	}
}
