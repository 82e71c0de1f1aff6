package postgrestest

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Standby starts a synchronous standby, named "standby", which receives what the server
// writes and confirms that it is on disk: all that commits wait for, without a second
// server. stop ends it, after which commits wait.
func (s *Server) Standby(t testing.TB) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	conn, err := pgconn.Connect(ctx, url(super, s.Address())+"&replication=true&application_name=standby")
	if err != nil {
		t.Fatal(err)
	}
	system, err := conn.Exec(ctx, "IDENTIFY_SYSTEM").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var end atomic.Uint64 // of what it has received
	from, err := lsn(string(system[0].Rows[0][2]))
	if err != nil {
		t.Fatal(err)
	}
	end.Store(from)
	tell := func(m pgproto3.FrontendMessage) error {
		conn.Frontend().Send(m)
		return conn.Frontend().Flush()
	}
	if err := tell(&pgproto3.Query{String: fmt.Sprintf("START_REPLICATION PHYSICAL %s", system[0].Rows[0][2])}); err != nil {
		t.Fatal(err)
	}
	var working sync.WaitGroup
	working.Go(func() {
		for {
			message, err := conn.ReceiveMessage(ctx)
			if err != nil {
				return
			}
			if data, ok := message.(*pgproto3.CopyData); ok {
				end.Store(max(end.Load(), received(data.Data)))
			}
		}
	})
	working.Go(func() {
		// The server ignores confirmations until it streams.
		for tell(onDisk(end.Load())) == nil && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
	})
	stop = func() {
		cancel()
		working.Wait()
		conn.Close(ctx)
	}
	t.Cleanup(stop)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if s.Value(t, `SELECT count(*) FROM pg_stat_replication WHERE application_name = 'standby' AND state = 'streaming'`) == "1" {
			return stop
		}
		if time.Now().After(deadline) {
			t.Fatalf("the standby does not stream:\n%s", s.Log())
		}
	}
}

// received returns up to where a message of the server brings the log, 0 if it brings
// nothing of it: the protocol's XLogData, or a keepalive.
func received(message []byte) uint64 {
	switch message[0] {
	case 'w':
		return binary.BigEndian.Uint64(message[1:]) + uint64(len(message)-25)
	case 'k':
		return binary.BigEndian.Uint64(message[1:])
	}
	return 0
}

// onDisk is the protocol's status of a standby that has written, synced and applied all
// up to a place.
func onDisk(end uint64) *pgproto3.CopyData {
	message := []byte{'r'}
	for range 3 {
		message = binary.BigEndian.AppendUint64(message, end)
	}
	return &pgproto3.CopyData{Data: append(message, make([]byte, 8+1)...)} // no time, no answer wanted
}

// lsn is a place of the log as a number.
func lsn(text string) (uint64, error) {
	var high, low uint64
	_, err := fmt.Sscanf(text, "%X/%X", &high, &low)
	return high<<32 | low, err
}
