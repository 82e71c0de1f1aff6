package journal_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/verify"
)

// asNobody makes a folder another user's, and runs the rest of the test as that
// one where it runs as root, who may read everything.
func asNobody(t *testing.T, folder string) {
	t.Helper()
	const nobody = 65534
	if os.Geteuid() != 0 {
		return
	}
	for path := folder; strings.HasPrefix(path, os.TempDir()+"/"); path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(path, nobody, nobody)
		}
		return err
	})
	if err == nil {
		err = syscall.Seteuid(nobody)
	}
	if err != nil {
		t.Skip("needs the right to become another user: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := os.ReadDir(folder); err != nil {
		t.Skip("needs a folder for temporary files that others may reach: ", err)
	}
}

// sideFiles are those that are beside the segments.
var sideFiles = []string{
	"damage.json", "removed.json", "removed-deliveries.json", "cursors.json", "cursors.previous.json",
	"damage.json.tmp", "removed.json.tmp", "removed-deliveries.json.tmp", "cursors.json.tmp",
	"events-00000000000000000001.idx", "deliveries-00000000000000000001.idx", "deliveries-00000000000000000001.idx.tmp",
	"events-00000000000000000001.jsonl.torn", "deliveries-00000000000000000001.jsonl.zst.tmp",
	"events.jsonl", "deliveries.jsonl.tmp",
}

// TestSideFiles: whatever becomes of a file that is beside the segments, the
// history opens, events are accepted, what is old goes, and the size is known. It
// is reported once.
func TestSideFiles(t *testing.T) {
	template := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := openFolder(t, template, 64<<10, slog.DiscardHandler)
		r.fill(1, 450, "a")
		time.Sleep(age)
		r.fill(451, 451, "a")
		r.close()
	})
	cases := map[string][]string{"all": sideFiles}
	for _, name := range sideFiles[:5] {
		cases[name] = []string{name}
	}
	for how, damage := range map[string]func(path string) error{
		"unreadable": func(path string) error {
			return cmp.Or(os.WriteFile(path, []byte("[[1,2]]"), 0o600), os.Chmod(path, 0))
		},
		"a folder": func(path string) error { return os.MkdirAll(filepath.Join(path, "theirs"), 0o700) },
		"garbage":  func(path string) error { return os.WriteFile(path, []byte("{\x00\xff]"), 0o600) },
		"empty":    func(path string) error { return os.WriteFile(path, nil, 0o600) },
	} {
		for name, files := range cases {
			t.Run(name+" "+how, func(t *testing.T) {
				folder := filepath.Join(t.TempDir(), "history")
				if err := os.CopyFS(folder, os.DirFS(template)); err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					if err := os.Remove(filepath.Join(folder, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Fatal(err)
					}
					if err := damage(filepath.Join(folder, file)); err != nil {
						t.Fatal(err)
					}
				}
				asNobody(t, folder)
				synctest.Test(t, func(t *testing.T) {
					runsOn(t, folder, "first", len(files))
					runsOn(t, folder, "second", len(files))
				})
			})
		}
	}
}

