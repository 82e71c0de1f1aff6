package runlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/command/runlog"
)

func reportLost(lost int) []byte { return fmt.Appendf(nil, "lost %d\n", lost) }

// TestLogDoesNotBlock fills a log that nobody reads (L1), and then reads it: lost
// lines are counted (L3).
func TestLogDoesNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		w := runlog.StartWriter(write, reportLost)
		line := strings.Repeat("x", 1000)
		const count = 3 * runlog.MaxPending / 1000
		for i := range count {
			fmt.Fprintf(w, "%d %s\n", i, line)
		}
		begun := time.Now()
		w.Close(2 * time.Second)
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("it waited %v for a reader that has stopped, want 2s", took)
		}
		text := make(chan string)
		go func() {
			b, _ := io.ReadAll(read)
			text <- string(b)
		}()
		w.Close(time.Second) // there is a reader now
		write.Close()
		next, lost := 0, 0
		for got := range strings.Lines(<-text) {
			if _, err := fmt.Sscanf(got, "lost %d\n", &lost); err == nil {
				continue
			}
			if want := fmt.Sprintf("%d %s\n", next, line); got != want {
				t.Fatalf("got %.20q…, want %.20q…", got, want)
			}
			next++
		}
		if next+lost != count || next < runlog.MaxPending/len(line)/2 {
			t.Errorf("%d lines arrived and %d are lost, of %d", next, lost, count)
		}
	})
}

// sink accepts a number of bytes of each write, and fails if that is not all.
type sink struct {
	bytes.Buffer
	take []int // all, once it has run out
}

var errFull = errors.New("no space left on device")

func (s *sink) Write(p []byte) (int, error) {
	if len(s.take) == 0 {
		return s.Buffer.Write(p)
	}
	n := min(s.take[0], len(p))
	s.take = s.take[1:]
	s.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// TestLogThatFails writes lines to a log that accepts only some bytes of each write
// (L2, L3).
func TestLogThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		take []int
		want string
	}{
		"all":                          {nil, "one\ntwo\nthree\nfour\n"},
		"not the first":                {[]int{0}, "two\nlost 1\nthree\nfour\n"},
		"not the first three":          {[]int{0, 0, 0}, "four\nlost 3\n"},
		"a part of the first":          {[]int{2}, "on\ntwo\nlost 1\nthree\nfour\n"},
		"a part, then nothing":         {[]int{2, 0}, "on\nthree\nlost 2\nfour\n"},
		"not what is lost":             {[]int{0, 4}, "two\nthree\nlost 1\nfour\n"},
		"what is lost in part":         {[]int{0, 6}, "two\nlo\nthree\nlost 1\nfour\n"},
		"all but the end of the first": {[]int{3}, "one\ntwo\nlost 1\nthree\nfour\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := &sink{take: c.take}
				w := runlog.StartWriter(to, reportLost)
				for _, line := range []string{"one\n", "two\n", "three\n", "four\n"} {
					w.Write([]byte(line))
					synctest.Wait()
				}
				w.Close(time.Second)
				if got := to.String(); got != c.want {
					t.Errorf("got\n%s\nwant\n%s", got, c.want)
				}
			})
		})
	}
}
