package command

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (c *cli) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "webhook COMMAND",
		Short:   "The webhooks and where they stand",
		Example: "  sidehook webhook list",
	}
	var asJSON bool
	list := &cobra.Command{
		Use:   "list",
		Short: "A table of the webhooks",
		Long: "Asks the running relay for its webhooks and where each stands. If the last edit of\n" +
			"webhooks.yaml was refused, the reasons follow.",
		Example: "  sidehook webhook list",
		Args:    noArgument,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listWebhooks(cmd.Context(), asJSON) },
	}
	jsonFlag(list, &asJSON)
	cmd.AddCommand(list,
		c.actCommand("enable", "End an automatic disabling",
			"Takes up the backlog of a webhook that was disabled, because its receiver answered 410\nor failed for disable_after."),
		c.actCommand("retry", "Make what waits due now",
			"Makes all waiting deliveries of a webhook due now. One that is failing is probed at once,\nand one whose receiver asked to be left alone goes on."))
	return cmd
}

// actCommand is a command that has the running relay do something with a
// webhook.
func (c *cli) actCommand(name, short, long string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     name + " NAME",
		Short:   short,
		Long:    long,
		Example: "  sidehook webhook " + name + " app-lifecycle",
		Args:    oneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			relay, err := c.relay(cmd.Context())
			if err != nil {
				return err
			}
			answer, err := relay.call(cmd.Context(), http.MethodPost, "/v1/webhooks/"+url.PathEscape(args[0])+"/"+name, nil)
			if err != nil {
				return fmt.Errorf("%s %q: %w", name, args[0], err)
			}
			if asJSON {
				_, err := c.out.Write(answer)
				return err
			}
			var w webhook
			if err := json.Unmarshal(answer, &w); err != nil {
				return fmt.Errorf("%s %q: read the answer: %w", name, args[0], err)
			}
			c.out.linef("%s is %s; %d deliveries wait", w.Name, w.State, w.Backlog.Events)
			return nil
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// webhook is one as the relay tells of it.
type webhook struct {
	Name    string
	URL     string
	Events  []string
	State   string
	Since   time.Time
	Why     string
	Backlog struct {
		Events        int
		Bytes         int64
		OldestSeconds float64 `json:"oldest_seconds"`
	}
	LastHour  struct{ Delivered, Failed int } `json:"last_hour"`
	LastError string                          `json:"last_error"`
	Next      time.Time
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
	if err := relay.get(ctx, "/v1/webhooks", &list); err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	var inForce struct {
		Path   string
		Errors []string
	}
	if err := relay.get(ctx, "/v1/config", &inForce); err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	list.Errors = inForce.Errors
	if asJSON {
		return c.json(list)
	}
	if len(list.Webhooks) == 0 {
		c.out.linef("no webhooks are in %s", inForce.Path)
	}
	hooks := make([]webhook, len(list.Webhooks))
	for i, raw := range list.Webhooks {
		if err := json.Unmarshal(raw, &hooks[i]); err != nil {
			return fmt.Errorf("list webhooks: read the answer: %w", err)
		}
	}
	c.webhookTable(hooks)
	if len(list.Errors) > 0 {
		c.out.line()
		c.out.line(c.out.paint(red, clean("the last edit of "+inForce.Path+" was refused; what it said before is in force:")))
		for _, problem := range list.Errors {
			c.out.linef("  %s", problem)
		}
	}
	return nil
}

func (c *cli) webhookTable(hooks []webhook) {
	t := table{to: c.out}
	for i, w := range hooks {
		if i == 0 {
			t.hold(cell{"NAME", faint}, cell{"STATE", faint}, cell{"EVENTS", faint}, cell{"URL", faint},
				cell{"BACKLOG", faint}, cell{"LAST HOUR", faint}, cell{"LAST ERROR", faint})
		}
		events := strings.Join(w.Events, ", ")
		if c.out.terminal {
			events = cut(events, 32)
		}
		t.hold(cell{w.Name, bold}, cell{w.State, stateStyle(w.State)}, cell{events, normal}, cell{w.URL, normal},
			cell{w.waiting(), normal}, cell{w.success(), normal}, cell{w.LastError, normal})
	}
	t.print()
	for _, w := range hooks {
		if w.Why != "" {
			c.out.linef("%s", w.where())
		}
	}
}

func stateStyle(state string) style {
	switch state {
	case "active":
		return green
	case "failing":
		return yellow
	case "disabled":
		return red
	}
	return faint
}

// waiting is the backlog: how many events, and how long the oldest has waited.
func (w *webhook) waiting() string {
	if w.Backlog.Events == 0 {
		return "0"
	}
	oldest := time.Duration(w.Backlog.OldestSeconds * float64(time.Second))
	return fmt.Sprintf("%d (%s, oldest %s)", w.Backlog.Events, size(w.Backlog.Bytes), span(oldest))
}

// success is how much of what ended within the last hour was delivered.
func (w *webhook) success() string {
	all := w.LastHour.Delivered + w.LastHour.Failed
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d%% of %d", 100*w.LastHour.Delivered/all, all)
}

// where says in a sentence where a webhook stands, and what comes next.
func (w *webhook) where() string {
	text := fmt.Sprintf("%s is %s", w.Name, w.State)
	if !w.Since.IsZero() {
		text += " since " + local(w.Since, inTable)
	}
	if w.Why != "" {
		text += ": " + w.Why
	}
	if !w.Next.IsZero() {
		text += "; next attempt " + local(w.Next, inTable)
	}
	return text
}
