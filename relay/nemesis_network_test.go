//go:build linux

package relay_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sidehook/history/postgres/postgrestest"
)

// network is a machine of its own, with a cable to this one: a network namespace.
type network struct {
	t          *testing.T
	name       string
	here, peer string // the addresses of this machine, and of the other
}

// newNetwork skips the test where there can be none.
func newNetwork(t *testing.T) *network {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("makes a network namespace, which needs root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("ip is not installed")
	}
	n := rand.IntN(1 << 14)
	w := &network{t: t, name: fmt.Sprintf("sidehook%04x", n)}
	w.here, w.peer = fmt.Sprintf("10.199.%d.%d", n>>6, n&63*4+1), fmt.Sprintf("10.199.%d.%d", n>>6, n&63*4+2)
	if out, err := exec.Command("ip", "netns", "add", w.name).CombinedOutput(); err != nil {
		t.Skipf("cannot make a network namespace here: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("ip", "netns", "del", w.name).Run() })
	if out, err := exec.Command("ip", "link", "add", w.name, "type", "veth", "peer", "name", "eth0", "netns", w.name).CombinedOutput(); err != nil {
		t.Skipf("cannot make a network namespace here: %v %s", err, out)
	}
	for _, args := range [][]string{
		{"addr", "add", w.here + "/30", "dev", w.name}, {"link", "set", w.name, "up"},
		{"-n", w.name, "addr", "add", w.peer + "/30", "dev", "eth0"}, {"-n", w.name, "link", "set", "eth0", "up"}, {"-n", w.name, "link", "set", "lo", "up"},
	} {
		w.do("ip", args...)
	}
	return w
}

func (w *network) do(program string, args ...string) {
	w.t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		w.t.Fatalf("%s %v: %v %s", program, args, err, out)
	}
}

// enter moves the thread to the other machine.
func (w *network) enter() error {
	fd, err := os.Open(filepath.Join("/run/netns", w.name))
	if err != nil {
		return err
	}
	defer fd.Close()
	return unix.Setns(int(fd.Fd()), unix.CLONE_NEWNET)
}

// cut drops all that is sent between the machines, without an error. heal ends that.
func (w *network) cut() {
	w.t.Helper()
	w.do("tc", "qdisc", "add", "dev", w.name, "root", "pfifo", "limit", "0")
	w.do("tc", "-n", w.name, "qdisc", "add", "dev", "eth0", "root", "pfifo", "limit", "0")
}

func (w *network) heal() {
	w.t.Helper()
	w.do("tc", "qdisc", "del", "dev", w.name, "root")
	w.do("tc", "-n", w.name, "qdisc", "del", "dev", "eth0", "root")
}

// TestNemesesOfNetwork cuts machines off from the others under load.
func TestNemesesOfNetwork(t *testing.T) {
	skipNemeses(t)
	var net *network
	disturb(t, "a sidecar cut off", func(t *testing.T) *fleet {
		net = newNetwork(t)
		db := postgrestest.StartAt(t, postgrestest.Place{Host: net.here}, "fsync=off")
		return startFleet(t, &fleet{direct: db.OwnerURL(), address: db.URL(), sync: "storage", host: net.here, enter: net.enter})
	}, func(t *testing.T, f *fleet) {
		f.during("c", func() {
			net.cut()
			f.soon("others own what it had", func() bool { return f.owns("c") == 0 })
			f.flows()
			time.Sleep(2 * time.Second)
			net.heal()
		})
		f.soon("it owns again", func() bool { return f.owns("c") > 0 })
	})
	var db *postgrestest.Replicated
	disturb(t, "the primary cut off and a standby promoted", func(t *testing.T) *fleet {
		net = newNetwork(t)
		db = postgrestest.StartReplicatedAt(t, postgrestest.Place{Host: net.peer, Enter: net.enter}, "fsync=off", "wal_receiver_timeout=2s")
		return newFleet(t, db.OwnerURL(), db.URL(), "require")
	}, func(t *testing.T, f *fleet) {
		if len(db.Standbys) < 2 {
			return // this is done once
		}
		f.during("", func() {
			net.cut()
			before := db.Primary
			db.Promote(t)
			begun := time.Now()
			f.flows()
			took := time.Since(begun).Round(100 * time.Millisecond)
			t.Logf("all flows %v after a standby was promoted", took)
			if took > 3*lapse {
				t.Errorf("it took longer than %v", 3*lapse)
			}
			before.Kill(t) // who promotes must see to that, before the network is back
			net.heal()
		})
	})
}
