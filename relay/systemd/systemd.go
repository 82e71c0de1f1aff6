// Package systemd speaks with the service manager that started the process, if
// one did: it takes over the sockets that the manager listens on, and tells it
// what the process does.
//
// It promises:
//
//   - Without a manager every call does nothing.
//   - Nothing is told to be ready, or to be ready again after a reload, before
//     Ready is called or once Stopping is.
//   - The watchdog is fed while the process says that it is healthy, and at no
//     other time.
//
// Command run makes one Manager, and tells it of the relay.
package systemd

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"sidehook/trouble"
)

// Manager is the service manager, or nobody. Its methods may be called at once.
type Manager struct {
	log      *slog.Logger
	watchdog time.Duration // how long it waits for a sign of life; 0: for ever
	telling  trouble.Trouble

	mu    sync.Mutex
	phase phase
}

// phase is how far the process has come.
type phase int

const (
	starting phase = iota
	ready
	stopping
)

// New finds out from the environment who listens. It tells nothing yet.
func New(log *slog.Logger) *Manager {
	m := &Manager{log: log, telling: trouble.Trouble{Level: slog.LevelWarn}}
	var err error
	if m.watchdog, err = daemon.SdWatchdogEnabled(false); err != nil {
		log.Warn("the watchdog is not fed, as systemd's settings for it cannot be read", "error", err)
	}
	return m
}

// Ready tells that the process does its work.
func (m *Manager) Ready(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.phase == starting {
		m.phase = ready
		m.tell(daemon.SdNotifyReady, statusLine(status))
	}
}

// Reloading tells that a reload begins. Reloaded has to follow.
func (m *Manager) Reloading() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.phase == ready {
		// systemd takes the time from the same datagram, to tell which of its own
		// requests this answers.
		m.tell(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
	}
}

// Reloaded tells that a reload has ended, whatever came of it.
func (m *Manager) Reloaded(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.phase == ready {
		m.tell(daemon.SdNotifyReady, statusLine(status))
	}
}

// Stopping tells that the process is about to end.
func (m *Manager) Stopping(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase = stopping
	m.tell(daemon.SdNotifyStopping, statusLine(status))
}

// Status tells in a line what the process does, for systemctl status.
func (m *Manager) Status(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tell(statusLine(status))
}

// alive feeds the watchdog.
func (m *Manager) alive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tell(daemon.SdNotifyWatchdog)
}

// statusLine keeps a status to its first line, as the next one would be taken
// for another assignment.
func statusLine(status string) string {
	line, _, _ := strings.Cut(status, "\n")
	return "STATUS=" + line
}

// tell sends assignments as one datagram. m is locked, so that they arrive in
// the order of the calls.
func (m *Manager) tell(assignments ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(assignments, "\n")); err != nil {
		m.telling.Met(m.log, "cannot notify systemd", err)
	} else {
		m.telling.Over(m.log, "systemd can be notified again")
	}
}
