package historytest

import (
	"fmt"
	"testing"
	"time"

	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs/memfs"
)

// Disk is one folder in memory, which can lose its power, be killed, fail at any
// call and run full. journal.OpenFS, query.OpenFS and verify.OpenFS take it.
type Disk = memfs.FS

// Op is a call on a Disk, as the hook of SetFault gets it.
type Op = memfs.Op

// Remove is the Kind of an Op that takes a file's name away.
const Remove = memfs.Remove

// NewDisk returns an empty one.
func NewDisk() *Disk { return memfs.New() }

// WriteAttempts adds an attempt for each of the webhooks to the deliveries, as a
// journal would that has the disk to itself.
func WriteAttempts(t testing.TB, disk *Disk, webhooks ...string) {
	t.Helper()
	r, err := segment.Recover(disk.Locked(), segment.Deliveries, segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range webhooks {
		r.Writer.Add(time.Now(), fmt.Appendf(nil, `"kind":"attempt","webhook":%q,"generation":1,"seq":1,"event":"e","type":"a.b","attempt":1,"status":"delivered"`, name))
	}
	if err := r.Writer.Write(); err != nil {
		t.Fatal(err)
	}
	r.Writer.Close()
}
