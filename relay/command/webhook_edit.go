package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/relay/command/usage"
	"sidehook/relay/sign"
)

// webhookFlags are the keys of a webhook as flags.
type webhookFlags struct {
	url, description, secret, secretFile string
	file                                 string // of include, for add
	events, headers, match, allow        []string
	set, unset                           []string
	generate, dryRun                     bool
}

func (f *webhookFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "url", "", "the receiver's `URL`")
	flags.StringArrayVar(&f.events, "event", nil, "a `TYPE` or glob that it wants; repeat it. They replace the list")
	flags.StringVar(&f.description, "description", "", "any `TEXT`")
	flags.StringVar(&f.secret, "secret", "", "the secret, or better a reference to it: ${NAME} or ${file:PATH}")
	flags.BoolVar(&f.generate, "generate-secret", false, "make a secret and print it once")
	flags.StringVar(&f.secretFile, "secret-file", "", "write the generated secret to this new `FILE` instead of webhooks.yaml")
	flags.StringArrayVar(&f.headers, "header", nil, "a header of each request, as `NAME=VALUE`; repeat it")
	flags.StringArrayVar(&f.match, "match", nil, "an attribute that events must have, as `NAME=VALUE`; repeat it. They replace match")
	flags.StringSliceVar(&f.allow, "allow", nil, "rules to lift: http, any-host, short-secret or a `CIDR`")
	flags.StringArrayVar(&f.set, "set", nil, "any other key, as `KEY=YAML`; repeat it")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would change in the file, and change nothing")
}

func (c *cli) webhookAddCommand() *cobra.Command {
	var f webhookFlags
	cmd := &cobra.Command{
		Use:   "add NAME --url URL --event TYPE",
		Short: "Add a webhook to webhooks.yaml",
		Long: "Adds a webhook to webhooks.yaml. All else in the file stays as it is, byte for\n" +
			"byte. A running relay uses the new webhook within a second or two.",
		Example: "  sidehook webhook add crm --url https://crm.example.com/hooks \\\n" +
			"    --event 'order.*' --generate-secret\n" +
			"  sidehook webhook add dev --url http://localhost:9000/ --event '**' \\\n" +
			"    --allow http,any-host,127.0.0.0/8 --set 'retry=[1s, 5s]'",
		Args: usage.OneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.url == "" {
				return usage.Missing("--url")
			}
			if len(f.events) == 0 {
				return usage.Missing("--event")
			}
			return c.addWebhook(args[0], &f)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.file, "file", "", "add it to this `FILE` of include, which is made if need be")
	return cmd
}

func (c *cli) webhookEditCommand() *cobra.Command {
	var f webhookFlags
	cmd := &cobra.Command{
		Use:   "edit NAME",
		Short: "Change a webhook in webhooks.yaml",
		Long: "Changes keys of a webhook in webhooks.yaml. All else in the file stays as it is,\n" +
			"byte for byte. --set name=NEW renames it: what waits follows to the new name.",
		Example: "  sidehook webhook edit crm --set timeout=30s --unset description\n" +
			"  sidehook webhook edit crm --header X-Team=sales --dry-run",
		Args: usage.OneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.editWebhook(args[0], &f, cmd.Flags().Changed)
		},
	}
	f.add(cmd)
	cmd.Flags().StringArrayVar(&f.unset, "unset", nil, "take this `KEY` away, such as timeout or headers.X-Team; repeat it")
	return cmd
}

