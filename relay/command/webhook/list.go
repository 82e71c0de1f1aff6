package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay/api"
	"sidehook/relay/command/names"
	"sidehook/relay/command/report"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

type listFlags struct {
	state, typ string
	json       bool
}

func (c commands) listCommand() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the webhooks and their states",
		Long: "Lists the webhooks of the running relay and their states. The last hour shows\n" +
			"which part of the deliveries that ended has arrived. What keeps events from\n" +
			"coming in follows, and the errors if the last edit of webhooks.yaml or of a file\n" +
			"of include was rejected.",
		Example: "  sidehook webhook list --state failing,throttled,disabled",
		Args:    usage.NoArgument,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listWebhooks(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.state, "state", "", "only webhooks in this `STATE`, or several with commas: "+usage.OneOf(api.WebhookStates()...))
	cmd.Flags().StringVar(&f.typ, "type", "", "only webhooks that ask for events of this `TYPE`, or of a glob such as 'order.*'")
	usage.JSONFlag(cmd, &f.json)
	return cmd
}

// matches reports whether the webhook is asked for.
func (f *listFlags) matches(w *report.Webhook) bool {
	wants := func(glob string) bool { return names.Overlap(glob, f.typ) }
	return (f.state == "" || slices.Contains(strings.Split(f.state, ","), w.State)) &&
		(f.typ == "" || slices.ContainsFunc(w.Events, wants))
}

func (c commands) listWebhooks(ctx context.Context, f listFlags) error {
	for state := range strings.SplitSeq(f.state, ",") {
		if f.state != "" {
			if err := usage.Known("state", state, api.WebhookStates()); err != nil {
				return err
			}
		}
	}
	if err := usage.CheckType(f.typ); err != nil {
		return err
	}
	relay, err := c.Relay(ctx)
	if err != nil {
		return err
	}
	var list struct {
		Webhooks []json.RawMessage `json:"webhooks"`
		Errors   []string          `json:"errors"`
		Troubles []string          `json:"troubles,omitempty"`
	}
	list.Errors = []string{}
	if err := relay.Get(ctx, api.WebhooksPath, &list); err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	active, err := relay.Config(ctx)
	if err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	list.Troubles = active.Troubles
	edit, included := active.Errors(), active.IncludedErrors()
	for _, p := range slices.Concat(edit, included) {
		list.Errors = append(list.Errors, config.Problem(p).String())
	}
	all := list.Webhooks
	list.Webhooks = []json.RawMessage{}
	var hooks []report.Webhook
	for _, raw := range all {
		var w report.Webhook
		if err := json.Unmarshal(raw, &w); err != nil {
			return fmt.Errorf("list webhooks: read the answer: %w", err)
		}
		if f.matches(&w) {
			list.Webhooks, hooks = append(list.Webhooks, raw), append(hooks, w)
		}
	}
	c.SayUnknownType(f.typ)
	if f.json {
		return c.Out.JSON(list)
	}
	report.PrintWebhooks(c.Out, hooks)
	switch {
	case len(all) == 0:
		c.Out.Linef("no webhooks in %s", active.Path)
	case len(hooks) == 0:
		c.Err.Noticef("none of %s matches", measure.Count(len(all), "webhook"))
	}
	for i, trouble := range active.Troubles {
		if i == 0 {
			c.Out.Line()
		}
		c.Out.Line(c.Out.Paint(terminal.Red, terminal.Clean(trouble)))
	}
	c.printErrors("the last edit of "+active.Path+" was rejected; still using the previous configuration:", edit)
	c.printErrors("files of include were rejected; each still has the webhooks that it had when it was last valid, if it ever was:", included)
	return nil
}

// printErrors prints errors of the configuration below a sentence, if there are any.
func (c commands) printErrors(sentence string, errors []api.ConfigProblem) {
	if len(errors) == 0 {
		return
	}
	c.Out.Line()
	c.Out.Line(c.Out.Paint(terminal.Red, terminal.Clean(sentence)))
	for _, problem := range errors {
		c.Out.Linef("  %s", config.Problem(problem))
	}
}
