package editing

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/config/mask"
	"sidehook/history/event"
	"sidehook/relay/console/editor"
	"sidehook/relay/fileedit"
	"sidehook/relay/plan"
)

// Review returns what an edit would do.
func (e *Editor) Review(_ context.Context, ask editor.Edit) (*editor.Review, error) {
	d, problems, err := e.draft(ask)
	if err != nil {
		return nil, err
	}
	review := &editor.Review{Problems: problems, Waiting: e.waitingSentences(ask, d)}
	if d == nil {
		return review, nil
	}
	review.Base, review.Command = d.base, e.command(ask, d)
	for _, edited := range d.change.Edited {
		review.Files = append(review.Files, Absolute(edited.Path))
		review.Diff = append(review.Diff, diffOf(&edited)...)
	}
	if err := d.blocked(); err != nil {
		review.Blocked = err.Error()
	}
	if len(d.change.Edited) == 0 {
		return review, nil
	}
	if d.change.Problems != nil {
		review.Problems = append(review.Problems, problemsIn(errorsOf(d.change.Problems), d.name)...)
		review.Allow = fileedit.ProposedAllow(d.change.Problems)
		return review, nil
	}
	review.Warnings = problemsIn(d.change.Warnings, d.name)
	review.Since = time.Now().Add(-lastDay)
	review.Plan, err = plan.Make(e.relay.InForce().File, d.change.After.File, func(visit func(*event.Event)) (err error) {
		review.Sampled, err = e.relay.Newest(review.Since, plannedMost, plannedTime, visit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("plan the edit: %w", err)
	}
	return review, nil
}

// blocked returns why the files cannot be written, nil if they can.
func (d *draft) blocked() error {
	for _, edited := range d.change.Edited {
		if err := edit.Writable(edited.Path); err != nil {
			return err
		}
	}
	return nil
}

// Absolute returns an absolute path, for people who may be in another folder.
func Absolute(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

func errorsOf(list config.Problems) config.Problems {
	return slices.DeleteFunc(slices.Clone(list), func(p config.Problem) bool { return p.Warning })
}

// diffOf returns what changes in a file, with its secrets masked.
func diffOf(edited *fileedit.Edited) (list []editor.DiffLine) {
	raw := [2][]string{fileedit.TextLines(edited.Before.Text()), fileedit.TextLines(edited.After.Text())}
	masked := [2][]string{fileedit.TextLines(mask.Document(edited.Before)), fileedit.TextLines(mask.Document(edited.After))}
	gone := map[string]string{} // masked lines that go since the last line that stays
	for _, line := range edited.Lines() {
		d := editor.DiffLine{Before: line.Before, After: line.After}
		at := func(side, n int) string { return cutLine(masked[side][min(n, len(masked[side]))-1]) }
		switch {
		case line.Before == 0 && line.After == 0:
			d.Op, d.Text = editor.Hunk, Absolute(edited.Path)
		case line.After == 0:
			d.Op, d.Text = editor.Removed, at(0, line.Before)
			gone[d.Text] = raw[0][line.Before-1]
		case line.Before == 0:
			d.Op, d.Text = editor.Added, at(1, line.After)
			if was, ok := gone[d.Text]; ok && was != raw[1][line.After-1] {
				d.Note = "another value"
			}
		default:
			d.Op, d.Text = editor.Same, at(1, line.After)
			clear(gone)
		}
		list = append(list, d)
	}
	return list
}

// waitingSentences tells, for each webhook of an edit, what happens to its waiting
// deliveries.
func (e *Editor) waitingSentences(ask editor.Edit, d *draft) (list []string) {
	if d == nil || d.change.Problems != nil || d.change.After.File == nil {
		return nil
	}
	after := byName(d.change.After.File)
	for _, name := range ask.Names {
		waits := e.relay.Waiting(name)
		if waits == 0 {
			continue
		}
		text := fmt.Sprintf("1 delivery waits for %s. ", name)
		it, its := "It", "its"
		if waits > 1 {
			text, it, its = fmt.Sprintf("%d deliveries wait for %s. ", waits, name), "They", "their"
		}
		verb := func(one, many string) string {
			if waits > 1 {
				return many
			}
			return one
		}
		w := after[d.name]
		switch {
		case ask.Action == editor.Remove:
			text += fmt.Sprintf("%s %s kept for 24h, in case the webhook comes back, and then %s as canceled.", it, verb("is", "are"), verb("ends", "end"))
		case w == nil:
			continue
		case !w.Enabled:
			text += fmt.Sprintf("%s %s until the webhook is on again. Events of that time are not kept for it.", it, verb("stops", "stop"))
		case d.name != name:
			text += fmt.Sprintf("%s %s to %s, in %s order and before what is accepted later, with the whole retry schedule.", it, verb("moves", "move"), d.name, its)
		case w.Paused:
			text += fmt.Sprintf("%s %s until the webhook is resumed. Events of that time are kept for it.", it, verb("waits", "wait"))
		default:
			text += fmt.Sprintf("%s %s on with the new settings.", it, verb("goes", "go"))
		}
		list = append(list, text)
	}
	return list
}

// problemsIn returns problems as the console shows them: with the key, if they are of the
// webhook of that name.
func problemsIn(list config.Problems, name string) (problems []editor.Problem) {
	for _, p := range list {
		message := p.Message
		key := keyOf(p.Path, name)
		if key == "" {
			message = strings.TrimPrefix(p.Path+": "+p.Message, ": ")
			if p.Line > 0 {
				message = fmt.Sprintf("%s:%d: %s", p.File, p.Line, message)
			} else {
				message = p.File + ": " + message
			}
		}
		problems = append(problems, editor.Problem{Key: key, Message: message, Hint: p.Hint})
	}
	return problems
}

// keyOf returns the key that a problem is about, "" if it is of another webhook:
// webhooks[1] (crm).url is url of crm.
func keyOf(path, name string) string {
	rest, ok := strings.CutPrefix(path, "webhooks[")
	if !ok {
		return ""
	}
	_, rest, _ = strings.Cut(rest, "]")
	if titled, ok := strings.CutPrefix(rest, " ("); ok {
		title, after, _ := strings.Cut(titled, ")")
		if title != name {
			return ""
		}
		rest = after
	}
	key, _, _ := strings.Cut(strings.TrimPrefix(rest, "."), "[")
	return cmp.Or(key, "")
}
