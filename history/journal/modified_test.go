package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// TestModifiedExternally does what logrotate and people do to the segment being
// written. The next event is refused, and Run ends: H5.
func TestModifiedExternally(t *testing.T) {
	grow := func(file string) error {
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("hello\n")
		return errors.Join(err, f.Close())
	}
	for _, c := range []struct {
		name string
		do   func(file string) error
	}{
		{"truncated", func(file string) error { return os.Truncate(file, 0) }},
		{"copied and truncated", func(file string) error {
			text, err := os.ReadFile(file)
			return errors.Join(err, os.WriteFile(file+".1", text, 0o600), os.Truncate(file, 0))
		}},
		{"moved and made anew", func(file string) error {
			return errors.Join(os.Rename(file, file+".1"), os.WriteFile(file, nil, 0o600))
		}},
		{"moved", func(file string) error { return os.Rename(file, file+".1") }},
		{"deleted", os.Remove},
		{"appended to", grow},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "history")
			j, err := journal.Open(folder, journal.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			ended := make(chan error, 1)
			go func() { ended <- j.Run(context.Background()) }()
			if _, err := j.Append(context.Background(), []history.Entry{entry(t, "x", "a")}); err != nil {
				t.Fatal(err)
			}
			if err := c.do(filepath.Join(folder, segment.Events.File(1))); err != nil {
				t.Fatal(err)
			}
			_, err = j.Append(context.Background(), []history.Entry{entry(t, "y", "a")})
			if !errors.Is(err, history.ErrFailed) || !errors.Is(err, vfs.ErrModifiedExternally) {
				t.Errorf("append: %v", err)
			}
			if err := <-ended; !errors.Is(err, vfs.ErrModifiedExternally) {
				t.Errorf("run: %v", err)
			}
		})
	}
}

// TestModifiedWhileIdle notices it though nothing is written to the file.
func TestModifiedWhileIdle(t *testing.T) {
	for _, stream := range []segment.Stream{segment.Events, segment.Deliveries} {
		t.Run(stream.Name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 3), "a")
				r.drain("a")
				time.Sleep(time.Second)
				f, err := fs.Append(stream.File(1))
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(f.Truncate(0), f.Close()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				if err := <-r.ended; !errors.Is(err, vfs.ErrModifiedExternally) {
					t.Errorf("run: %v", err)
				}
				r.ended <- nil
			})
		})
	}
}
