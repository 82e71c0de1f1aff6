//go:build linux

package relay_test

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"sidehook/history/postgres/postgrestest"
)

// TestNemesesOfDatabase disturbs the database of three sidecars under load.
func TestNemesesOfDatabase(t *testing.T) {
	skipNemeses(t)
	db := postgrestest.StartReplicated(t, "fsync=off")
	replicated := func(t *testing.T) *fleet { return newFleet(t, db.OwnerURL()+"&connect_timeout=2", db.URL(), "require") }
	away := func(t *testing.T, f *fleet) {
		for _, s := range f.sidecars {
			f.soon(s.name+" is not ready", func() bool { return s.get("/readyz") == 503 })
			if got := s.get("/healthz"); got != 200 {
				t.Errorf("healthz of %s: got %d", s.name, got)
			}
		}
	}
	disturb(t, "primary restarted", replicated, func(t *testing.T, f *fleet) {
		f.during("", func() {
			db.Primary.Kill(t)
			db.Primary.Restart(t)
			f.flows()
		})
	})
	disturb(t, "primary paused", replicated, func(t *testing.T, f *fleet) {
		f.during("", func() {
			db.Primary.Suspend(t)
			time.Sleep(lapse + time.Second)
			away(t, f)
			db.Primary.Resume(t)
			f.flows()
		})
	})
	disturb(t, "standbys gone", replicated, func(t *testing.T, f *fleet) {
		f.during("", func() {
			for _, s := range db.Standbys {
				s.Kill(t)
			}
			time.Sleep(time.Second)
			acked, refused := f.ackedSoFar(), f.refused.Load()
			f.soon("posts are refused", func() bool { return f.refused.Load() >= refused+posters })
			if got := f.ackedSoFar(); got != acked {
				t.Errorf("%d events were acknowledged without a standby", got-acked)
			}
			away(t, f)
			for _, s := range db.Standbys {
				s.Restart(t)
			}
			f.flows()
		})
	})
	promoted := false
	disturb(t, "primary killed and a standby promoted", replicated, func(t *testing.T, f *fleet) {
		f.during("", func() {
			if !promoted {
				db.Primary.Kill(t)
				db.Promote(t)
			}
			promoted = true
			f.flows()
		})
	})
}

// TestNemesesOfConnections disturbs the connections between three sidecars under load and
// their database.
func TestNemesesOfConnections(t *testing.T) {
	skipNemeses(t)
	db := postgrestest.Start(t, "fsync=off")
	var proxy *postgrestest.Proxy
	disturb(t, "connections cut during commits", func(t *testing.T) *fleet {
		proxy = db.Proxy(t)
		return newFleet(t, db.OwnerURL(), proxy.URL(), "storage")
	}, func(t *testing.T, f *fleet) {
		f.during("", func() {
			for i := range 60 {
				proxy.Set([]postgrestest.Break{postgrestest.CutAnswer, postgrestest.CutRequest}[i%2])
				time.Sleep(50 * time.Millisecond)
			}
			proxy.Set(postgrestest.Nothing)
		})
	})
	disturb(t, "delays and stalls", func(t *testing.T) *fleet {
		proxy = db.Proxy(t)
		return newFleet(t, db.OwnerURL(), proxy.URL(), "storage")
	}, func(t *testing.T, f *fleet) {
		f.during("", func() {
			proxy.Delay(func() time.Duration { return time.Duration(50+rand.IntN(450)) * time.Millisecond })
			f.flows()
			for range 2 {
				proxy.Set(postgrestest.Hang)
				time.Sleep(3 * time.Second)
				proxy.Set(postgrestest.Nothing)
				time.Sleep(time.Second)
			}
			f.flows()
			proxy.Delay(nil)
		})
	})
	disturb(t, "PgBouncer in transaction mode", func(t *testing.T) *fleet {
		return newFleet(t, db.OwnerURL(), db.PgBouncer(t), "storage")
	}, func(t *testing.T, f *fleet) {
		s := f.sidecars[1]
		f.during("", func() { s.end(syscall.SIGKILL) })
		f.soon("others own what it had", func() bool { return f.owns(s.name) == 0 })
		s.start()
	})
}