// openFolder runs the history of a folder, with segments of a size, until close.
func openFolder(t *testing.T, folder string, segment int64, log slog.Handler) *running {
	t.Helper()
	j, err := journal.Open(folder, journal.Options{SegmentSize: segment, Log: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{j, t, cancel, make(chan error, 1)}
	go func() { r.ended <- j.Run(ctx) }()
	return r
}

func (r *running) close() {
	r.t.Helper()
	if err := r.stop(); err != nil {
		r.t.Error(err)
	}
	if err := r.Close(); err != nil {
		r.t.Error(err)
	}
}

// runsOn runs a history until all of it is old.
func runsOn(t *testing.T, folder, id string, broken int) {
	t.Helper()
	var log bytes.Buffer
	r := openFolder(t, folder, 64<<10, slog.NewTextHandler(&log, nil))
	r.Retain(journal.Retention{Keep: 10 * age})
	r.append([]string{id}, "new")
	if size, err := r.Size(); err != nil || size == 0 {
		t.Errorf("the size is %d, %v", size, err)
	}
	same(t, "delivered", r.drain("new"), []string{id})
	time.Sleep(5 * age)
	checker, err := verify.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checker.Check(func(int64, int64) {}); err != nil {
		t.Errorf("check: %v", err)
	}
	checker.Close()
	time.Sleep(25 * age)
	if left, err := filepath.Glob(filepath.Join(folder, "events-*.jsonl")); err != nil || len(left) != 1 {
		t.Errorf("of the events %v is left (%v), want what is being written; log:\n%s", left, err, &log)
	}
	r.close()
	if n := strings.Count(log.String(), "level=ERROR"); n > broken {
		t.Errorf("%d errors are logged of %d files:\n%s", n, broken, &log)
	}
}

// TestUnreadableSegment: a segment that cannot be read stays, and the others go.
func TestUnreadableSegment(t *testing.T) {
	for _, kept := range []journal.Retention{{Keep: 10 * age}, {MaxSize: limit}} {
		for _, stream := range []string{"events", "deliveries"} {
			t.Run(fmt.Sprint(stream, kept), func(t *testing.T) {
				runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
					r.fill(1, 500, "a")
					unread := segments(t, fs, stream)[2]
					fs.SetFault(func(op memfs.Op) error {
						if (op.Kind == memfs.Open || op.Kind == memfs.Read) && op.Name == unread {
							return syscall.EACCES
						}
						return nil
					})
					r.Retain(kept)
					r.fill(501, 1000, "a")
					time.Sleep(20 * age)
					left := segments(t, fs, stream)
					if left[0] != unread || left[1] == unread {
						t.Errorf("left are %v, want %s first", left, unread)
					}
					if kept.Keep > 0 && len(left) > 3 {
						t.Errorf("left are %v, want that and what is being written", left)
					}
					if size, err := r.Size(); err != nil || kept.MaxSize > 0 && size > kept.MaxSize {
						t.Errorf("the folder has %d bytes, %v", size, err)
					}
					if c := check(t, fs); len(c.Problems) == 0 || c.Problems[0].File != unread || !strings.Contains(c.Problems[0].What, "permission denied") {
						t.Errorf("check finds %v", c.Problems)
					}
					r.stop()
				})
			})
		}
	}
}

// TestAcceptWhileItRuns: a running history records damage itself, as long as it
// runs, and tells what keeps it from that.
func TestAcceptWhileItRuns(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 3), "a")
		first := history.Problem{File: segments(t, fs, "events")[0], Line: 2, Offset: 300, What: "its checksum does not hold"}
		second := history.Problem{File: "events.jsonl", What: "seq 4 to 5 are missing at its end"}
		gone := history.Problem{File: "events-00000000000000000099.jsonl", What: "it is removed"}
		for _, p := range []history.Problem{first, second, gone} {
			if err := r.Accept(t.Context(), []history.Problem{p}); err != nil {
				t.Fatal(err)
			}
		}
		checker := checking(t, fs)
		if !checker.Knows([]history.Problem{first, second}) || checker.Knows([]history.Problem{gone}) {
			t.Errorf("known are %s, want the first two", historytest.Content(t, fs, "damage.json"))
		}
		leave(t, fs, 0)
		if err := r.Accept(t.Context(), []history.Problem{first}); !errors.Is(err, history.ErrNoRoom) {
			t.Errorf("on a full volume: %v", err)
		}
		fs.SetCapacity(-1)
		fs.SetFault(func(op memfs.Op) error {
			if op.Kind == memfs.Create && op.Name == "damage.json.tmp" {
				return syscall.EACCES
			}
			return nil
		})
		if err := r.Accept(t.Context(), []history.Problem{first}); !errors.Is(err, syscall.EACCES) {
			t.Errorf("where it may not be written: %v", err)
		}
		r.append(ids(4, 4), "a") // it continues
		r.stop()
		if err := r.Accept(t.Context(), []history.Problem{first}); !errors.Is(err, history.ErrStopping) {
			t.Errorf("after it ended: %v", err)
		}
	})
}
