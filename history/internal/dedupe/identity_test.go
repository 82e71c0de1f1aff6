package dedupe

import (
	"testing"

	"sidehook/history/event"
)

// TestIdentity: a repeat has the same key and content. A key is of the source and the id, and
// not of the two written one after the other.
func TestIdentity(t *testing.T) {
	x := NewIdentifier()
	parse := func(source, id, data string) Identity {
		t.Helper()
		decoder := event.Decoder{Source: source, MaxSize: 1000}
		e, err := decoder.Plain([]byte(`{"id":"` + id + `","type":"a","time":"2026-01-01T00:00:00Z","data":` + data + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return x.Of(&e)
	}
	first := parse("orders", "1", "5")
	for _, c := range []struct {
		source, id, data string
		key, content     bool // are the same
	}{
		{"orders", "1", "5", true, true},
		{"orders", "1", "6", true, false},
		{"orders", "2", "5", false, false},
		{"order", "s1", "5", false, false},
		{"refunds", "1", "5", false, false},
	} {
		other := parse(c.source, c.id, c.data)
		if key := other.key == first.key; key != c.key {
			t.Errorf("%s %s %s: the same key: got %v, want %v", c.source, c.id, c.data, key, c.key)
		}
		if c.key && other.SameContent(first) != c.content {
			t.Errorf("%s %s %s: the same content: got %v, want %v", c.source, c.id, c.data, !c.content, c.content)
		}
	}
	if again := NewIdentifier(); again.first == x.first || again.second == x.second {
		t.Error("two identifiers have the same seed")
	}
	e := event.Event{JSON: []byte(`{}`), ID: "1", Source: "orders"}
	if n := testing.AllocsPerRun(100, func() { x.Of(&e) }); n != 0 {
		t.Errorf("an identity takes %v allocations", n)
	}
}
