package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/historytest"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/verify"
)

// strangers put files into the folder of a history that are not of it. segments are those
// of its events.
var strangers = map[string]func(folder string, segments []string) error{
	"copies of a segment under other names": func(folder string, segments []string) (err error) {
		text, err := os.ReadFile(filepath.Join(folder, segments[1]))
		for _, name := range []string{segments[1] + ".bak", segments[1] + ".1", "copy of " + segments[1], "events-31.jsonl", "events-31.jsonl.zst", "EVENTS" + segments[1][6:]} {
			err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), text, 0o600))
		}
		return err
	},
	"unknown files": func(folder string, _ []string) (err error) {
		for _, name := range []string{"notes.txt", ".nfs0001", "core", "events-.jsonl", segment.Events.File(0), "events-99999999999999999999.jsonl"} {
			err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), []byte("{}\n"), 0o600))
		}
		return err
	},
	"links with the names of segments": func(folder string, segments []string) (err error) {
		for i, target := range []string{segments[0], "/etc/passwd", "nowhere"} {
			err = errors.Join(err, os.Symlink(target, filepath.Join(folder, segment.Events.File(uint64(900+i)))))
		}
		return err
	},
	"folders with the names of segments": func(folder string, _ []string) error {
		return errors.Join(os.MkdirAll(filepath.Join(folder, segment.Events.File(900), "theirs"), 0o700), os.Mkdir(filepath.Join(folder, segment.Deliveries.Compressed(900)), 0o700))
	},
	"links in the place of the next segments": func(folder string, segments []string) (err error) {
		for n := range uint64(400) {
			err = errors.Join(err, os.Symlink(segments[0], filepath.Join(folder, segment.Events.File(201+n))), os.Symlink("nowhere", filepath.Join(folder, segment.Deliveries.File(201+n))))
		}
		return err
	},
	"folders in the place of the next segments": func(folder string, _ []string) (err error) {
		for n := range uint64(400) {
			err = errors.Join(err, os.Mkdir(filepath.Join(folder, segment.Events.File(201+n)), 0o700), os.Mkdir(filepath.Join(folder, segment.Deliveries.File(201+n)), 0o700))
		}
		return err
	},
}

// contents is what is in a folder: the texts of files, and where links lead.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var text []byte
		switch d.Type() {
		case 0:
			text, err = os.ReadFile(path)
		case fs.ModeSymlink:
			var target string
			target, err = os.Readlink(path)
			text = []byte(target)
		}
		all[strings.TrimPrefix(path, folder)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestForeignFiles: files that are not of the history are neither read nor removed, even
// if all that is its own is old. All events are delivered, and the check finds nothing.
func TestForeignFiles(t *testing.T) {
	const events = 200
	template := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := openFolder(t, template, small, slog.DiscardHandler)
		for _, list := range slices.Collect(slices.Chunk(ids(1, events), 5)) {
			r.append(list, "a", "b")
			r.drain("b")
			synctest.Wait()
		}
		r.close()
	})
	for name, put := range strangers {
		for _, stopped := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, stopped %v", name, stopped), func(t *testing.T) {
				folder := filepath.Join(t.TempDir(), "history")
				if err := os.CopyFS(folder, os.DirFS(template)); err != nil {
					t.Fatal(err)
				}
				if !stopped {
					_ = os.Remove(filepath.Join(folder, "cursors.json"))
					_ = os.Remove(filepath.Join(folder, "cursors.previous.json"))
				}
				all, err := filepath.Glob(filepath.Join(folder, "events-*.jsonl"))
				if err != nil || len(all) < 5 {
					t.Fatalf("segments %v, %v", all, err)
				}
				for i := range all {
					all[i] = filepath.Base(all[i])
				}
				before := contents(t, folder)
				if err := put(folder, all); err != nil {
					t.Fatal(err)
				}
				theirs := contents(t, folder)
				for name := range before {
					delete(theirs, name)
				}
				wellIn(t, folder)
				synctest.Test(t, func(t *testing.T) {
					var log bytes.Buffer
					r := openFolder(t, folder, small, slog.NewTextHandler(&log, nil))
					same(t, "delivered", r.drain("a"), ids(1, events))
					same(t, "delivered again", r.drain("b"), nil)
					for n := events; n < events+100; n += 5 {
						r.append(ids(n+1, n+5), "a")
						same(t, "delivered", r.drain("a"), ids(n+1, n+5))
						synctest.Wait()
					}
					wellIn(t, folder)
					r.Retain(journal.Retention{Keep: age})
					time.Sleep(30 * age)
					if left, err := filepath.Glob(filepath.Join(folder, all[0])); err != nil || len(left) > 0 {
						t.Errorf("what is old is left: %v %v", left, err)
					}
					r.close()
					if strings.Contains(log.String(), "level=ERROR") {
						t.Errorf("the log says %s", &log)
					}
				})
				wellIn(t, folder)
				after := contents(t, folder)
				for name, text := range theirs {
					got, ok := after[name]
					if aside, moved := after[name+".aside1"]; moved {
						got, ok = aside, true
					}
					if !ok || got != text {
						t.Errorf("%s was removed or changed", name)
					}
				}
			})
		}
	}
	t.Attr("times", fmt.Sprint(2*len(strangers)))
}

