//go:build linux

package relay_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ownership is who owned which webhook, as the database was seen to say.
type ownership struct {
	mu   sync.Mutex
	eras map[string][]era // by webhook
}

// era is one epoch of a webhook. It began after `after`, and was over before `before`.
type era struct {
	owner         string
	epoch         int64
	after, before time.Time // before is zero while it lasts
}

// watchOwners looks again and again until the test ends.
func watchOwners(t *testing.T, f *fleet) *ownership {
	o := &ownership{eras: map[string][]era{}}
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		var c *pgconn.PgConn
		config, err := pgconn.ParseConfig(f.direct)
		if err != nil {
			t.Error(err)
			return
		}
		config.ConnectTimeout = 200 * time.Millisecond // one host may be cut off
		last := time.Now()
		for ; ctx.Err() == nil; pause(ctx, 40*time.Millisecond) {
			asking, cancel := context.WithTimeout(ctx, time.Second)
			if c == nil || c.IsClosed() {
				if c, err = pgconn.ConnectConfig(asking, config); err != nil {
					c = nil
					cancel()
					continue
				}
			}
			if now := time.Now(); o.look(asking, t, c, f.schema, last, now) == nil {
				last = now
			} else {
				c.Close(asking)
				c = nil
			}
			cancel()
		}
		if c != nil {
			c.Close(context.Background())
		}
	})
	t.Cleanup(func() { stop(); done.Wait() })
	return o
}

// look notes the owners as they are now. The look before was at last.
func (o *ownership) look(ctx context.Context, t *testing.T, c *pgconn.PgConn, schema string, last, now time.Time) error {
	return texts(ctx, c, `SELECT webhook, owner, epoch FROM `+schema+`.cursors`, func(row []string) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		webhook, e := row[0], era{after: last, owner: row[1]}
		var err error
		if e.epoch, err = strconv.ParseInt(row[2], 10, 64); err != nil {
			return err
		}
		eras := o.eras[webhook]
		if n := len(eras); n > 0 {
			before := &eras[n-1]
			switch {
			case e.epoch == before.epoch && e.owner == before.owner:
				return nil
			case e.epoch <= before.epoch:
				t.Errorf("%s: epoch %d of %q follows epoch %d of %q", webhook, e.epoch, e.owner, before.epoch, before.owner)
			}
			before.before = time.Now()
		}
		o.eras[webhook] = append(eras, e)
		return nil
	})
}

// slack is how late this test may see a request, or an owner.
const slack = 400 * time.Millisecond

// had reports whether a sidecar may have owned a webhook at a moment.
func (o *ownership) had(webhook, owner string, at time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	last := int64(0)
	for _, e := range o.eras[webhook] {
		if e.after.Add(-slack).Before(at) && (e.before.IsZero() || e.before.Add(slack).After(at)) &&
			(e.owner == owner || e.epoch > last+1) { // an epoch between was not seen
			return true
		}
		last = e.epoch
	}
	return false
}

const moment = "05.000"

// of tells who owned a webhook, for people.
func (o *ownership) of(webhook string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var eras []string
	for _, e := range o.eras[webhook] {
		eras = append(eras, fmt.Sprintf("%d %s %s-%s", e.epoch, e.owner, e.after.Format(moment), e.before.Format(moment)))
	}
	return strings.Join(eras, ", ")
}