func (c *cli) webhookRemoveCommand() *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a webhook from webhooks.yaml",
		Long: "Removes a webhook from webhooks.yaml. Deliveries that wait for it are kept for\n" +
			"24h in case it comes back, and then end as canceled.",
		Example: "  sidehook webhook remove crm --yes",
		Args:    usage.OneArgument("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			if !yes && !dryRun {
				question := fmt.Sprintf("Remove the webhook %s from the file?", name)
				switch {
				case !c.err.CanAsk(c.stdin):
					return usage.Errorf("remove %s? not a terminal: add --yes to confirm", name)
				case !c.err.Confirm(c.stdin, question):
					return errors.New("nothing was removed")
				}
			}
			t, err := c.fileOf(name)
			if err != nil {
				return err
			}
			return c.edit(t, dryRun, name+" removed from %s", func(d edit.Document) (edit.Document, error) {
				return d.RemoveWebhook(name)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would change in the file, and change nothing")
	return cmd
}

// webhookSwitchCommand is a command that sets one key that is true or false.
func (c *cli) webhookSwitchCommand(name, key, value, short, long, done string) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:     name + " NAME",
		Short:   short,
		Long:    long,
		Example: "  sidehook webhook " + name + " crm",
		Args:    usage.OneArgument("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			t, err := c.fileOf(args[0])
			if err != nil {
				return err
			}
			return c.edit(t, dryRun, args[0]+" is "+done+" in %s", func(d edit.Document) (edit.Document, error) {
				if t.says(args[0], key, value) {
					return d, nil
				}
				v, err := edit.Value(value)
				if err != nil {
					return d, err
				}
				return d.EditWebhook(args[0], []edit.Change{{Path: edit.Path{key}, Value: v}}, config.WebhookKeys())
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would change in the file, and change nothing")
	return cmd
}

// says reports whether the file, as it is, gives a webhook that value of enabled
// or paused already, be it by default.
func (t *target) says(name, key, value string) bool {
	file := t.now.File
	if file == nil {
		return false
	}
	i := slices.IndexFunc(file.Webhooks, func(w *config.Webhook) bool { return w.Name == name })
	if i < 0 {
		return false
	}
	now := file.Webhooks[i].Enabled
	if key == "paused" {
		now = file.Webhooks[i].Paused
	}
	return fmt.Sprint(now) == value
}

func (c *cli) addWebhook(name string, f *webhookFlags) error {
	changes, secret, err := f.changes()
	if err != nil {
		return err
	}
	changes = append([]edit.Change{{Path: edit.Path{"name"}, Value: edit.String(name)}}, changes...)
	t, err := c.fileFor(name, f.file)
	if err != nil {
		return err
	}
	err = c.edit(t, f.dryRun, name+" added to %s", func(d edit.Document) (edit.Document, error) {
		if err := f.keepSecret(secret); err != nil {
			return d, err
		}
		return d.AddWebhook(changes, config.WebhookKeys())
	})
	return c.sayOrTakeBack(f, secret, err)
}

func (c *cli) editWebhook(name string, f *webhookFlags, changed func(string) bool) error {
	changes, secret, err := f.changes()
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		return usage.Missing("what to change, such as --set timeout=30s")
	}
	t, err := c.fileOf(name)
	if err != nil {
		return err
	}
	err = c.edit(t, f.dryRun, name+" changed in %s", func(d edit.Document) (edit.Document, error) {
		if err := f.keepSecret(secret); err != nil {
			return d, err
		}
		return d.EditWebhook(name, changes, config.WebhookKeys())
	})
	return c.sayOrTakeBack(f, secret, err)
}

// keepSecret writes a generated secret to its file, which must be new.
func (f *webhookFlags) keepSecret(secret string) error {
	if f.secretFile == "" || f.dryRun {
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
func (c *cli) sayOrTakeBack(f *webhookFlags, secret string, err error) error {
	switch {
	case secret == "" || f.dryRun:
	case err != nil && f.secretFile != "" && !errors.Is(err, os.ErrExist):
		if text, read := os.ReadFile(f.secretFile); read == nil && string(text) == secret+"\n" {
			return errors.Join(err, os.Remove(f.secretFile))
		}
	case err == nil && f.secretFile == "":
		c.out.Linef("its secret, for the receiver: %s", secret)
	case err == nil:
		c.out.Linef("its secret is in %s", f.secretFile)
	}
	return err
}

// changes returns what the flags say, and the secret if one is generated.
func (f *webhookFlags) changes() (list []edit.Change, secret string, err error) {
	set := func(value *yaml.Node, path ...any) { list = append(list, edit.Change{Path: path, Value: value}) }
	if f.secret != "" && (f.generate || f.secretFile != "") {
		return nil, "", usage.Together("--secret", "--generate-secret")
	}
	if f.description != "" {
		set(edit.String(f.description), "description")
	}
	if f.url != "" {
		set(edit.String(f.url), "url")
	}
	if len(f.events) > 0 {
		set(edit.Strings(f.events...), "events")
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
		name, value, ok := cutHeader(header)
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
		set(node, pathOf(key)...)
	}
	for _, key := range f.unset {
		set(nil, pathOf(key)...)
	}
	return list, secret, nil
}

// pathOf reads the name of a key, or of one within a key, such as headers.X-Team.
func pathOf(key string) edit.Path {
	outer, inner, nested := strings.Cut(key, ".")
	if !nested {
		return edit.Path{key}
	}
	return edit.Path{outer, inner}
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
