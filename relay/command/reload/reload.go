// Package reload applies edits of webhooks.yaml to a running relay, and says in the
// log and to systemd what became of each.
//
// It promises that an edit that is rejected changes nothing and is logged once, also
// if it is saved again with the same errors, and that a reload that was requested by a
// signal is always answered.
//
// The command run of relay/command calls it.
package reload

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"

	"sidehook/config"
	"sidehook/config/watch"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
	"sidehook/relay/systemd"
)

// mostProblems is how many problems of a file are logged.
const mostProblems = 20

// Relay is the relay that has a configuration.
type Relay interface {
	// Apply makes a file the active configuration, or returns why it cannot be.
	Apply(*config.File) error
	// Refused notes why an edit is rejected.
	Refused(error)
}

// Reloader applies edits of the file, and reports the result to the log and systemd.
type Reloader struct {
	Relay Relay // must be set before the first call of Apply

	log     *slog.Logger
	manager *systemd.Manager

	requested atomic.Uint64 // reloads by SIGHUP

	// Of Apply, which runs once at a time.
	answered  uint64                  // of requested
	warnings  map[config.Problem]bool // of the active file
	included  map[string]*refusal     // files of include that are refused, by path
	rejected  int                     // edits in a row
	lastError string                  // of the last rejected edit
}

// New returns the reloader of a relay that begins with a file. It logs the
// warnings of that file.
func New(log *slog.Logger, manager *systemd.Manager, file *config.File) *Reloader {
	e := &Reloader{log: log, manager: manager}
	e.warn(file)
	e.refuseIncluded(file)
	return e
}

// Reload reads the file again because of a signal. systemd waits until Apply has
// answered.
func (e *Reloader) Reload(watcher *watch.Watcher) {
	e.manager.Reloading()
	e.requested.Add(1)
	watcher.Reload()
}

// Apply makes an edit the active configuration, or says why not.
func (e *Reloader) Apply(file *config.File, err error) {
	// A request from here on is answered by the next call, which will come.
	requested := e.requested.Load()
	if err == nil {
		err = e.Relay.Apply(file)
	}
	var status string
	if err == nil {
		e.accept(file)
		status = ActiveStatus(file)
	} else {
		e.reject(err, requested > e.answered)
		status = editRejected + ": " + terminal.Clean(firstProblem(err))
	}
	if requested == e.answered {
		e.manager.Status(status)
		return
	}
	e.answered = requested
	e.manager.Reloaded(status)
}

// accept logs what there is to say about a file that was applied.
func (e *Reloader) accept(file *config.File) {
	if e.rejected > 1 {
		e.log.Info("edit accepted after rejected ones", "rejected", e.rejected)
	}
	e.rejected, e.lastError = 0, ""
	e.warn(file)
	e.refuseIncluded(file)
}

// reject logs why an edit is rejected, unless the one before had the same errors
// and nobody requested a reload.
func (e *Reloader) reject(err error, requested bool) {
	e.Relay.Refused(err)
	e.rejected++
	same := err.Error() == e.lastError
	e.lastError = err.Error()
	if same && !requested {
		return
	}
	var problems config.Problems
	if errors.As(err, &problems) {
		LogProblems(e.log, editRejected, problems)
		return
	}
	e.log.Error(editRejected, "error", err)
}

const editRejected = "edit rejected; still using the previous configuration"

// firstProblem returns the first error of a file.
func firstProblem(err error) string {
	var problems config.Problems
	if !errors.As(err, &problems) {
		return err.Error()
	}
	i := slices.IndexFunc(problems, func(p config.Problem) bool { return !p.Warning })
	return problems[max(i, 0)].String()
}

// ActiveStatus describes the active configuration for systemctl status.
func ActiveStatus(file *config.File) string {
	enabled := 0
	for _, w := range file.Webhooks {
		if w.Enabled {
			enabled++
		}
	}
	status := fmt.Sprintf("using %s: %d of %d webhooks enabled", filepath.Base(file.Path), enabled, len(file.Webhooks))
	if refused := file.Refused(); len(refused) > 0 {
		status += "; rejected " + measure.Count(len(refused), "file") + " of include: " + terminal.Clean(refused[0].FirstProblem().String())
	}
	return status
}

// warn logs the warnings of a file, except those that it had before.
func (e *Reloader) warn(file *config.File) {
	before := e.warnings
	e.warnings = make(map[config.Problem]bool, len(file.Warnings))
	logged, omitted := 0, 0
	for _, p := range file.Warnings {
		known := p
		known.Line, known.Column = 0, 0 // an edit above it does not make it new
		e.warnings[known] = true
		switch {
		case before[known]:
		case logged == mostProblems:
			omitted++
		default:
			logged++
			e.log.Warn("configuration warning", fields("reason", p)...)
		}
	}
	if omitted > 0 {
		e.log.Warn("more configuration warnings; run sidehook check to see all", "count", omitted)
	}
}

// LogProblems logs the errors of a file.
func LogProblems(log *slog.Logger, message string, problems config.Problems) {
	logged, omitted := 0, 0
	for _, p := range problems {
		switch {
		case p.Warning:
		case logged == mostProblems:
			omitted++
		default:
			logged++
			log.Error(message, fields("error", p)...)
		}
	}
	if omitted > 0 {
		log.Error("more configuration errors; run sidehook check to see all", "count", omitted)
	}
}

// fields returns the parts of a problem as attributes of a log line.
func fields(reason string, p config.Problem) []any {
	where := p.File
	if p.Line > 0 {
		where += ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
	}
	list := []any{"where", where}
	if p.Path != "" {
		list = append(list, "key", p.Path)
	}
	text := p.Message
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	return append(list, reason, text)
}
