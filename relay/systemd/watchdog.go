package systemd

import (
	"context"
	"time"

	"sidehook/history/trouble"
)

// Feed notifies the watchdog, twice in the time that it waits, for as long as healthy
// returns nil. A healthy that hangs has the process restarted, too. Feed returns when
// ctx is done, and at once without a watchdog.
func (m *Manager) Feed(ctx context.Context, healthy func() error) {
	if m.watchdog == 0 {
		return
	}
	tick := time.NewTicker(max(m.watchdog/2, time.Microsecond))
	defer tick.Stop()
	var failing trouble.Trouble
	for ill := false; ; {
		err := healthy()
		if err == nil {
			m.alive()
			failing.Over(m.log, "the watchdog is notified again")
		} else {
			failing.Met(m.log, "unhealthy; systemd restarts sidehook unless this ends", err, "within", m.watchdog)
			if !ill {
				m.Status("unhealthy: " + err.Error())
			}
		}
		ill = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
