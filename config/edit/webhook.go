package edit

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// Webhook returns the place of a webhook in the list webhooks, -1 if none has the
// name.
func (d Document) Webhook(name string) int {
	list := d.Get("webhooks")
	if list == nil {
		return -1
	}
	for i := range list.Content {
		if n := child(list.Content[i], "name"); n != nil && n.Kind == yaml.ScalarNode && n.Value == name {
			return i
		}
	}
	return -1
}

// Webhooks returns the names of all webhooks, in their order.
func (d Document) Webhooks() []string {
	list := d.Get("webhooks")
	if list == nil {
		return nil
	}
	var names []string
	for i := range list.Content {
		if n := child(list.Content[i], "name"); n != nil {
			names = append(names, n.Value)
		}
	}
	return names
}

// Change gives a key of a webhook a value, or takes it away.
type Change struct {
	Path  Path       // within the webhook: timeout, or headers and X-Team
	Value *yaml.Node // nil takes the key away
}

// AddWebhook adds a webhook at the end of the list. order is the order of keys.
func (d Document) AddWebhook(changes []Change, order []string) (Document, error) {
	// The entry is put together as a document of its own, as all keys may be set twice.
	entry := Document{}
	for _, c := range changes {
		if c.Value == nil {
			continue
		}
		var err error
		if entry, err = entry.Set(c.Path, c.Value, order); err != nil {
			return Document{}, err
		}
	}
	return d.Append(Path{"webhooks"}, entry.root)
}

// EditWebhook makes changes to a webhook, one after the other. One that gives it
// another name writes the former one to was, so that what waits follows.
func (d Document) EditWebhook(name string, changes []Change, order []string) (Document, error) {
	i := d.Webhook(name)
	if i < 0 {
		return Document{}, fmt.Errorf("there is no webhook %q", name)
	}
	for _, c := range changes {
		path := append(Path{"webhooks", i}, c.Path...)
		var err error
		switch {
		case c.Value == nil:
			d, err = d.Unset(path)
		default:
			d, err = d.Set(path, c.Value, order)
		}
		if err == nil && len(c.Path) == 1 && c.Path[0] == "name" && c.Value != nil && c.Value.Value != name {
			d, err = d.Set(Path{"webhooks", i, "was"}, String(name), order)
		}
		if err != nil {
			return Document{}, err
		}
	}
	return d, nil
}

// RemoveWebhook takes a webhook out of the list.
func (d Document) RemoveWebhook(name string) (Document, error) {
	i := d.Webhook(name)
	if i < 0 {
		return Document{}, fmt.Errorf("there is no webhook %q", name)
	}
	return d.Remove(Path{"webhooks"}, i)
}
