package command

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
)

func (c *cli) webhookListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the webhooks and their states",
		Long: "Lists the webhooks of the running relay and their states. If the last edit of\n" +
			"webhooks.yaml was rejected, the errors follow.",
		Example: "  sidehook webhook list",
		Args:    noArgument,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listWebhooks(cmd.Context(), asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// webhook is a webhook with the part of its configuration that is printed.
type webhook struct {
	api.Webhook
	URL    string
	Events []string
}

func (c *cli) listWebhooks(ctx context.Context, asJSON bool) error {
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
	var active api.Config
	if err := relay.Get(ctx, api.ConfigPath, &active); err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	for _, p := range active.Errors() {
		list.Errors = append(list.Errors, p.String())
	}
	if asJSON {
		return c.printJSON(list)
	}
	hooks := make([]webhook, len(list.Webhooks))
	for i, raw := range list.Webhooks {
		if err := json.Unmarshal(raw, &hooks[i]); err != nil {
			return fmt.Errorf("list webhooks: read the answer: %w", err)
		}
	}
	c.printWebhooks(hooks)
	if len(hooks) == 0 {
		c.out.Linef("no webhooks in %s", active.Path)
	}
	if len(list.Errors) > 0 {
		c.out.Line()
		c.out.Line(c.out.Paint(terminal.Red, terminal.Clean("the last edit of "+active.Path+" was rejected; still using the previous configuration:")))
		for _, problem := range list.Errors {
			c.out.Linef("  %s", problem)
		}
	}
	return nil
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
	for i := range hooks {
		w := &hooks[i]
		cells := []terminal.Cell{terminal.Bold.Cell(w.Name), stateStyle(w.State).Cell(w.State)}
		for _, text := range []string{strings.Join(w.Events, ", "), w.URL, w.backlog(), w.success(), w.latency(), w.LastError} {
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

// success formats the share of attempts of the last hour that were delivered. It
// is rounded down, so 100% means all.
func (w *webhook) success() string {
	all := w.LastHour.Delivered + w.LastHour.Failed
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d%% of %d", 100*w.LastHour.Delivered/all, all)
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
