package deliver_test

import (
	"bytes"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"sidehook/relay/deliver"
)

// goroutine names the one that calls it.
func goroutine() string {
	var stack [64]byte
	name, _, _ := bytes.Cut(stack[:runtime.Stack(stack[:], false)], []byte(" ["))
	return string(name)
}

// A goroutine whose work is done takes what comes within a second, and ends
// after that (D2).
func TestGoroutinesLinger(t *testing.T) {
	var by []string
	note := func(*http.Request) (int, error) { by = append(by, goroutine()); return 200, nil }
	bubble(t, settings(t, "http://a.example"), deliver.Options{}, note, func(t *testing.T, _ *deliver.Deliverer, q *fakeQueue) {
		for i, wait := range []time.Duration{900 * time.Millisecond, 900 * time.Millisecond, 1100 * time.Millisecond, 0} {
			q.add(string(rune('1' + i)))
			q.wait(t, i+1)
			time.Sleep(wait)
		}
		if len(by) != 4 || by[0] != by[1] || by[1] != by[2] || by[2] == by[3] {
			t.Errorf("they were made by %q", by)
		}
	})
}

// The goroutine that has waited least takes what comes, so that one that was only
// needed for a moment ends.
func TestTooManyGoroutines(t *testing.T) {
	var mu sync.Mutex
	var by []string
	note := func(*http.Request) (int, error) {
		mu.Lock()
		by = append(by, goroutine())
		n := len(by)
		mu.Unlock()
		time.Sleep(time.Duration(n) * 10 * time.Millisecond)
		return 200, nil
	}
	s := settings(t, "http://a.example")
	s.Concurrency = 2
	bubble(t, s, deliver.Options{}, note, func(t *testing.T, _ *deliver.Deliverer, q *fakeQueue) {
		q.add("1", "2")
		q.wait(t, 2)
		for i := range 4 {
			time.Sleep(400 * time.Millisecond)
			q.add(string(rune('3' + i)))
			q.wait(t, 3+i)
		}
		if n := len(slices.Compact(by[1:])); by[0] == by[1] || n != 1 {
			t.Errorf("they were made by %q", by)
		}
	})
}
