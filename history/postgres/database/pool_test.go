package database_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/postgres/database"
)

// backend returns which process of the server reads.
func backend(t *testing.T, db *database.DB) (pid int) {
	t.Helper()
	if err := db.Read(t.Context(), `SELECT pg_backend_pid()`, nil, &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// sessions waits until there are so many connections of a name.
func sessions(t *testing.T, name, want string) {
	t.Helper()
	got := ""
	for range 200 {
		got = shared(t).Value(t, `SELECT count(*) FROM pg_stat_activity, pg_sleep(0.02) WHERE application_name = '`+name+`'`)
		if got == want {
			return
		}
	}
	t.Fatalf("got %s connections of %s, want %s", got, name, want)
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	s := shared(t)
	synctest.Test(t, func(t *testing.T) {
		db := open(t, s, database.Options{Schema: "sidehook", Name: t.Name()})
		first := backend(t, db)
		// The rows hold it, so that another one is made, which is put back first.
		held := db.Query(t.Context(), `SELECT 1`)
		second := backend(t, db)
		if err := held.Close(); err != nil {
			t.Fatal(err)
		}
		if second == first || backend(t, db) != first {
			t.Errorf("got %d and %d, want what was put back last", first, second)
		}
		time.Sleep(4 * time.Minute)
		backend(t, db)
		sessions(t, t.Name(), "2")
		time.Sleep(4 * time.Minute)
		if backend(t, db) != first {
			t.Error("it was not used again")
		}
		sessions(t, t.Name(), "1") // the other was idle for 8 minutes
		time.Sleep(55 * time.Minute)
		if backend(t, db) == first {
			t.Error("it is older than an hour")
		}
	})
}

func TestNoMoreConnectionsThanReaders(t *testing.T) {
	s := shared(t)
	db := open(t, s, database.Options{Schema: "sidehook", Readers: 2, Name: t.Name()})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			var n int
			if err := db.Read(t.Context(), `SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE application_name = $1`, []database.Argument{database.Text(t.Name())}, &n); err != nil || n > 2 {
				t.Errorf("got %d connections, %v, want 2 at most", n, err)
			}
		})
	}
	all.Wait()
	held := []*database.Rows{db.Query(t.Context(), `SELECT 1`), db.Query(t.Context(), `SELECT 1`)}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := db.Query(ctx, `SELECT 1`).Close(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want to wait for a connection", err)
	}
	for _, rows := range held {
		rows.Close()
	}
}

// TestABrokenConnectionIsNotUsed: one that was idle must answer first, and one that fails
// is not put back.
func TestABrokenConnectionIsNotUsed(t *testing.T) {
	s := shared(t)
	synctest.Test(t, func(t *testing.T) {
		db := open(t, s, database.Options{Schema: "sidehook", Name: t.Name()})
		end := func() {
			backend(t, db)
			s.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '`+t.Name()+`'`)
			sessions(t, t.Name(), "0")
		}
		end()
		var one int
		if err := db.Read(t.Context(), `SELECT 1`, nil, &one); err == nil {
			t.Error("no error of a connection that has ended within a second")
		}
		backend(t, db)
		end()
		time.Sleep(2 * time.Second)
		backend(t, db)
	})
}

// TestConnectingGoesOn: who asks for too short a time to connect leaves the connection to
// the next one.
func TestConnectingGoesOn(t *testing.T) {
	s := shared(t)
	var dials atomic.Int32
	connect := make(chan struct{})
	db := open(t, s, database.Options{Schema: "sidehook", Readers: 1, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		select {
		case <-connect:
			return (&net.Dialer{}).DialContext(ctx, network, address)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := db.Query(ctx, `SELECT 1`).Close(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(connect)
	backend(t, db)
	if n := dials.Load(); n != 1 {
		t.Errorf("got %d dials, want 1", n)
	}
}

// TestCloseEndsConnecting does not wait for a host that does not answer.
func TestCloseEndsConnecting(t *testing.T) {
	dialing := make(chan struct{})
	db, err := database.Open(database.Options{URL: "postgres://u@192.0.2.1/d?sslmode=disable", Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		close(dialing)
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() { failed <- db.Query(t.Context(), `SELECT 1`).Close() }()
	<-dialing
	db.Close()
	if err := <-failed; err == nil {
		t.Error("no error of what was closed")
	}
	if err := db.Query(t.Context(), `SELECT 1`).Close(); err == nil {
		t.Error("no error after Close")
	}
}

func TestListening(t *testing.T) {
	db := open(t, shared(t), database.Options{Schema: "sidehook", Name: t.Name()})
	l, err := db.Listen(t.Context(), "Some Channel")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a", "b"} {
		if err := db.Call(t.Context(), `SELECT pg_notify('Some Channel', $1)`, []database.Argument{database.Text(text)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"a", "b"} {
		if got, err := l.Next(t.Context()); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if got, err := l.Next(ctx); err == nil {
		t.Errorf("got %q of nothing", got)
	}
	l.Close()
}
