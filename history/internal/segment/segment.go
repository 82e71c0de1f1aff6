// Package segment owns the bytes of the history on disk: a stream of records,
// one JSON object a line, in files of bounded size.
//
// It promises that a record read back is the record written (every line ends
// in a CRC-32C of all before it), that records are numbered without a gap, and
// that the files open again after any crash, with every record that was synced. It does
// not know what the records mean; package history does. Packages journal, query and
// verify call it.
//
// Invariants, cited by number in the code and the tests (package jsonl has the form
// of a line):
//
//	S1  NUMBER counts up by one from line to line, over all segments of a stream.
//	S2  BATCH counts the syncs: a line of batch b is written only after the
//	    sync of batch b-1 returned. So a line of batch b proves batch b-1.
//	S3  A segment is created only after the one before it is synced completely, and
//	    its name is durable before anything in it is.
//	S4  A file whose sync failed is never written or synced again: the kernel
//	    may have dropped the pages and report success the next time.
//	S5  After a stop that was not clean nothing is appended to an old segment.
//	S6  A finished segment may be compressed (package seekable), and reads as
//	    before: the same lines at the same offsets, damaged ones too. The plain
//	    form is removed only after the compressed one was read back and is
//	    durable; while both exist the plain one counts. The segment being
//	    written is never compressed.
//	S7  At each sync, and before the next segment begins, the segment must be the
//	    file under its name, with the size that was written. If not, somebody
//	    else modified it (vfs.ErrModifiedExternally), and the writer never goes on.
package segment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxSize is the size in bytes at which a segment is finished.
const MaxSize = 64 << 20

// Stream is one kind of records, with files and numbers of its own.
type Stream struct {
	Name string // of the files: NAME-NUMBER.jsonl
	Key  string // of a record's number
}

// The two streams of a history.
var (
	Events     = Stream{"events", "seq"}
	Deliveries = Stream{"deliveries", "n"}
)

// digits is the width of a number in a file's name; fixed, so that names sort.
const digits = 20

// File returns the name of the segment whose first record is first.
func (s Stream) File(first uint64) string {
	return fmt.Sprintf("%s-%0*d.jsonl", s.Name, digits, first)
}

// Compressed returns the name of the compressed form of a finished segment.
func (s Stream) Compressed(first uint64) string { return s.File(first) + compressedSuffix }

// compressedSuffix is what is added to the name of a segment to name its compressed form.
const compressedSuffix = ".zst"

// Index returns the name of the index of a finished segment. The index may be missing,
// outdated or damaged; only the segment counts.
func (s Stream) Index(first uint64) string {
	return fmt.Sprintf("%s-%0*d.idx", s.Name, digits, first)
}

// Link returns the name of the symlink to the segment being written.
func (s Stream) Link() string { return s.Name + ".jsonl" }

// first returns the number in a segment's name. A name in any other form is of somebody
// else's file.
func (s Stream) first(name string) (uint64, bool) {
	middle, ok := strings.CutPrefix(name, s.Name+"-")
	if !ok {
		return 0, false
	}
	middle, ok = strings.CutSuffix(middle, ".jsonl")
	if !ok || len(middle) != digits {
		return 0, false
	}
	n, err := strconv.ParseUint(middle, 10, 64)
	return n, err == nil && n > 0
}

// Owner returns the segment that a file belongs to: as the segment itself, its
// compressed form, its index, or a file that a recovery has put beside it.
func (s Stream) Owner(name string) (first uint64, ok bool) {
	base, suffix, ok := strings.Cut(name, ".")
	if !ok {
		return 0, false
	}
	switch suffix {
	case "jsonl", "jsonl.zst", "idx", "jsonl.idx", "jsonl.torn",
		"jsonl.tmp", "jsonl.zst.tmp", "idx.tmp", "jsonl.idx.tmp", "jsonl.torn.tmp":
		return s.first(base + ".jsonl")
	}
	return 0, false
}

// firsts returns the first numbers of the segments among the names, plain and
// compressed, ascending.
func (s Stream) firsts(names []string) (list []uint64) {
	for _, name := range names {
		if first, ok := s.first(strings.TrimSuffix(name, compressedSuffix)); ok {
			list = append(list, first)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
