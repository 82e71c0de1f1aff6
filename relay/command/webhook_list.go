package command

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sidehook/relay/api"
)

// webhook is a webhook as it is printed, with what is shown of its configuration.
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
	if err := relay.Get(ctx, api.WebhooksPath, &list); err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	var inForce api.Config
	if err := relay.Get(ctx, api.ConfigPath, &inForce); err != nil {
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
	t := table{
		to: c.out, firm: []string{"NAME", "STATE", "BACKLOG", "LAST HOUR", "P50/P99"}, // a name is to be typed
		spare: []string{"P50/P99", "EVENTS", "URL", "LAST HOUR"}, last: 12,
	}
	for i := range hooks {
		w := &hooks[i]
		if i == 0 {
			t.hold(cell{"NAME", faint}, cell{"STATE", faint}, cell{"EVENTS", faint}, cell{"URL", faint},
				cell{"BACKLOG", faint}, cell{"LAST HOUR", faint}, cell{"P50/P99", faint}, cell{"LAST ERROR", faint})
		}
		t.hold(cell{w.Name, bold}, cell{w.State, stateStyle(w.State)}, cell{strings.Join(w.Events, ", "), normal}, cell{w.URL, normal},
			cell{w.waiting(), normal}, cell{w.success(), normal}, cell{w.pace(), normal}, cell{w.LastError, normal})
	}
	t.print()
	for i := range hooks {
		if w := &hooks[i]; w.Why != "" {
			c.out.linef("%s", w.where())
		}
	}
}

func stateStyle(state string) style {
	switch state {
	case "active":
		return green
	case "failing", "orphaned":
		return yellow
	case "disabled":
		return red
	}
	return faint
}

// waiting is the backlog: how many events, and for how long the oldest.
func (w *webhook) waiting() string {
	if w.Backlog.Events == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", w.Backlog.Events, span(time.Duration(w.Backlog.OldestSeconds*float64(time.Second))))
}

// pace is how long half of the attempts of the last hour, and all but a
// hundredth, took at most.
func (w *webhook) pace() string {
	if w.LastHour.P99 == 0 {
		return "-"
	}
	return millis(w.LastHour.P50) + "/" + millis(w.LastHour.P99)
}

// success is how much of the attempts of the last hour was delivered, rounded
// down, so that 100% is all of them.
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
