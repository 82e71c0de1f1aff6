package index

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"
	"time"
)

// Histogram counts durations in microseconds. Each power of two has 16 buckets, so that a
// duration is off by 6 % at most. It lists the buckets that are not empty, ascending.
type Histogram []counted

type counted struct {
	bucket uint16
	n      uint64
}

const subBits = 4

func bucketOf(us uint64) uint16 {
	if us < 1<<subBits {
		return uint16(us)
	}
	shift := bits.Len64(us) - subBits - 1
	return uint16((shift+1)<<subBits + int(us>>shift) - 1<<subBits)
}

// middle returns the duration that stands for a bucket.
func middle(bucket uint16) time.Duration {
	if bucket < 1<<subBits {
		return time.Duration(bucket) * time.Microsecond
	}
	shift := int(bucket>>subBits) - 1
	low := uint64(bucket&(1<<subBits-1)|1<<subBits) << shift
	return time.Duration(low+(1<<shift)/2) * time.Microsecond
}

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) { h.AddBucket(Bucket(d), 1) }

// Bucket returns the bucket of a duration, for callers that keep counts of their own.
func Bucket(d time.Duration) uint16 { return bucketOf(uint64(max(d, 0).Microseconds())) }

// AddBucket counts n durations in a bucket.
func (h *Histogram) AddBucket(bucket uint16, n uint64) {
	i, ok := slices.BinarySearchFunc(*h, bucket, func(c counted, bucket uint16) int { return cmp.Compare(c.bucket, bucket) })
	if !ok {
		*h = slices.Insert(*h, i, counted{bucket: bucket})
	}
	(*h)[i].n += n
}

// All yields the durations that were counted, ascending, each with its count.
func (h Histogram) All() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		for _, c := range h {
			if !yield(middle(c.bucket), c.n) {
				return
			}
		}
	}
}

// Quantile returns the duration that a share of all, from 0 to 1, does not exceed. It
// returns 0 if nothing was counted.
func (h Histogram) Quantile(part float64) time.Duration {
	var total, seen uint64
	for _, c := range h {
		total += c.n
	}
	for _, c := range h {
		if seen += c.n; float64(seen) >= part*float64(total) {
			return middle(c.bucket)
		}
	}
	return 0
}
