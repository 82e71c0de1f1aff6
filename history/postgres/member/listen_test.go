package member_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sidehook/history/postgres/member"
	"sidehook/history/postgres/postgrestest"
)

// Members learn at once what others accept, and which webhooks have no owner. Without
// notifications they would learn it after a minute.
func TestListening(t *testing.T) {
	c := newCluster(t, postgrestest.Shared(t))
	var members []*running
	for i := range 2 {
		members = append(members, run(t, c, fmt.Sprint("h", i), declared("a", "b", "c", "d", "e", "f"), member.Options{Poll: time.Minute, Lease: time.Minute}))
		until(t, "it is a member", func() bool { return members[i].State().Up })
	}
	owner := -1
	until(t, "each owns some", func() bool {
		all, n := owners(members, []string{"a", "b", "c", "d", "e", "f"})
		owner = slices.IndexFunc(members, func(m *running) bool { return m.Owns("a") })
		return n == 6 && len(all) == 2
	})
	other := members[1-owner]
	took := until(t, "the owner hears of an event", func() bool {
		if other.Published() == 0 {
			post(t, other, "e0", "a")
		}
		return members[owner].Published() == 1
	})
	if took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	delivered(claim(t, members[owner], "a", "e0"))
	begun := time.Now()
	members[owner].stop()
	until(t, "the other one owns a", func() bool { return other.Owns("a") })
	if took := time.Since(begun); took > time.Second {
		t.Errorf("handing over took %v", took)
	}
}