// TestSegmentOfAnotherHistory gives a segment of another history the name of one. Its events
// cannot be told from own ones, and are delivered; a check says that they do not fit. All
// own events are delivered once, and so is what is accepted after that.
func TestSegmentOfAnotherHistory(t *testing.T) {
	const events = 200
	times := 0
	for _, c := range []struct {
		name string
		put  func(own, other []string) (from, to string)
	}{
		{"beyond the end", func(_, other []string) (string, string) { return other[len(other)-1], other[len(other)-1] }},
		{"between two", func(_, other []string) (string, string) { return other[2], other[2] }},
		{"in the place of one", func(own, other []string) (string, string) { return other[2], own[3] }},
		{"in the place of the last", func(own, other []string) (string, string) { return other[2], own[len(own)-1] }},
	} {
		for _, cursors := range []bool{true, false} {
			times++
			t.Run(fmt.Sprintf("%s, cursors %v", c.name, cursors), func(t *testing.T) {
				runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
					others := memfs.New()
					other := start(t, others, journal.Options{SegmentSize: small})
					for n := range 120 {
						other.append([]string{fmt.Sprint("other-", 4*n), fmt.Sprint("other-", 4*n+1), fmt.Sprint("other-", 4*n+2), fmt.Sprint("other-", 4*n+3)}, "a")
						synctest.Wait()
					}
					other.stop()
					in := r.stock(fs, events)
					r.stop()
					fs = fs.Kill()
					if !cursors {
						loseCursors(fs)
					}
					from, to := c.put(segments(t, fs, "events"), segments(t, others, "events"))
					historytest.Rewrite(t, fs, to, historytest.Content(t, others, from))
					if c := check(t, fs); len(c.Problems) == 0 {
						t.Error("the check finds nothing wrong")
					}
					var left []string
					for _, name := range slices.Sorted(maps.Keys(in)) {
						if name != to {
							left = append(left, in[name]...)
						}
					}
					r = start(t, fs, journal.Options{SegmentSize: small})
					got := slices.DeleteFunc(r.drain("a"), func(id string) bool { return strings.HasPrefix(id, "other-") })
					same(t, "delivered", got, left)
					same(t, "delivered again", r.drain("b"), nil)
					r.append([]string{"new"}, "a", "b")
					r.stop()
					fs = fs.Kill()
					loseCursors(fs)
					r = start(t, fs, journal.Options{SegmentSize: small})
					same(t, "delivered after that", append(r.drain("a"), r.drain("b")...), []string{"new", "new"})
				})
			})
		}
	}
	t.Attr("times", fmt.Sprint(times))
}

// wellIn checks a folder.
func wellIn(t *testing.T, folder string) {
	t.Helper()
	checker, err := verify.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer checker.Close()
	if c, err := checker.Check(func(int64, int64) {}); err != nil || len(c.Problems) > 0 {
		t.Errorf("check: %v %v", err, c.Problems)
	}
}
