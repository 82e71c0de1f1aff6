package journal_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"sidehook/history/historytest"
	"sidehook/history/journal"
)

// TestAccept: what was accepted is known from then on, and nothing else is; a
// list of it that is damaged excuses nothing.
func TestAccept(t *testing.T) {
	fs := historytest.Generated(t)
	name := segments(t, fs, "deliveries")[1]
	text := historytest.Content(t, fs, name)
	text[2000] ^= 1
	historytest.Rewrite(t, fs, name, text)
	found := check(t, fs)
	if len(found.Problems) == 0 || len(found.Known) > 0 {
		t.Fatalf("found %+v", found)
	}
	if err := journal.AcceptFS(fs, found.Problems); err != nil {
		t.Fatal(err)
	}
	if c := check(t, fs); len(c.Problems) > 0 || len(c.Known) != len(found.Problems) {
		t.Errorf("after it was accepted: %+v", c)
	}
	text[90_000] ^= 1
	historytest.Rewrite(t, fs, name, text)
	second := check(t, fs)
	if len(second.Problems) == 0 || len(second.Known) != len(found.Problems) {
		t.Errorf("with more damage: %+v", second)
	}
	if err := journal.AcceptFS(fs, second.Problems); err != nil {
		t.Fatal(err)
	}
	if c := check(t, fs); len(c.Problems) > 0 || len(c.Known) != len(found.Problems)+len(second.Problems) {
		t.Errorf("after the second was accepted: %+v", c)
	}
	list := historytest.Content(t, fs, "damage.json")
	list[len(list)/2] ^= 1
	historytest.Rewrite(t, fs, "damage.json", list)
	if c := check(t, fs); len(c.Known) > 0 {
		t.Errorf("a damaged list excuses %+v", c.Known)
	}
}

// TestRemoved: segments that retention took are no damage, others that are not
// there are.
func TestRemoved(t *testing.T) {
	fs := historytest.Generated(t)
	all, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, name := range all {
		if strings.HasPrefix(name, "events-") {
			events = append(events, name)
		}
	}
	fs.Remove(events[0])
	fs.Remove(events[2])
	if c := check(t, fs); len(c.Problems) != 2 {
		t.Errorf("without a word about it: %+v", c.Problems)
	}
	first := func(i int) int {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(events[i], "events-"), ".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	historytest.Rewrite(t, fs, "removed.json", fmt.Appendf(nil, "[[%d,%d]]", first(2), first(3)-1))
	if c := check(t, fs); len(c.Problems) != 1 || c.Problems[0].File != events[1] {
		t.Errorf("with one of two listed: %+v", c.Problems)
	}
	historytest.Rewrite(t, fs, "removed.json", fmt.Appendf(nil, "[[%d,%d],[1,%d]]", first(2), first(3)-1, first(1)-1))
	if c := check(t, fs); len(c.Problems) > 0 {
		t.Errorf("with both listed: %+v", c.Problems)
	}
}
