package fileedit

import (
	"errors"
	"fmt"
	"os"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/relay/command/usage"
)

// Add adds a webhook.
func (e *Editor) Add(name string, f *Flags) error {
	changes, secret, err := f.changes()
	if err != nil {
		return err
	}
	changes = append([]edit.Change{{Path: edit.Path{"name"}, Value: edit.String(name)}}, changes...)
	files, path, err := e.openFor(name, f.File)
	if err != nil {
		return err
	}
	err = e.edit(files, path, name+" added to %s", func(d edit.Document) (edit.Document, error) {
		if err := e.keepSecret(f, secret); err != nil {
			return d, err
		}
		return d.AddWebhook(changes, config.WebhookKeys())
	})
	return e.sayOrTakeBack(f, secret, err)
}

// Change changes keys of a webhook.
func (e *Editor) Change(name string, f *Flags) error {
	changes, secret, err := f.changes()
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		return usage.Missing("what to change, such as --set timeout=30s")
	}
	files, path, err := e.openOf(name)
	if err != nil {
		return err
	}
	err = e.edit(files, path, name+" changed in %s", func(d edit.Document) (edit.Document, error) {
		if err := e.keepSecret(f, secret); err != nil {
			return d, err
		}
		return d.EditWebhook(name, changes, config.WebhookKeys())
	})
	return e.sayOrTakeBack(f, secret, err)
}

// Remove removes a webhook.
func (e *Editor) Remove(name string) error {
	files, path, err := e.openOf(name)
	if err != nil {
		return err
	}
	return e.edit(files, path, name+" removed from %s", func(d edit.Document) (edit.Document, error) {
		return d.RemoveWebhook(name)
	})
}

// Switch sets one key that is true or false. done says what the webhook is then.
func (e *Editor) Switch(name, key, value, done string) error {
	files, path, err := e.openOf(name)
	if err != nil {
		return err
	}
	return e.edit(files, path, name+" is "+done+" in %s", func(d edit.Document) (edit.Document, error) {
		if files.Says(name, key, value) {
			return d, nil
		}
		v, err := edit.Value(value)
		if err != nil {
			return d, err
		}
		return d.EditWebhook(name, []edit.Change{{Path: edit.Path{key}, Value: v}}, config.WebhookKeys())
	})
}

// keepSecret writes a generated secret to its file, which must be new.
func (e *Editor) keepSecret(f *Flags, secret string) error {
	if f.secretFile == "" || e.DryRun {
		return nil
	}
	file, err := os.OpenFile(f.secretFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s is there already, and a secret is never overwritten; name another --secret-file", f.secretFile)
		}
		return err
	}
	_, err = file.WriteString(secret + "\n")
	return errors.Join(err, file.Close())
}

// sayOrTakeBack prints a secret that was generated and is in no file of its own,
// or removes its file if the edit failed.
func (e *Editor) sayOrTakeBack(f *Flags, secret string, err error) error {
	switch {
	case secret == "" || e.DryRun:
	case err != nil && f.secretFile != "" && !errors.Is(err, os.ErrExist):
		if text, read := os.ReadFile(f.secretFile); read == nil && string(text) == secret+"\n" {
			return errors.Join(err, os.Remove(f.secretFile))
		}
	case err == nil && f.secretFile == "":
		e.Out.Linef("its secret, for the receiver: %s", secret)
	case err == nil:
		e.Out.Linef("its secret is in %s", f.secretFile)
	}
	return err
}
