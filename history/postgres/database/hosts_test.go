package database_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/postgres/database"
)

// TestHosts: the host that took the last connection comes first, and last after it has
// failed. One that does not answer costs two seconds, and one connection.
func TestHosts(t *testing.T) {
	s := shared(t)
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var dialed []string
		away := "192.0.2.1:1"
		dial := func(ctx context.Context, _, address string) (net.Conn, error) {
			mu.Lock()
			dialed = append(dialed, address[len("192.0.2."):][:1])
			silent := address == away
			mu.Unlock()
			if silent {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return (&net.Dialer{}).DialContext(ctx, "tcp", s.Address())
		}
		db := open(t, s, database.Options{
			URL: "postgres://postgres@192.0.2.1:1,192.0.2.2:2,192.0.2.3:3/postgres?sslmode=disable", Schema: "sidehook", Name: t.Name(), Dial: dial,
		})
		// reads reads once, and wants that to have dialed these hosts.
		reads := func(want ...string) {
			t.Helper()
			mu.Lock()
			dialed = nil
			mu.Unlock()
			began, answer := time.Now(), 0
			if err := db.Read(t.Context(), `SELECT 1`, nil, &answer); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(dialed, want) {
				t.Errorf("dialed %v, want %v", dialed, want)
			}
			if took := time.Since(began); took > 2500*time.Millisecond {
				t.Errorf("it took %v", took)
			}
		}
		end := func() {
			s.Exec(t, fmt.Sprintf(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '%s'`, t.Name()))
			sessions(t, t.Name(), "0")
			time.Sleep(2 * time.Second) // it must answer before it is used
		}
		reads("1", "2")
		held := db.Query(t.Context(), `SELECT 1`)
		reads("2")
		held.Close()
		reads()
		end()
		mu.Lock()
		away = "192.0.2.2:2"
		mu.Unlock()
		reads("1") // after 2 has failed; no other connection to it is tried
		end()
		reads("2", "3")
	})
}
