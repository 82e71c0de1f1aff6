// Package systemd uses the sockets of the service manager that started the process, and
// notifies it of what the process does.
//
// It promises:
//
//   - Without a service manager, every call does nothing.
//   - The manager is notified of readiness, also after a reload, only after Ready and
//     before Stopping.
//   - The watchdog is notified only while the process is healthy.
//
// Command run makes one Manager.
package systemd

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"sidehook/history/trouble"
)

// Manager is the service manager, if there is one. It is safe for concurrent use.
type Manager struct {
	log       *slog.Logger
	watchdog  time.Duration // how long it waits for a sign of life; 0: for ever
	notifying trouble.Trouble

	mu    sync.Mutex
	phase phase
}

// phase is the state of the process.
type phase int

const (
	starting phase = iota
	ready
	stopping
)

// New reads the environment. It does not notify yet.
func New(log *slog.Logger) *Manager {
	m := &Manager{log: log, notifying: trouble.Trouble{Level: slog.LevelWarn}}
	var err error
	if m.watchdog, err = daemon.SdWatchdogEnabled(false); err != nil {
		log.Warn("cannot read systemd's watchdog settings; the watchdog is not notified", "error", err)
	}
	return m
}

// Ready notifies that the process is ready.
func (m *Manager) Ready(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.phase == starting {
		m.phase = ready
		m.notifyLocked(daemon.SdNotifyReady, statusLine(status))
	}
}

// Reloading notifies that a reload begins. Reloaded must follow.
func (m *Manager) Reloading() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.phase == ready {
		// systemd needs the time in the same datagram, to match it with its request.
		m.notifyLocked(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
	}
}

// Reloaded notifies that a reload has ended, in success or failure.
func (m *Manager) Reloaded(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.phase == ready {
		m.notifyLocked(daemon.SdNotifyReady, statusLine(status))
	}
}

// Stopping notifies that the process is stopping.
func (m *Manager) Stopping(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase = stopping
	m.notifyLocked(daemon.SdNotifyStopping, statusLine(status))
}

// Status sets the line that systemctl status shows.
func (m *Manager) Status(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notifyLocked(statusLine(status))
}

// alive notifies the watchdog.
func (m *Manager) alive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notifyLocked(daemon.SdNotifyWatchdog)
}

// statusLine keeps only the first line, since systemd would read the next one as another
// assignment.
func statusLine(status string) string {
	line, _, _ := strings.Cut(status, "\n")
	return "STATUS=" + line
}

// notifyLocked sends assignments as one datagram. The lock keeps datagrams in the order of
// the calls.
func (m *Manager) notifyLocked(assignments ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(assignments, "\n")); err != nil {
		m.notifying.Met(m.log, "cannot notify systemd", err)
	} else {
		m.notifying.Over(m.log, "systemd can be notified again")
	}
}
