package editing

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/relay/admin"
	"sidehook/relay/console/editor"
	"sidehook/relay/fileedit"
)

// draft is an edit that was made in memory.
type draft struct {
	base    string
	change  *fileedit.Change
	changes []edit.Change // of the keys of a webhook
	name    string        // of the webhook after the edit; "" where it is removed
	secret  string        // that was generated
}

// draft makes an edit in memory. The draft is nil where there are problems with the edit
// itself; what is wrong with the files after it, its change says.
func (e *Editor) draft(ask editor.Edit) (*draft, []editor.Problem, error) {
	files, err := fileedit.Open(e.relay.InForce().File.Path, config.Run)
	if err != nil {
		return nil, nil, err
	}
	d := &draft{}
	var steps []fileedit.Step
	var problems []editor.Problem
	switch ask.Action {
	case editor.Add, editor.Change:
		var step fileedit.Step
		if step, problems, err = d.step(files, ask); err == nil && problems == nil {
			steps = append(steps, step)
		}
	case editor.Remove:
		if len(ask.Names) == 0 {
			problems = []editor.Problem{{Message: "name the webhooks to remove"}}
		}
		for _, name := range ask.Names {
			path, err := files.Of(name)
			if err != nil {
				return nil, nil, notInFile(err)
			}
			steps = append(steps, fileedit.Step{Path: path, Do: func(doc edit.Document) (edit.Document, error) { return doc.RemoveWebhook(name) }})
		}
	default:
		return nil, nil, &admin.BadRequestError{Problem: fmt.Sprintf("action %q is not one of add, change and remove", ask.Action)}
	}
	if err != nil || problems != nil {
		return nil, problems, err
	}
	texts := map[string][]byte{}
	for _, path := range append([]string{files.Main}, pathsOf(steps)...) {
		if texts[path], err = files.Text(path); err != nil {
			return nil, nil, err
		}
	}
	if d.base = e.baseOf(texts); ask.Base != "" && ask.Base != d.base {
		return nil, []editor.Problem{changedSince}, nil
	}
	d.change, err = files.Change(steps...)
	if why := cannotEdit(err); why != nil {
		return nil, []editor.Problem{*why}, nil
	}
	return d, nil, err
}

var changedSince = editor.Problem{Message: "the file has changed since this page was opened", Hint: "load the page again, so that nothing is overwritten"}

func pathsOf(steps []fileedit.Step) (paths []string) {
	for _, s := range steps {
		paths = append(paths, s.Path)
	}
	return paths
}

// cannotEdit returns the problem of a text in which an edit cannot be made, nil for any
// other error.
func cannotEdit(err error) *editor.Problem {
	switch err := err.(type) {
	case *fileedit.RefusedError:
		return &editor.Problem{Message: fmt.Sprintf("%s:%d: %s", err.Path, err.Line, err.Why), Hint: "change it in an editor"}
	case *fileedit.InvalidError:
		return &editor.Problem{Message: err.Path + " is not valid now", Hint: "correct it in an editor first"}
	}
	return nil
}

// step returns the step that adds or changes a webhook.
func (d *draft) step(files *fileedit.Files, ask editor.Edit) (step fileedit.Step, problems []editor.Problem, err error) {
	var entry *yaml.Node
	name := ""
	switch {
	case ask.Action == editor.Change && len(ask.Names) != 1:
		return step, []editor.Problem{{Message: "name one webhook"}}, nil
	case ask.Action == editor.Change:
		name = ask.Names[0]
		if step.Path, err = files.Of(name); err != nil {
			return step, nil, notInFile(err)
		}
		text, err := files.Text(step.Path)
		if err != nil {
			return step, nil, err
		}
		if entry, _, err = fileedit.Entry(text, name); err != nil {
			return step, []editor.Problem{{Message: step.Path + " is not valid YAML now", Hint: "correct it in an editor first"}}, nil
		}
	}
	d.name = name
	for _, s := range ask.Set {
		if s.Key == "name" {
			d.name = strings.TrimSpace(s.Text + s.YAML)
		}
	}
	defaults, _ := fileedit.Defaults(mainText(files)) // a file that is not valid YAML was found above, or is by Change
	if d.changes, problems = d.settings(ask, entry, defaults); problems != nil {
		return step, problems, nil
	}
	if ask.Action == editor.Change {
		step.Do = func(doc edit.Document) (edit.Document, error) {
			return doc.EditWebhook(name, d.changes, config.WebhookKeys())
		}
		return step, nil, nil
	}
	step.Path, err = files.For(d.name, ask.File)
	switch err := err.(type) {
	case *fileedit.ExistsError:
		return step, []editor.Problem{{Key: "name", Message: fmt.Sprintf("there is a webhook %q already", d.name), Hint: "choose another name"}}, nil
	case *fileedit.InvalidError:
		return step, []editor.Problem{*cannotEdit(err)}, nil
	case error:
		return step, []editor.Problem{{Key: "file", Message: err.Error()}}, nil
	}
	step.Do = func(doc edit.Document) (edit.Document, error) {
		return doc.AddWebhook(d.changes, config.WebhookKeys())
	}
	return step, nil, nil
}

func mainText(files *fileedit.Files) []byte {
	text, _ := files.Text(files.Main) // it has been read
	return text
}
