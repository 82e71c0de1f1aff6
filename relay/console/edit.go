package console

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sidehook/relay/console/editor"
)

// Editor changes webhooks in webhooks.yaml and its files of include. Nothing that it
// returns has a secret in it, but for one that Save has just made. Many may call it at
// once; edits wait for each other.
type Editor interface {
	// Writable returns why the relay may not write the file, nil if it may.
	Writable(ctx context.Context) error
	// Form returns a webhook as it stands in its file, or for "" an empty one;
	// *admin.NotFoundError.
	Form(ctx context.Context, name string) (*editor.Form, error)
	// Review returns what an edit would do. It writes nothing. *admin.NotFoundError for a
	// webhook that no file has.
	Review(ctx context.Context, edit editor.Edit) (*editor.Review, error)
	// Save makes an edit that was reviewed, if the files are still those of Edit.Base,
	// and returns once it is in force, or after 5 seconds. An edit that would not be
	// valid, or whose files have changed, is a *editor.ProblemsError, and then nothing was
	// written; *admin.NotFoundError as of Review.
	Save(ctx context.Context, edit editor.Edit) (*editor.Saved, error)
}

// addEditing adds the pages and changes of the editor.
func (h *Handler) addEditing() {
	h.routes = append(h.routes, route{"/new", h.editPage}, route{"/webhooks/{}/edit", h.editPage}, route{"/webhooks/{}/yaml", h.yamlPage})
	h.changes["review"] = reading(h.doReview)
	h.changes["save"] = reading(h.doSave)
	h.changes["ask-remove"] = reading(h.doAskRemove)
	h.changes["remove"] = reading(h.doRemove)
	h.changes["switch"] = reading(h.doSwitch)
}

// editing is the data of the page that edits a webhook.
type editing struct {
	*editor.Form
	Verb    string // Create or Save
	MayEdit bool
	Shown   []editor.Key // those that have no place of their own in the form
	Open    bool         // some of Shown are set
}

// own are the keys that have a place of their own in the form.
var own = []string{"name", "description", "url", "events", "secret", "headers"}

// editPage is the page of a new webhook, or of one that is there.
func (h *Handler) editPage(ctx context.Context, r *request, name string) (*page, error) {
	form, err := h.opts.Editor.Form(ctx, name)
	if err != nil {
		return nil, err
	}
	e := editing{Form: form, Verb: "Save", MayEdit: r.mayEdit}
	title := "Edit " + name
	if name == "" {
		e.Verb, title = "Create", "Create webhook"
	}
	for _, key := range form.Keys {
		if !slices.Contains(own, key.Name) {
			e.Shown = append(e.Shown, key)
			e.Open = e.Open || key.Origin == editor.FromEntry
		}
	}
	return &page{title: title, section: "/", view: "edit", data: e}, nil
}

// yamlPage is the entry of a webhook as it stands in the file.
func (h *Handler) yamlPage(ctx context.Context, _ *request, name string) (*page, error) {
	form, err := h.opts.Editor.Form(ctx, name)
	if err != nil {
		return nil, err
	}
	return &page{title: name + " as YAML", section: "/", view: "yaml", data: form}, nil
}

// fieldsBody is what a form sends: its fields by their names, each with all its values.
type fieldsBody struct {
	Webhook string        `json:"webhook"` // "": a new one
	Base    string        `json:"base"`
	Fields  editor.Fields `json:"fields"`
	// Reviewed is what the review of these very fields gave, to save them.
	Reviewed string `json:"reviewed,omitempty"`
}

// editOf returns the edit that a form asks for.
func (h *Handler) editOf(ctx context.Context, b *fieldsBody) (editor.Edit, error) {
	form, err := h.opts.Editor.Form(ctx, b.Webhook)
	if err != nil {
		return editor.Edit{}, err
	}
	if form.Base != b.Base {
		return editor.Edit{}, editor.Refuse(editor.Problem{Message: "the file has changed since this page was opened", Hint: "load the page again, so that nothing is overwritten"})
	}
	edit, problems := b.Fields.Edit(form)
	if problems != nil {
		return editor.Edit{}, editor.Refuse(problems...)
	}
	return edit, nil
}

// reviewed is the data of a review.
type reviewed struct {
	*editor.Review
	Verb     string
	Reviewed string   // of the fields
	Body     string   // of the change that removes
	Names    []string // of the webhooks that are removed
}

