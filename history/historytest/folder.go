package historytest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history/internal/segment"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs"
)

// Until is when the last attempt of Generated was made, about.
var Until = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

// Generated returns a history of 2000 attempts in many segments, without indexes.
func Generated(t testing.TB) *Disk {
	t.Helper()
	disk := NewDisk()
	if err := GenerateFS(disk, Options{Attempts: 2000, Seed: 7, Until: Until, SegmentSize: 128 << 10}); err != nil {
		t.Fatal(err)
	}
	return disk
}

// Index builds the indexes of the finished segments.
func Index(t testing.TB, disk *Disk) {
	t.Helper()
	if err := upkeep.BuildIndexes(context.Background(), disk); err != nil {
		t.Fatal(err)
	}
	if len(Names(t, disk, "", ".idx")) < 10 {
		t.Fatal("a history of few segments is indexed")
	}
}

// Compress compresses the finished segments that pick picks by their place in the
// stream.
func Compress(t testing.TB, disk *Disk, pick func(i int) bool) {
	t.Helper()
	for _, of := range []segment.Stream{segment.Events, segment.Deliveries} {
		archive, err := segment.NewArchive(disk, of)
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		segments := archive.Segments()
		for i, first := range segments[:len(segments)-1] {
			if !pick(i) {
				continue
			}
			p := segment.Compress(disk, of, first)
			for _, step := range []func() error{func() error { return p.Write(func() error { return nil }) }, p.Install, p.Finish} {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Names returns the files of a folder whose names have a prefix and a suffix.
func Names(t testing.TB, disk *Disk, prefix, suffix string) []string {
	t.Helper()
	names, err := disk.List()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, suffix)
	})
}

// Content returns the content of a file.
func Content(t testing.TB, disk *Disk, name string) []byte {
	t.Helper()
	f, err := disk.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, size)
	if _, err := f.ReadAt(content, 0); err != nil && size > 0 {
		t.Fatal(err)
	}
	return content
}

// Rewrite replaces the content of a file, or creates it.
func Rewrite(t testing.TB, disk *Disk, name string, content []byte) {
	t.Helper()
	if err := vfs.ReplaceFile(disk, name, content); err != nil {
		t.Fatal(err)
	}
}
