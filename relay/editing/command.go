package editing

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sidehook/config/edit"
	"sidehook/config/mask"
	"sidehook/relay/console/editor"
	"sidehook/relay/shell"
)

// command returns the command that makes the same edit. A secret is a variable in it.
func (e *Editor) command(ask editor.Edit, d *draft) string {
	config := "--config " + shell.Quote(Absolute(e.relay.InForce().File.Path))
	switch ask.Action {
	case editor.Remove:
		lines := make([]string, len(ask.Names))
		for i, name := range ask.Names {
			lines[i] = "sidehook webhook remove " + shell.Quote(name) + " --yes " + config
		}
		return strings.Join(lines, "\n")
	case editor.Change:
		if word := switchWord(d.changes, ask); word != "" {
			return "sidehook webhook " + word + " " + shell.Quote(ask.Names[0]) + " " + config
		}
	}
	name := d.name
	parts := []string{config}
	if ask.Action == editor.Change {
		name = ask.Names[0]
		parts = append([]string{"sidehook webhook edit " + shell.Quote(name)}, parts...)
	} else {
		parts = append([]string{"sidehook webhook add " + shell.Quote(name)}, parts...)
		if ask.File != "" {
			parts = append(parts, "--file "+shell.Quote(ask.File))
		}
	}
	for _, c := range d.changes {
		if ask.Action == editor.Change || c.Path[0] != "name" {
			parts = append(parts, flags(c, ask)...)
		}
	}
	line := strings.Join(parts, " ")
	if len(line) > 90 {
		line = strings.Join(parts, " \\\n  ")
	}
	return line
}

// switchWord returns the command of its own for an edit that switches one thing, or "".
func switchWord(changes []edit.Change, ask editor.Edit) string {
	if len(changes) != 1 || ask.Secret.Mode != editor.Keep || changes[0].Value == nil || len(changes[0].Path) != 1 {
		return ""
	}
	switch changes[0].Path[0].(string) + "=" + changes[0].Value.Value {
	case "enabled=true":
		return "on"
	case "enabled=false":
		return "off"
	case "paused=true":
		return "pause"
	case "paused=false":
		return "resume"
	}
	return ""
}

// flags returns a change as flags of a command.
func flags(c edit.Change, ask editor.Edit) []string {
	key := c.Path[0].(string)
	path := key
	if len(c.Path) > 1 {
		path += "." + c.Path[1].(string)
	}
	if c.Value == nil {
		return []string{"--unset " + shell.Quote(path)}
	}
	if key == "secret" {
		switch ask.Secret.Mode {
		case editor.Generate:
			return []string{"--generate-secret"}
		case editor.Refer:
			return []string{"--secret " + shell.Quote(ask.Secret.Value)}
		}
		return []string{`--secret "$SECRET"`}
	}
	whole := c.Value
	if len(c.Path) > 1 {
		whole = edit.Mapping(c.Path[1].(string), c.Value)
	}
	hidden := mask.Key(key, whole).Hidden
	text := c.Value.Kind == yaml.ScalarNode && c.Value.ShortTag() == "!!str"
	single := func(flag string) []string {
		if hidden {
			return []string{flag + ` "$` + variable(path) + `"`}
		}
		return []string{flag + " " + shell.Quote(c.Value.Value)}
	}
	switch {
	case key == "url" && text, key == "description" && text && c.Value.Value != "":
		return single("--" + key)
	case key == "headers" && len(c.Path) > 1 && text && hidden:
		return []string{`--header ` + shell.Quote(c.Path[1].(string)+"=") + `"$` + variable(c.Path[1].(string)) + `"`}
	case key == "headers" && len(c.Path) > 1 && text:
		return []string{"--header " + shell.Quote(c.Path[1].(string)+"="+c.Value.Value)}
	case (key == "events" || key == "allow") && len(c.Path) == 1 && c.Value.Kind == yaml.SequenceNode && len(c.Value.Content) > 0 &&
		!slices.ContainsFunc(c.Value.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }):
		flag := map[string]string{"events": "--event ", "allow": "--allow "}[key]
		var list []string
		for _, n := range c.Value.Content {
			list = append(list, flag+shell.Quote(n.Value))
		}
		return list
	case hidden:
		return []string{"--set " + shell.Quote(path+"=") + `"$` + variable(path) + `"`}
	}
	return []string{"--set " + shell.Quote(path+"="+edit.Line(c.Value))}
}

// variable returns the name of a variable for a value that is not shown.
func variable(name string) string {
	name = strings.Trim(notInName.ReplaceAllString(strings.ToUpper(name), "_"), "_")
	if name == "" || name[0] <= '9' {
		return "SECRET"
	}
	return name
}

var notInName = regexp.MustCompile(`[^A-Z0-9]+`)
