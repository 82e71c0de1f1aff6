package memfs_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

const (
	page  = 4096
	seeds = 300
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// crashes cuts the power over and over at the same moment.
func crashes(m *memfs.FS, check func(seed uint64, after *memfs.FS)) {
	for seed := range uint64(seeds) {
		check(seed, m.Crash(seeded(seed)))
	}
}

// outcomes counts what is seen, so that a test can say what must be among it.
type outcomes map[string]int

func (o outcomes) want(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if o[name] == 0 {
			t.Errorf("no crash of %d gave %q: %v", seeds, name, o)
		}
	}
}

func TestSyncedSurvivesEveryCrash(t *testing.T) {
	for seed := range uint64(seeds) {
		rng := seeded(seed)
		m := memfs.New()
		f := write(t, m, "a", "")
		check(t, m.Sync())
		var written, synced []byte
		for range rng.IntN(20) {
			switch rng.IntN(4) {
			case 0:
				check(t, f.Sync())
				synced = written
			case 1:
				// Only what is not synced, as the journal does it.
				written = written[:len(synced)+rng.IntN(len(written)-len(synced)+1)]
				check(t, f.Truncate(int64(len(written))))
			default:
				text := strings.Repeat(string('a'+rune(rng.IntN(26))), 1+rng.IntN(3*page))
				put(t, f, text)
				written = append(written[:len(written):len(written)], text...)
			}
		}
		if got := content(t, f); got != string(written) {
			t.Fatalf("seed %d: the running process reads %d other bytes than the %d written", seed, len(got), len(written))
		}
		got, ok := read(t, m.Crash(rng), "a")
		if !ok || !strings.HasPrefix(got, string(synced)) {
			t.Errorf("seed %d: %d bytes were synced, %d are left, and they differ", seed, len(synced), len(got))
		}
	}
}

func TestUnsyncedContentIsAnything(t *testing.T) {
	m := memfs.New()
	f := write(t, m, "a", "safe")
	check(t, f.Sync())
	check(t, m.Sync())
	put(t, f, strings.Repeat("x", page))
	put(t, f, strings.Repeat("y", 3*page))
	all := content(t, f)
	seen := outcomes{}
	crashes(m, func(seed uint64, after *memfs.FS) {
		got, _ := read(t, after, "a")
		switch {
		case got == "safe":
			seen["nothing"]++
		case got == all:
			seen["all"]++
		case strings.HasPrefix(all, got):
			seen["a prefix"]++
		}
		for from := 0; from < len(got); from += page {
			// Each page that is left is as written, or has zeros after the synced part.
			firm := max(from, len("safe"))
			to := min(from+page, len(got))
			if firm >= to || got[firm:to] == all[firm:to] {
				continue
			}
			if strings.Trim(got[firm:to], "\x00") != "" {
				t.Fatalf("seed %d: bytes %d to %d were never written", seed, from, to)
			}
			seen["a page of zeros"]++
			if to < len(got) && got[to] != 0 {
				seen["zeros in the middle"]++
			}
		}
		if !strings.HasPrefix(got, "safe") {
			t.Errorf("seed %d: what was synced is gone", seed)
		}
	})
	seen.want(t, "nothing", "all", "a prefix", "a page of zeros", "zeros in the middle")
}

func TestUnsyncedTruncate(t *testing.T) {
	m := memfs.New()
	f := write(t, m, "a", "old text")
	check(t, f.Sync())
	check(t, m.Sync())
	check(t, f.Truncate(4))
	put(t, f, "NEW")
	seen := outcomes{}
	crashes(m, func(_ uint64, after *memfs.FS) {
		got, _ := read(t, after, "a")
		seen[got]++
	})
	seen.want(t, "old text", "old ", "old NE", "old NEW", "old \x00\x00\x00")
}

func TestUnsyncedNames(t *testing.T) {
	m := memfs.New()
	check(t, write(t, m, "state", "old").Sync())
	check(t, m.Sync())
	check(t, write(t, m, "new", "new").Sync())
	check(t, m.Rename("new", "state"))
	check(t, m.Symlink("state", "link"))
	check(t, m.Remove("state"))
	seen := outcomes{}
	crashes(m, func(_ uint64, after *memfs.FS) {
		var left []string
		for _, name := range must[[]string](t)(after.List()) {
			text, _ := read(t, after, name)
			left = append(left, name+"="+text)
		}
		if target, err := after.Readlink("link"); err == nil {
			left = append(left, "link>"+target)
		}
		seen[strings.Join(left, " ")]++
	})
	seen.want(t, "state=old", "new=new state=old", "state=new", "state=new link>state", "link>state")
	if len(seen) != 5 {
		t.Errorf("names came back in another order: %v", seen)
	}
}

func TestSyncedNamesStay(t *testing.T) {
	m := memfs.New()
	check(t, write(t, m, "a", "a").Sync())
	check(t, m.Rename("a", "b"))
	check(t, m.Symlink("b", "link"))
	check(t, m.Sync())
	crashes(m, func(seed uint64, after *memfs.FS) {
		wantNames(t, after, "b")
		want(t, after, "b", "a")
		if got := must[string](t)(after.Readlink("link")); got != "b" {
			t.Errorf("seed %d: the link points to %q", seed, got)
		}
	})
}

