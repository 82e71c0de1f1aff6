package member_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sidehook/history"
	"sidehook/history/postgres/accept"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/member"
	"sidehook/history/postgres/postgrestest"
	"sidehook/history/queue/queuetest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

func TestContract(t *testing.T) {
	s := postgrestest.Shared(t)
	queuetest.Run(t, func(t *testing.T) queuetest.Engine { return start(t, newCluster(t, s), "m") })
}

// cluster is a schema whose clock is that of the test, which may be in a bubble.
type cluster struct {
	t      *testing.T
	server *postgrestest.Server
	schema string

	mu    sync.Mutex
	conn  *pgconn.PgConn // sets the clock
	told  time.Time
	ahead time.Duration // of the time of the test
}

func newCluster(t *testing.T, s *postgrestest.Server) *cluster {
	t.Helper()
	c := &cluster{t: t, server: s, schema: s.Schema(t)}
	if err := database.Install(t.Context(), s.OwnerURL(), c.schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, `CREATE TABLE `+c.schema+`.clock (ns bigint); INSERT INTO `+c.schema+`.clock VALUES (0); GRANT SELECT, UPDATE ON `+c.schema+`.clock TO PUBLIC;
		CREATE OR REPLACE FUNCTION `+c.schema+`.now_ns() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT ns FROM `+c.schema+`.clock'`)
	conn, err := pgconn.Connect(t.Context(), s.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	c.conn = conn
	t.Cleanup(func() { conn.Close(context.Background()) })
	return c
}

// tick sets the database's clock to the time of the test.
func (c *cluster) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Equal(c.told) {
		return
	}
	if _, err := c.conn.Exec(context.Background(), fmt.Sprintf(`UPDATE %s.clock SET ns = %d`, c.schema, now.Add(c.ahead).UnixNano())).ReadAll(); err == nil {
		c.told = now
	}
}

// set makes the database's clock differ by so much from the time of the test.
func (c *cluster) set(ahead time.Duration) {
	c.mu.Lock()
	c.ahead, c.told = ahead, time.Time{}
	c.mu.Unlock()
	c.tick()
}

// value returns the one value of a query, as text.
func (c *cluster) value(sql string) (text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	results, err := c.conn.Exec(context.Background(), sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		c.t.Errorf("%s: %v, %v", sql, results, err)
		return ""
	}
	return string(results[0].Rows[0][0])
}

// network is what connects a member to the database, until it is cut.
type network struct {
	*cluster
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func (n *network) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut {
		conn.Close()
		return nil, net.ErrClosed
	}
	n.conns = append(n.conns, conn)
	return &ticking{conn, n}, nil
}

// sever cuts it, and restore ends that.
func (n *network) sever() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = true
	for _, conn := range n.conns {
		conn.Close()
	}
}

func (n *network) restore() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = false
}

// ticking sets the database's clock before anything is sent.
type ticking struct {
	net.Conn
	n *network
}

func (c *ticking) Write(b []byte) (int, error) {
	c.n.tick()
	return c.Conn.Write(b)
}

// running is a member and its acceptor.
type running struct {
	*member.Member
	t        *testing.T
	cluster  *cluster
	name     string
	acceptor *accept.Acceptor
	network  *network
	cancel   context.CancelFunc
	ended    sync.WaitGroup
	err      error
	db       *database.DB
	stopped  bool
}

// declared is a file that has some webhooks.
func declared(webhooks ...string) member.Declaration {
	d := member.Declaration{File: strings.Join(webhooks, " "), Digests: map[string]string{}, Was: map[string]string{}}
	for _, name := range webhooks {
		d.Digests[name] = "1"
	}
	return d
}

// run runs a member.
func run(t *testing.T, c *cluster, name string, d member.Declaration, o member.Options) *running {
	t.Helper()
	r := &running{t: t, cluster: c, name: name, network: &network{cluster: c}}
	var err error
	r.db, err = database.Open(database.Options{URL: c.server.URL(), Schema: c.schema, Sync: database.Storage, Dial: r.network.dial})
	if err != nil {
		t.Fatal(err)
	}
	o.DB, o.Name = r.db, name
	if o.Poll == 0 { // in a bubble, time would not pass while a connection is listened to
		o.Deaf, o.Poll = true, time.Second
	}
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil)).With("member", name)
	r.Member = member.New(o)
	r.acceptor = accept.New(accept.Options{DB: r.db, Accepted: r.Member.Accepted})
	r.Declare(d)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.ended.Go(func() { r.err = r.Member.Run(ctx) })
	r.ended.Go(func() { r.acceptor.Run(ctx) })
	t.Cleanup(func() { r.stop() })
	return r
}

// start runs a member whose file has the webhooks a, b and c, and waits until it owns
// them.
func start(t *testing.T, c *cluster, name string) *running {
	t.Helper()
	r := run(t, c, name, declared("a", "b", "c"), member.Options{Deaf: true, Poll: time.Minute})
	for begun := time.Now(); !r.Owns("a") || !r.Owns("b") || !r.Owns("c"); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("%s owns no webhooks", name)
		}
	}
	return r
}

func (r *running) stop() {
	if r.stopped {
		return
	}
	r.stopped = true
	r.cancel()
	r.ended.Wait()
	r.db.Close()
}

// Append waits until the events are in the queues, as the contract has it.
func (r *running) Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	receipts, err := r.acceptor.Append(ctx, entries)
	for _, receipt := range receipts {
		for !receipt.Duplicate && r.Published() < receipt.Seq {
			time.Sleep(time.Millisecond)
		}
	}
	return receipts, err
}

func (r *running) Restart(cleanly bool) queuetest.Engine {
	if !cleanly {
		r.network.sever()
	}
	r.stop()
	return start(r.t, r.cluster, r.name)
}