// doReview shows what the edit of a form would do.
func (h *Handler) doReview(ctx context.Context, b fieldsBody) (outcome, error) {
	edit, err := h.editOf(ctx, &b)
	if err != nil {
		return outcome{}, err
	}
	review, err := h.opts.Editor.Review(ctx, edit)
	if err != nil {
		return outcome{}, err
	}
	if len(review.Problems) > 0 {
		if len(review.Allow) > 0 {
			review.Problems = append(review.Problems, editor.Problem{Key: "allow", Message: "to reach an address on this machine or network, write [" + strings.Join(review.Allow, ", ") + "]"})
		}
		return outcome{}, editor.Refuse(review.Problems...)
	}
	data := reviewed{Review: review, Verb: "Save", Reviewed: review.Base + " " + b.Fields.Sum()}
	if b.Webhook == "" {
		data.Verb = "Create"
	}
	return h.shown("edit", "review", data)
}

// shown is the outcome that shows a part of a view.
func (h *Handler) shown(view, part string, data any) (outcome, error) {
	html, err := h.views.Render(view, part, data)
	return outcome{HTML: string(html)}, err
}

// doSave makes the edit of a form.
func (h *Handler) doSave(ctx context.Context, b fieldsBody) (outcome, error) {
	edit, err := h.editOf(ctx, &b)
	if err != nil {
		return outcome{}, err
	}
	base, sum, _ := strings.Cut(b.Reviewed, " ")
	if sum != b.Fields.Sum() {
		return outcome{}, editor.Refuse(editor.Problem{Message: "the form has changed since it was reviewed", Hint: "review it again"})
	}
	edit.Base = base
	return h.save(ctx, edit)
}

// save makes an edit, and says what came of it.
func (h *Handler) save(ctx context.Context, edit editor.Edit) (outcome, error) {
	saved, err := h.opts.Editor.Save(ctx, edit)
	if err != nil {
		return outcome{}, err
	}
	if saved.Secret == "" && saved.InForce {
		if saved.Name == "" {
			return outcome{Location: "/"}, nil
		}
		return outcome{Location: "/webhooks/" + saved.Name}, nil
	}
	return h.shown("edit", "saved", saved)
}

// removeBody names webhooks to remove.
type removeBody struct {
	Webhooks []string `json:"webhooks"`
	Base     string   `json:"base,omitempty"`
}

// doAskRemove shows what it would do to remove webhooks.
func (h *Handler) doAskRemove(ctx context.Context, b removeBody) (outcome, error) {
	review, err := h.opts.Editor.Review(ctx, editor.Edit{Action: editor.Remove, Names: b.Webhooks})
	if err != nil {
		return outcome{}, err
	}
	if len(review.Problems) > 0 {
		return outcome{}, editor.Refuse(review.Problems...)
	}
	b.Base = review.Base
	data := reviewed{Review: review, Verb: "Delete", Body: changeOf(b), Names: b.Webhooks}
	return h.shown("edit", "remove", data)
}

// doRemove removes webhooks.
func (h *Handler) doRemove(ctx context.Context, b removeBody) (outcome, error) {
	return h.save(ctx, editor.Edit{Action: editor.Remove, Names: b.Webhooks, Base: b.Base})
}

// switchBody asks for one switch of a webhook.
type switchBody struct {
	Webhook string `json:"webhook"`
	To      string `json:"to"` // on, off, pause or resume
}

// switches are the keys that the words of a switch set, and what a webhook then is.
var switches = map[string]struct{ key, value, done string }{
	"on": {"enabled", "true", "on"}, "off": {"enabled", "false", "off"}, "pause": {"paused", "true", "paused"}, "resume": {"paused", "false", "resumed"},
}

// doSwitch switches a webhook on or off, pauses or resumes it, in the file.
func (h *Handler) doSwitch(ctx context.Context, b switchBody) (outcome, error) {
	to, known := switches[b.To]
	if !known {
		return outcome{}, editor.Refuse(editor.Problem{Message: fmt.Sprintf("%q is not on, off, pause or resume", b.To)})
	}
	edit := editor.Edit{Action: editor.Change, Names: []string{b.Webhook}, Set: []editor.Setting{{Key: to.key, YAML: to.value}}}
	review, err := h.opts.Editor.Review(ctx, edit)
	if err != nil {
		return outcome{}, err
	}
	edit.Base = review.Base
	if len(review.Problems) > 0 {
		return outcome{}, editor.Refuse(review.Problems...)
	}
	saved, err := h.opts.Editor.Save(ctx, edit)
	switch {
	case err != nil:
		return outcome{}, err
	case len(saved.Files) == 0:
		return outcome{Message: fmt.Sprintf("%s is %s already.", b.Webhook, to.done)}, nil
	case !saved.InForce:
		return outcome{Message: fmt.Sprintf("Written to %s, but it is not in force yet.", saved.Files[0])}, nil
	}
	return outcome{Message: fmt.Sprintf("%s is %s.", b.Webhook, to.done)}, nil
}
