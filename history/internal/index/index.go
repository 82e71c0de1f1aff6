// Package index owns the sidecar of a finished segment: what is in it by time,
// group and key, and counts of it by the minute, so that a query reads only
// the lines that it needs and not the whole segment.
//
// An index is built from its segment, and may be deleted at any time. It is complete or
// it is refused: each part has a checksum, and Open refuses it for any segment but the
// one with the name and size that it was built from. Offsets are those of the segment's
// text, uncompressed. The segment is right where they differ: a caller that follows an
// offset must verify the line there, and read the segment itself if the line is another
// one. What the index does not list is not in the segment, as far as the checksums hold.
//
// A file is
//
//	MAGIC, the head's length and its CRC-32C (4 bytes each), the head,
//	the postings of each group, the pages of the webhooks, the pages of the keys, the minutes
//
// with all numbers little-endian, or varints. The head has the time range, the groups with
// their counts, a time range for each blockLines lines, the first webhook and the first
// hash of each page, and where the other parts are. So a query that finds nothing in the
// head is done after one read, and the head is small however many webhooks there are: it
// may be kept. Each webhook has its lines in order, each with its group and its seq, so
// that they can be counted without the segment.
//
// A Builder answers the same queries, about the lines that were added so far.
//
// Package lookup makes the entries and knows what they mean.
package index

import (
	"errors"
	"hash/crc32"
	"time"
)

const (
	magic      = "shindex5"
	preludeLen = len(magic) + 8
	blockLines = 256     // of the segment, a block of times
	pageKeys   = 512     // a page of keys
	keyLen     = 8       // a hash and an offset
	pageBytes  = 4 << 10 // about, a page of webhooks
	// maxTypes bounds the types in one segment that have groups of their own. The
	// others are in the group of any type.
	maxTypes = 1024
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrUnfit is the error for a file that is no valid index of the segment: it belongs to
// another segment, has another version, or is damaged.
var ErrUnfit = errors.New("no index of this segment")

// Segment identifies the segment of an index.
type Segment struct {
	Stream string
	First  uint64
	Size   int64 // of its text in bytes
}

// Group is the attributes that lines of any webhook share. Type is "" for types beyond
// maxTypes, which have no group of their own.
type Group struct {
	Type, Status string
	Code         int  // of an HTTP answer; 0 for none
	Apart        bool // the lines of the group differ in meaning: each must be read
}

// Listing puts a line into the list of a webhook, in a group.
type Listing struct {
	Webhook string
	Group
}

// Entry is the part of a line that goes into an index. Builder.Add keeps the strings, but
// neither the two slices nor the bytes of the keys.
type Entry struct {
	Number   uint64
	At       time.Time
	Offset   uint32
	Seq      uint64 // of the event that it is about; 0 for none
	Listings []Listing
	Keys     [][]byte

	// With Tally, the line counts in the minute of its webhook: each of the counters
	// goes up by one, and Took, if it is not 0, goes into the histogram.
	Tally    bool
	Webhook  string
	Counters CounterSet
	Took     time.Duration
}

// Counter is one of the counts that are kept by the minute.
type Counter int

// Counters is the number of counters.
const Counters = 9

// CounterSet is a set of counters, a bit for each.
type CounterSet uint16

// With returns the set with another counter.
func (s CounterSet) With(c Counter) CounterSet { return s | 1<<c }

// Tally is counts of a webhook's lines.
type Tally struct {
	Counts [Counters]uint64
	Took   Histogram
}

// Merge adds another's counts.
func (t *Tally) Merge(other *Tally) {
	for i, n := range other.Counts {
		t.Counts[i] += n
	}
	for _, c := range other.Took {
		t.Took.AddBucket(c.bucket, c.n)
	}
}

// Minute is the counts of a webhook's lines of one minute.
type Minute struct {
	At      time.Time
	Webhook string
	Tally
}

// Selection selects lines by webhook, group and event. A line must match each of the
// fields that are set.
type Selection struct {
	Webhook  string            // "": any
	Webhooks func(string) bool // reports whether a webhook matches; nil: any
	Groups   func(Group) bool  // reports whether a group matches; nil: any
	// Seqs reports whether the event of a line matches; nil: any.
	Seqs func(webhook string, seq uint64) bool
}

// IsAll reports whether the selection has every line that is in a list.
func (s *Selection) IsAll() bool { return s.Groups == nil && !s.ofWebhooks() }

// ofWebhooks reports whether the selection depends on the webhook or the event of a line.
func (s *Selection) ofWebhooks() bool { return s.Webhook != "" || s.Webhooks != nil || s.Seqs != nil }

// Has reports whether the webhook and the group of a listing match.
func (s *Selection) Has(l Listing) bool { return s.hasWebhook(l.Webhook) && s.hasGroup(l.Group) }

func (s *Selection) hasWebhook(name string) bool {
	return (s.Webhook == "" || s.Webhook == name) && (s.Webhooks == nil || s.Webhooks(name))
}

func (s *Selection) hasSeq(webhook string, seq uint64) bool {
	return s.Seqs == nil || s.Seqs(webhook, seq)
}

func (s *Selection) hasGroup(g Group) bool { return s.Groups == nil || s.Groups(g) }

// Listed is one line in the list of one webhook.
type Listed struct {
	Webhook string
	Group   *Group
	Offset  uint32
	Seq     uint64
}

// Hash is the hash of a key.
func Hash(key []byte) uint32 { return crc32.Checksum(key, castagnoli) }
