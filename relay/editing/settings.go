package editing

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/config/mask"
	"sidehook/relay/console/editor"
	"sidehook/relay/fileedit"
	"sidehook/relay/sign"
)

// settings returns the changes of keys that an edit asks for, in the order of the manual.
func (d *draft) settings(ask editor.Edit, entry, defaults *yaml.Node) (list []edit.Change, problems []editor.Problem) {
	fail := func(key, message, hint string) {
		problems = append(problems, editor.Problem{Key: key, Message: message, Hint: hint})
	}
	order := config.WebhookKeys()
	set := slices.Clone(ask.Set)
	slices.SortStableFunc(set, func(a, b editor.Setting) int {
		return slices.Index(order, fmt.Sprint(fileedit.KeyPath(a.Key)[0])) - slices.Index(order, fmt.Sprint(fileedit.KeyPath(b.Key)[0]))
	})
	for _, s := range set {
		path := fileedit.KeyPath(s.Key)
		value, err := valueAsked(s)
		switch {
		case s.Key == "" || path[0] == "secret":
			fail(s.Key, "cannot be set here", "choose what becomes of the secret")
			continue
		case err != nil:
			fail(s.Key, "is not valid YAML: "+strings.TrimPrefix(err.Error(), "yaml: "), "")
			continue
		}
		if !keepHidden(value, currentOf(path, entry, defaults)) {
			fail(s.Key, "has *** in place of a secret that is not there", "write the value, or a reference such as ${NAME}")
			continue
		}
		list = append(list, edit.Change{Path: path, Value: value})
	}
	switch secret := ask.Secret; secret.Mode {
	case editor.Keep:
	case editor.Generate:
		d.secret = sign.GenerateSecret()
		list = append(list, edit.Change{Path: edit.Path{"secret"}, Value: edit.String(d.secret)})
	case editor.Refer:
		if !mask.IsReference(secret.Value) {
			fail("secret", "is not a reference", "write ${NAME}, ${file:PATH} or ${cred:NAME}")
		}
		list = append(list, edit.Change{Path: edit.Path{"secret"}, Value: edit.String(secret.Value)})
	case editor.Replace:
		if secret.Value == "" {
			fail("secret", "is empty", "write the secret, or choose to generate one")
		}
		list = append(list, edit.Change{Path: edit.Path{"secret"}, Value: edit.String(strings.ReplaceAll(secret.Value, "${", "$${"))})
	default:
		fail("secret", fmt.Sprintf("cannot be treated as %q says", secret.Mode), "")
	}
	for _, key := range ask.Unset {
		list = append(list, edit.Change{Path: fileedit.KeyPath(key)})
	}
	return list, problems
}

// valueAsked returns the value of a setting.
func valueAsked(s editor.Setting) (*yaml.Node, error) {
	switch {
	case s.YAML != "":
		return edit.Value(s.YAML)
	case s.List != nil:
		return edit.Strings(s.List...), nil
	}
	return edit.String(s.Text), nil
}

// shown is a value as it stands in the file, and as a form shows it.
type shownValue struct{ raw, masked *yaml.Node }

// currentOf returns the value that a form shows for a key.
func currentOf(path edit.Path, entry, defaults *yaml.Node) (v shownValue) {
	key := fmt.Sprint(path[0])
	if v.raw = valueOf(entry, key); v.raw == nil {
		v.raw = valueOf(defaults, key)
	}
	if v.raw == nil {
		return v
	}
	v.masked = mask.Key(key, v.raw).Node
	for _, step := range path[1:] {
		v = v.below(fmt.Sprint(step))
	}
	return v
}

func (v shownValue) below(key string) shownValue {
	return shownValue{valueOf(v.raw, key), valueOf(v.masked, key)}
}

// keepHidden replaces each *** in a value that was asked for by what it stands for. It
// returns false where nothing is hidden there.
func keepHidden(asked *yaml.Node, now shownValue) bool {
	if now.raw != nil && now.raw.Kind == yaml.AliasNode {
		now.raw = now.raw.Alias
	}
	switch asked.Kind {
	case yaml.ScalarNode:
		switch {
		case !strings.Contains(asked.Value, "***"):
			return true
		case now.raw == nil || now.masked == nil || now.raw.Kind != yaml.ScalarNode || now.masked.Value != asked.Value:
			return false
		}
		asked.Value, asked.Tag, asked.Style = now.raw.Value, now.raw.Tag, now.raw.Style&^yaml.LiteralStyle&^yaml.FoldedStyle
	case yaml.MappingNode:
		for i := 0; i+1 < len(asked.Content); i += 2 {
			if !keepHidden(asked.Content[i+1], now.below(asked.Content[i].Value)) {
				return false
			}
		}
	case yaml.SequenceNode:
		for i, item := range asked.Content {
			var at shownValue
			if now.raw != nil && now.masked != nil && now.raw.Kind == yaml.SequenceNode && i < len(now.raw.Content) && i < len(now.masked.Content) {
				at = shownValue{now.raw.Content[i], now.masked.Content[i]}
			}
			if !keepHidden(item, at) {
				return false
			}
		}
	}
	return true
}
