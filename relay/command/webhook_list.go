package command

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/names"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
)

type webhookListFlags struct {
	state, typ string
	json       bool
}

func (c *cli) webhookListCommand() *cobra.Command {
	var f webhookListFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the webhooks and their states",
		Long: "Lists the webhooks of the running relay and their states. The last hour shows\n" +
			"which part of the deliveries that ended has arrived. If the last edit of\n" +
			"webhooks.yaml or of a file of include was rejected, the errors follow.",
		Example: "  sidehook webhook list --state failing,throttled,disabled",
		Args:    usage.NoArgument,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listWebhooks(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.state, "state", "", "only webhooks in this `STATE`, or several with commas: "+usage.OneOf(api.WebhookStates()...))
	cmd.Flags().StringVar(&f.typ, "type", "", "only webhooks that ask for events of this `TYPE`, or of a glob such as 'order.*'")
	usage.JSONFlag(cmd, &f.json)
	return cmd
}

// webhook is a webhook with the part of its configuration that is printed.
type webhook struct {
	api.Webhook
	URL    string
	Events []string
}

// matches reports whether the webhook is asked for.
func (f *webhookListFlags) matches(w *webhook) bool {
	wants := func(glob string) bool { return names.Overlap(glob, f.typ) }
	return (f.state == "" || slices.Contains(strings.Split(f.state, ","), w.State)) &&
		(f.typ == "" || slices.ContainsFunc(w.Events, wants))
}

func (c *cli) listWebhooks(ctx context.Context, f webhookListFlags) error {
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
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	var list struct {
		Webhooks []json.RawMessage `json:"webhooks"`
		Errors   []string          `json:"errors"`
	}
	list.Errors = []string{}
	if err := relay.Get(ctx, api.WebhooksPath, &list); err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	active, err := relay.Config(ctx)
	if err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	edit, included := active.Errors(), active.IncludedErrors()
	for _, p := range slices.Concat(edit, included) {
		list.Errors = append(list.Errors, p.String())
	}
	all := list.Webhooks
	list.Webhooks = []json.RawMessage{}
	var hooks []webhook
	for _, raw := range all {
		var w webhook
		if err := json.Unmarshal(raw, &w); err != nil {
			return fmt.Errorf("list webhooks: read the answer: %w", err)
		}
		if f.matches(&w) {
			list.Webhooks, hooks = append(list.Webhooks, raw), append(hooks, w)
		}
	}
	c.sayUnknownType(f.typ)
	if f.json {
		return c.printJSON(list)
	}
	c.printWebhooks(hooks)
	switch {
	case len(all) == 0:
		c.out.Linef("no webhooks in %s", active.Path)
	case len(hooks) == 0:
		c.notice("none of %s matches", terminal.Count(len(all), "webhook"))
	}
	c.printErrors("the last edit of "+active.Path+" was rejected; still using the previous configuration:", edit)
	c.printErrors("files of include were rejected; each still has the webhooks that it had when it was last valid, if it ever was:", included)
	return nil
}

// printErrors prints errors of the configuration below a sentence, if there are any.
func (c *cli) printErrors(sentence string, errors []api.ConfigProblem) {
	if len(errors) == 0 {
		return
	}
	c.out.Line()
	c.out.Line(c.out.Paint(terminal.Red, terminal.Clean(sentence)))
	for _, problem := range errors {
		c.out.Linef("  %s", problem.String())
	}
}

// printWebhooks prints a table, and a sentence for each webhook that needs one.
func (c *cli) printWebhooks(hooks []webhook) {
	t := terminal.Table{
		To: c.out, Wide: []string{"NAME", "STATE", "BACKLOG", "LAST HOUR", "P50/P99"}, // people type names
		Optional: []string{"P50/P99", "EVENTS", "URL", "LAST HOUR"}, MinLast: 12,
	}
	if len(hooks) > 0 {
		t.Add(terminal.Heads("NAME", "STATE", "EVENTS", "URL", "BACKLOG", "LAST HOUR", "P50/P99", "LAST ERROR")...)
	}
	now := time.Now()
	for i := range hooks {
		w := &hooks[i]
		cells := []terminal.Cell{terminal.Bold.Cell(w.Name), stateStyle(w.State).Cell(w.State)}
		for _, text := range []string{strings.Join(w.Events, ", "), w.URL, w.backlog(), w.success(), w.latency(), w.lastError(now)} {
			cells = append(cells, terminal.Normal.Cell(text))
		}
		t.Add(cells...)
	}
	t.Print()
	for i := range hooks {
		if w := &hooks[i]; w.Why != "" {
			c.out.Linef("%s is %s", w.Name, w.summary())
		}
	}
}

func stateStyle(state string) terminal.Style {
	switch state {
	case "active":
		return terminal.Green
	case "failing", "throttled", "orphaned":
		return terminal.Yellow
	case "disabled":
		return terminal.Red
	}
	return terminal.Faint
}

// backlog formats how many events wait, and for how long the oldest.
func (w *webhook) backlog() string {
	if w.Backlog.Events == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", w.Backlog.Events, terminal.Span(time.Duration(w.Backlog.OldestSeconds*float64(time.Second))))
}

// latency formats the percentiles of the last hour.
func (w *webhook) latency() string {
	if w.LastHour.P99 == 0 {
		return "-"
	}
	return terminal.Millis(w.LastHour.P50) + "/" + terminal.Millis(w.LastHour.P99)
}

// success formats which part of the deliveries that ended in the last hour arrived.
// It is rounded down, so 100% means all.
func (w *webhook) success() string {
	rate := w.LastHour.SuccessRate()
	if rate == nil {
		return "-"
	}
	return fmt.Sprintf("%d%% of %d", int(*rate*100), w.LastHour.Delivered+w.LastHour.GivenUp)
}

// lastError formats the newest error and its age.
func (w *webhook) lastError(now time.Time) string {
	if w.LastError == "" || w.LastErrorAt.IsZero() {
		return w.LastError
	}
	return terminal.Span(now.Sub(w.LastErrorAt)) + " ago: " + w.LastError
}

// summary returns the state of a webhook, why, and when the next attempt comes.
func (w *webhook) summary() string {
	text := w.State
	if !w.Since.IsZero() {
		text += " since " + terminal.Local(w.Since, terminal.ZonedTime)
	}
	if w.Why != "" {
		text += ": " + w.Why
	}
	if !w.Next.IsZero() {
		text += "; next attempt " + terminal.Local(w.Next, terminal.ZonedTime)
	}
	return text
}
