package main

import (
	"math/bits"
	"time"
)

// subBits gives each power of two 64 buckets, so that a quantile is at most 1.6 % off.
const subBits = 6

// histogram counts durations.
type histogram struct {
	buckets [64 << subBits]int64
	count   int64
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(int64(d))]++
	h.count++
}

func bucketOf(ns int64) int {
	if ns < 1<<subBits {
		return int(max(ns, 0))
	}
	shift := bits.Len64(uint64(ns)) - subBits - 1
	return (shift+1)<<subBits + int(ns>>shift) - 1<<subBits
}

// largest is the largest duration of a bucket.
func largest(bucket int) int64 {
	if bucket < 1<<subBits {
		return int64(bucket)
	}
	shift := bucket>>subBits - 1
	return int64(bucket&(1<<subBits-1)+1<<subBits+1)<<shift - 1
}

// quantile is in milliseconds.
func (h *histogram) quantile(q float64) float64 {
	want, seen := int64(q*float64(h.count)), int64(0)
	for i, n := range h.buckets {
		if seen += n; seen > want {
			return float64(largest(i)) / 1e6
		}
	}
	return 0
}
