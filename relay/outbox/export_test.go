package outbox

import (
	"context"
	"time"
)

// Listen connects as a reader does. It returns a function that waits to be woken, and
// whether a pooler stands between.
func Listen(ctx context.Context, d *Database) (wait func(longest time.Duration) error, pooled bool, err error) {
	c, err := d.connect(ctx)
	if err != nil {
		return nil, false, err
	}
	pooled, err = prepare(ctx, c)
	return func(longest time.Duration) error { return c.wait(ctx, longest) }, pooled, err
}
