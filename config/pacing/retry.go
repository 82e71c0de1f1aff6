package pacing

import (
	"fmt"
	"time"

	"sidehook/config/yamlnode"
)

// ReadRetry reads the waits between attempts.
func ReadRetry(r *yamlnode.Reader, v *yamlnode.Value, into *[]time.Duration) {
	items := r.Items(v, "write retry: [5s, 5m], or [] for one attempt")
	if len(items) > 32 {
		r.Fail(v, fmt.Sprintf("must be at most 32 waits, are %d", len(items)), "")
	}
	*into = make([]time.Duration, len(items))
	for i := range items {
		r.Duration(&items[i], time.Millisecond, 7*24*time.Hour, &(*into)[i])
	}
}

// ReadGiveUpOn reads the statuses that end a delivery: not 2xx, which is success,
// nor 1xx, which is not the answer yet.
func ReadGiveUpOn(r *yamlnode.Reader, v *yamlnode.Value, into *[]int) {
	items := r.Items(v, "write give_up_on: [400, 422], or [] for none")
	if len(items) > 64 {
		r.Fail(v, fmt.Sprintf("must be at most 64 answers, are %d", len(items)), "")
	}
	*into = make([]int, len(items))
	for i := range items {
		r.Int(&items[i], 300, 999, &(*into)[i])
	}
}
