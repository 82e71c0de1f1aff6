package database

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// pool has a number of connections at most, and uses them again: first the one that was
// put back last.
type pool struct {
	config *pgconn.Config
	hosts  *hosts // shared with others
	// change changes the configuration of each connection, which is its own.
	change func(*pgconn.Config)
	// check returns why a new connection is not to be used.
	check func(context.Context, *conn) error

	turns   chan struct{}   // one for each connection that is in use or being made
	closing context.Context // is done once close is called
	stop    context.CancelFunc
	running sync.WaitGroup // what opens and closes connections

	mu   sync.Mutex
	idle []*conn // in the order in which they were put back
}

const (
	// pingAfter is how long a connection may be idle before it must answer to be used.
	pingAfter = time.Second
	// pingTimeout is how long that may take.
	pingTimeout = time.Second
	// idleMost and ageMost are when a connection is closed.
	idleMost = 5 * time.Minute
	ageMost  = time.Hour
	// closeTimeout is how long it may take to close a connection in good order.
	closeTimeout = time.Second
)

var errClosed = errors.New("the connections to the database are closed")

func newPool(size int, config *pgconn.Config, hosts *hosts, change func(*pgconn.Config), check func(context.Context, *conn) error) *pool {
	p := &pool{config: config, hosts: hosts, change: change, check: check, turns: make(chan struct{}, size)}
	p.closing, p.stop = context.WithCancel(context.Background())
	return p
}

// acquire returns a connection, which must be released.
func (p *pool) acquire(ctx context.Context) (*conn, error) {
	select {
	case p.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closing.Done():
		return nil, errClosed
	}
	for c := p.last(); c != nil; c = p.last() {
		if c.answers(ctx) {
			return c, nil
		}
		p.drop(c)
		if ctx.Err() != nil {
			<-p.turns
			return nil, ctx.Err()
		}
		if !c.old() {
			p.lost(c)
		}
	}
	return p.connect(ctx)
}

// release puts a connection back. It is closed if it is not ready for another statement.
func (p *pool) release(c *conn) {
	defer func() { <-p.turns }()
	now := time.Now()
	if c.broken {
		p.lost(c)
	}
	if c.pg.IsClosed() || c.pg.IsBusy() || c.pg.TxStatus() != 'I' || c.old() {
		p.drop(c)
		return
	}
	c.idleSince = now
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
	for now.Sub(p.idle[0].idleSince) > idleMost {
		p.drop(p.idle[0])
		p.idle = slices.Delete(p.idle, 0, 1)
	}
}

// last takes the idle connection that was put back last, nil if there is none.
func (p *pool) last() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = slices.Delete(p.idle, n-1, n)
	return c
}

// lost drops the idle connections to the host of one that was lost: each of them would have
// to be waited for, too.
func (p *pool) lost(c *conn) {
	p.hosts.failed(c.host)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(other *conn) bool {
		if other.host != c.host {
			return false
		}
		p.drop(other)
		return true
	})
}

// drop closes a connection, without waiting for that.
func (p *pool) drop(c *conn) { p.running.Go(c.close) }

// connect makes a connection. If ctx is done before, the attempt continues for the next
// caller: with several hosts it may take longer than one statement may.
func (p *pool) connect(ctx context.Context) (*conn, error) {
	type made struct {
		*conn
		err error
	}
	ready := make(chan made)
	p.running.Go(func() {
		c, err := p.open(p.closing)
		if err != nil {
			<-p.turns
		}
		select {
		case ready <- made{c, err}:
		case <-ctx.Done():
			if err == nil {
				p.release(c)
			}
		}
	})
	select {
	case m := <-ready:
		return m.conn, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// open makes a connection that is not one of the pool, to the first host that takes it.
func (p *pool) open(ctx context.Context) (*conn, error) {
	var problems []error
	for _, h := range p.hosts.order() {
		c, err := p.openAt(ctx, h)
		if err == nil {
			p.hosts.took(h)
			return c, nil
		}
		if ctx.Err() == nil {
			p.hosts.failed(h)
		}
		problems = append(problems, err)
	}
	return nil, errors.Join(problems...)
}

func (p *pool) openAt(ctx context.Context, h *host) (*conn, error) {
	c := &conn{opened: time.Now(), host: h}
	config := at(p.config, h)
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { c.notice = n }
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { c.heard = append(c.heard, n.Payload) }
	if p.change != nil {
		p.change(config)
	}
	var err error
	if c.pg, err = pgconn.ConnectConfig(ctx, config); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, config.ConnectTimeout)
	defer cancel()
	if err := p.check(ctx, c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// close closes all connections, once they are released.
func (p *pool) close() {
	p.stop()
	for range cap(p.turns) {
		p.turns <- struct{}{}
	}
	for c := p.last(); c != nil; c = p.last() {
		p.drop(c)
	}
	p.running.Wait()
}
