package fileedit

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"sidehook/config/edit"
	"sidehook/relay/command/usage"
	"sidehook/relay/fileedit"
	"sidehook/relay/sign"
)

// Flags are the keys of a webhook as flags.
type Flags struct {
	URL, description, secret, secretFile string
	File                                 string // of include, for add
	Events, headers, match, allow        []string
	set, Unset                           []string
	generate                             bool
}

// Add declares the flags that adding and changing a webhook have.
func (f *Flags) Add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.URL, "url", "", "the receiver's `URL`")
	flags.StringArrayVar(&f.Events, "event", nil, "a `TYPE` or glob that it wants; repeat it. They replace the list")
	flags.StringVar(&f.description, "description", "", "any `TEXT`")
	flags.StringVar(&f.secret, "secret", "", "the secret, or better a reference to it: ${NAME} or ${file:PATH}")
	flags.BoolVar(&f.generate, "generate-secret", false, "make a secret and print it once")
	flags.StringVar(&f.secretFile, "secret-file", "", "write the generated secret to this new `FILE` instead of webhooks.yaml")
	flags.StringArrayVar(&f.headers, "header", nil, "a header of each request, as `NAME=VALUE`; repeat it")
	flags.StringArrayVar(&f.match, "match", nil, "an attribute that events must have, as `NAME=VALUE`; repeat it. They replace match")
	flags.StringSliceVar(&f.allow, "allow", nil, "rules to lift: http, any-host, short-secret or a `CIDR`")
	flags.StringArrayVar(&f.set, "set", nil, "any other key, as `KEY=YAML`; repeat it")
}

// changes returns what the flags say, and the secret if one is generated.
func (f *Flags) changes() (list []edit.Change, secret string, err error) {
	set := func(value *yaml.Node, path ...any) { list = append(list, edit.Change{Path: path, Value: value}) }
	if f.secret != "" && (f.generate || f.secretFile != "") {
		return nil, "", usage.Together("--secret", "--generate-secret")
	}
	if f.description != "" {
		set(edit.String(f.description), "description")
	}
	if f.URL != "" {
		set(edit.String(f.URL), "url")
	}
	if len(f.Events) > 0 {
		set(edit.Strings(f.Events...), "events")
	}
	if len(f.match) > 0 {
		value, err := matchValue(f.match)
		if err != nil {
			return nil, "", err
		}
		set(value, "match")
	}
	switch {
	case f.secret != "":
		set(edit.String(f.secret), "secret")
	case f.secretFile != "":
		absolute, err := filepath.Abs(f.secretFile)
		if err != nil {
			return nil, "", err
		}
		secret = sign.GenerateSecret()
		set(edit.String("${file:"+absolute+"}"), "secret")
	case f.generate:
		secret = sign.GenerateSecret()
		set(edit.String(secret), "secret")
	}
	for _, header := range f.headers {
		name, value, ok := usage.CutHeader(header)
		if !ok {
			return nil, "", usage.Errorf("--header must be NAME=VALUE, not %q", header)
		}
		set(edit.String(value), "headers", name)
	}
	if len(f.allow) > 0 {
		set(edit.Strings(f.allow...), "allow")
	}
	for _, text := range f.set {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, "", usage.Errorf("--set must be KEY=YAML, such as timeout=30s, not %q", text)
		}
		node, err := edit.Value(value)
		if err != nil {
			return nil, "", usage.Errorf("--set %s: the value is not valid YAML: %s", key, strings.TrimPrefix(err.Error(), "yaml: "))
		}
		set(node, fileedit.KeyPath(key)...)
	}
	for _, key := range f.Unset {
		set(nil, fileedit.KeyPath(key)...)
	}
	return list, secret, nil
}

// matchValue returns match as the flags give it. An attribute that is given twice
// may have either value.
func matchValue(list []string) (*yaml.Node, error) {
	var names []string
	values := map[string][]string{}
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, usage.Errorf("--match must be NAME=VALUE, such as tenant=acme, not %q", text)
		}
		if values[name] == nil {
			names = append(names, name)
		}
		values[name] = append(values[name], value)
	}
	match := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	for _, name := range names {
		value := edit.Strings(values[name]...)
		if len(values[name]) == 1 {
			value = edit.String(values[name][0])
		}
		match.Content = append(match.Content, edit.String(name), value)
	}
	return match, nil
}
