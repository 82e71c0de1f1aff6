package command

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
	"sidehook/relay"
	"sidehook/relay/systemd"
)

// mostProblems is how many problems of a file are logged.
const mostProblems = 20

// edits puts the edits of the file in force, and says what becomes of them.
type edits struct {
	log     *slog.Logger
	manager *systemd.Manager
	relay   *relay.Relay

	asked atomic.Uint64 // reloads that a signal asked for

	// Of apply, which is called once at a time: how many of asked have ended,
	// what was warned of in the file in force, and how often in a row edits were
	// refused, the last time for what.
	ended   uint64
	warned  map[config.Problem]bool
	refused int
	because string
}

// reload reads the file again because a signal says so. Until apply has ended
// the manager knows of it.
func (e *edits) reload(watcher *watch.Watcher) {
	e.manager.Reloading()
	e.asked.Add(1)
	watcher.Reload()
}

// apply puts an edit in force, or says why not.
func (e *edits) apply(file *config.File, err error) {
	// What was asked for from here on is answered by the next call, which comes.
	asked := e.asked.Load()
	if err == nil {
		err = e.relay.Apply(file)
	}
	var status string
	if err == nil {
		e.accept(file)
		status = inForce(file)
	} else {
		e.refuse(err, asked > e.ended)
		status = editRefused + ": " + clean(firstProblem(err))
	}
	if asked == e.ended {
		e.manager.Status(status)
		return
	}
	e.ended = asked
	e.manager.Reloaded(status)
}

// accept says what there is to say of a file that is in force now.
func (e *edits) accept(file *config.File) {
	if e.refused > 1 {
		e.log.Info("the edits before this one were refused", "count", e.refused)
	}
	e.refused, e.because = 0, ""
	e.warn(file)
}

// refuse says why an edit is refused, unless the one before was refused for the
// same and nobody asks.
func (e *edits) refuse(err error, asked bool) {
	e.relay.Refused(err)
	e.refused++
	same := err.Error() == e.because
	e.because = err.Error()
	if same && !asked {
		return
	}
	var problems config.Problems
	if errors.As(err, &problems) {
		logProblems(e.log, editRefused, problems)
		return
	}
	e.log.Error(editRefused, "error", err)
}

const editRefused = "the edit is refused, what was before stays in force"

// firstProblem says the first thing for which a file is refused.
func firstProblem(err error) string {
	var problems config.Problems
	if !errors.As(err, &problems) {
		return err.Error()
	}
	i := slices.IndexFunc(problems, func(p config.Problem) bool { return !p.Warning })
	return problems[max(i, 0)].String()
}

// inForce says in a few words what a file has the relay do.
func inForce(file *config.File) string {
	on := 0
	for _, w := range file.Webhooks {
		if w.Enabled {
			on++
		}
	}
	return fmt.Sprintf("%s is in force: %d of %d webhooks are on", filepath.Base(file.Path), on, len(file.Webhooks))
}

// warn logs the warnings of a file, except those that it had before.
func (e *edits) warn(file *config.File) {
	before := e.warned
	e.warned = make(map[config.Problem]bool, len(file.Warnings))
	logged, omitted := 0, 0
	for _, p := range file.Warnings {
		known := p
		known.Line, known.Column = 0, 0 // an edit above it does not change it
		e.warned[known] = true
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
		e.log.Warn("more configuration warnings; run sidehook check to see them", "count", omitted)
	}
}

// logProblems logs why a file is refused.
func logProblems(log *slog.Logger, message string, problems config.Problems) {
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
		log.Error("the file has more problems, which sidehook check prints", "count", omitted)
	}
}

// fields are the parts of a problem, each with a name.
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
