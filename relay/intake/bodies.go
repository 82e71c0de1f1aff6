package intake

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"sidehook/relay/httpd"
)

// bodies limits the memory of all large bodies of requests together, from their
// reading until they are on the disk. Requests beyond the limit wait, in their
// order. Small bodies are not counted and never wait: they take little more than
// their connections.
type bodies struct {
	limit int64
	room  *semaphore.Weighted
}

const (
	// copies is how often a body is in memory at once: as posted, decoded, and as
	// lines that are written.
	copies = 3
	// patience is how long a request waits for room.
	patience = 10 * time.Second
)

func newBodies(limit int64) *bodies {
	return &bodies{limit, semaphore.NewWeighted(limit)}
}

// weight returns what a body of that size counts. One that is too large to fit has
// all the room for itself.
func (b *bodies) weight(size int) int64 { return min(copies*int64(size), b.limit) }

// take waits for room for a body of up to that size.
func (b *bodies) take(ctx context.Context, size int) (taken int64, p *httpd.Problem) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n := b.weight(size)
	if b.room.Acquire(ctx, n) != nil {
		p := httpd.RefuseAndClose(http.StatusTooManyRequests, fmt.Sprintf("no memory for a body of this size within %d s: other large requests have it; try again", patience/time.Second))
		p.RetryAfter, p.Unread = httpd.RetryBusy, true
		return 0, p
	}
	return n, nil
}

// shrink gives back what a body of that size does not need.
func (b *bodies) shrink(taken int64, size int) int64 {
	n := min(b.weight(size), taken)
	b.give(taken - n)
	return n
}

func (b *bodies) give(taken int64) {
	if taken > 0 {
		b.room.Release(taken)
	}
}
