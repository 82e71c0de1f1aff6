package systemd

import (
	"context"
	"time"
)

// Feed tells the watchdog, twice in the time that it waits, that the process is
// alive, for as long as healthy returns nil. A healthy that hangs starves it as
// one that fails does. It returns when ctx is done, and at once if there is no
// watchdog.
func (m *Manager) Feed(ctx context.Context, healthy func() error) {
	if m.watchdog == 0 {
		return
	}
	tick := time.NewTicker(max(m.watchdog/2, time.Microsecond))
	defer tick.Stop()
	for ill := false; ; {
		err := healthy()
		switch {
		case err == nil:
			m.alive()
		case !ill:
			m.log.Error("the watchdog is not fed, so that systemd restarts sidehook", "within", m.watchdog, "error", err)
			m.Status("unhealthy: " + err.Error())
		}
		ill = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