func TestNameWithoutContent(t *testing.T) {
	m := memfs.New()
	write(t, m, "a", "text")
	check(t, m.Sync())
	seen := outcomes{}
	crashes(m, func(_ uint64, after *memfs.FS) {
		got, ok := read(t, after, "a")
		if !ok {
			t.Fatal("the name was synced and is gone")
		}
		seen[got]++
	})
	seen.want(t, "", "text")
}

func TestCrashIsRepeatable(t *testing.T) {
	m := memfs.New()
	for i := range 20 {
		write(t, m, fmt.Sprint(i), strings.Repeat("x", 3*page))
	}
	one, two := m.Crash(seeded(7)), m.Crash(seeded(7))
	names := must[[]string](t)(one.List())
	wantNames(t, two, names...)
	for _, name := range names {
		text, _ := read(t, one, name)
		want(t, two, name, text)
	}
}

func TestRunsDoNotShareFiles(t *testing.T) {
	m := memfs.New()
	f := write(t, m, "a", "common ")
	check(t, f.Sync())
	check(t, m.Sync())
	put(t, f, "and ") // leaves room after it in the array
	runs := []*memfs.FS{m.Kill(), m.Kill(), m.Crash(seeded(1)), m.Crash(seeded(1))}
	var before []string
	for i, m := range runs {
		text, _ := read(t, m, "a")
		before = append(before, text)
		put(t, must[vfs.File](t)(m.Append("a")), fmt.Sprint(i))
	}
	for i, m := range runs {
		want(t, m, "a", before[i]+fmt.Sprint(i))
	}
}

func TestKillLeavesAllThatWasDone(t *testing.T) {
	m := memfs.New()
	check(t, write(t, m, "state", "old").Sync())
	check(t, m.Sync())
	write(t, m, "a", "unsynced")
	check(t, m.Rename("a", "state"))
	next := m.Kill()
	want(t, next, "state", "unsynced")
	wantNames(t, next, "state")

	// But nothing became durable by it.
	seen := outcomes{}
	crashes(next, func(_ uint64, after *memfs.FS) {
		got, _ := read(t, after, "state")
		seen[got]++
	})
	seen.want(t, "old", "unsynced", "")

	// A sync in the next run makes durable what the run before had written, too.
	next = m.Kill()
	f := must[vfs.File](t)(next.Append("state"))
	put(t, f, " and more")
	check(t, f.Sync())
	check(t, next.Sync())
	crashes(next, func(_ uint64, after *memfs.FS) { want(t, after, "state", "unsynced and more") })
}

func TestFailedSyncLosesForGood(t *testing.T) {
	broken := errors.New("broken")
	m := memfs.New()
	f := write(t, m, "a", "safe ")
	check(t, f.Sync())
	check(t, m.Sync())
	put(t, f, "lost ")
	m.SetFault(func(op memfs.Op) error { return broken })
	if err := f.Sync(); !errors.Is(err, broken) {
		t.Fatalf("Sync: got %v, want %v", err, broken)
	}
	m.SetFault(nil)
	put(t, f, "later")
	check(t, f.Sync()) // the kernel has reported its failure, and forgets it
	want(t, m, "a", "safe lost later")
	zeros := "safe \x00\x00\x00\x00\x00later"
	for name, m := range map[string]*memfs.FS{"crash": m, "kill and crash": m.Kill()} {
		seen := outcomes{}
		crashes(m, func(_ uint64, after *memfs.FS) {
			got, _ := read(t, after, "a")
			seen[got]++
		})
		seen.want(t, zeros, "safe lost later")
		if len(seen) != 2 {
			t.Errorf("%s: got %v", name, seen)
		}
	}
	next := m.Kill()
	f = must[vfs.File](t)(next.Append("a"))
	check(t, f.Truncate(5))
	put(t, f, "again")
	check(t, f.Sync())
	crashes(next, func(_ uint64, after *memfs.FS) { want(t, after, "a", "safe again") })
}

func TestTheOldOneIsDown(t *testing.T) {
	for name, end := range map[string]func(*memfs.FS){
		"crash": func(m *memfs.FS) { m.Crash(seeded(1)) },
		"kill":  func(m *memfs.FS) { m.Kill() },
	} {
		m := memfs.New()
		f := write(t, m, "a", "x")
		end(m)
		_, creating := m.Create("b")
		_, appending := m.Append("a")
		_, opening := m.Open("a")
		_, listing := m.List()
		_, linking := m.Readlink("a")
		_, _, freeing := m.Free()
		_, writing := f.Write([]byte("y"))
		_, reading := f.ReadAt(make([]byte, 1), 0)
		_, sizing := f.Size()
		for i, err := range []error{
			creating, appending, opening, listing, linking, freeing, writing, reading, sizing,
			m.Rename("a", "b"), m.Remove("a"), m.Symlink("a", "l"), m.Sync(),
			f.Sync(), f.Truncate(0), f.Check(1), f.Close(),
		} {
			if !errors.Is(err, memfs.ErrDown) {
				t.Errorf("%s, call %d: got %v, want %v", name, i, err, memfs.ErrDown)
			}
		}
	}
}
