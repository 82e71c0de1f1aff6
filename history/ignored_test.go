package history_test

import (
	"os/exec"
	"testing"
)

// TestGitIgnoresAHistory has git ignore a history that was made here, beside the
// Go files of this package, whatever file of one it is.
func TestGitIgnoresAHistory(t *testing.T) {
	if err := exec.Command("git", "rev-parse", "--is-inside-work-tree").Run(); err != nil {
		t.Skip("this is not a work tree of git, or git is not there: ", err)
	}
	ignored := func(name string) bool {
		return exec.Command("git", "check-ignore", "-q", "--no-index", name).Run() == nil
	}
	for _, name := range []string{
		"FORMAT", "lock", "cursors.json", "cursors.previous.json", "removed.json", "removed-deliveries.json", "damage.json",
		"events.jsonl", "deliveries.jsonl", "events-00000000000000000001.jsonl", "events-00000000000000000001.jsonl.torn",
		"events-00000000000000000001.jsonl.zst", "events-00000000000000000001.idx", "deliveries-00000000000000000001.jsonl.idx",
		"cursors.json.tmp", "FORMAT.tmp", "events-00000000000000000001.jsonl.zst.tmp", "deliveries-00000000000000000001.idx.tmp",
		"../webhooks.yaml", "../sidehook.sock", "../sidehook",
	} {
		if !ignored(name) {
			t.Errorf("%s is not ignored", name)
		}
	}
	for _, name := range []string{"event_record.go", "journal/journal.go", "internal/segment/writer.go", "README.md", "../webhooks.example.yaml", "../systemd/webhooks.yaml"} {
		if ignored(name) {
			t.Errorf("%s is ignored", name)
		}
	}
}
