package command

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sidehook/config"
)

// canceling is the flags of cancel.
type canceling struct {
	webhook, typ, since, until string
	yes, json                  bool
}

func (c *cli) cancelCommand() *cobra.Command {
	var f canceling
	cmd := &cobra.Command{
		Use:   "cancel [EVENT-ID]",
		Short: "End deliveries that wait",
		Long: "Ends waiting deliveries, through the running relay: those of an event, of a webhook,\n" +
			"or of both. Requests under way end as they began. What was canceled stands in the\n" +
			"history and can be resent.",
		Example: "  sidehook cancel e65c1481-e8a-4be-a5ca-27dfcde077d7\n" +
			"  sidehook cancel --webhook app-lifecycle --since 24h",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return usagef("one EVENT-ID is taken, and %q is too many", args[1])
			case len(args) == 0 && f.webhook == "":
				return usagef("EVENT-ID or --webhook is missing")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.cancel(cmd.Context(), strings.Join(args, ""), f)
		},
	}
	cmd.Flags().StringVar(&f.webhook, "webhook", "", "only what waits for this `WEBHOOK`")
	cmd.Flags().StringVar(&f.typ, "type", "", "only events of this `TYPE`")
	cmd.Flags().StringVar(&f.since, "since", "", "only events accepted since this `TIME`: 24h or 30d (ago), or as in RFC 3339")
	cmd.Flags().StringVar(&f.until, "until", "", "only events accepted before this `TIME`")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask first")
	jsonFlag(cmd, &f.json)
	return cmd
}

func (c *cli) cancel(ctx context.Context, id string, f canceling) error {
	order := map[string]string{"event": id, "webhook": f.webhook, "type": f.typ}
	for name, text := range map[string]string{"since": f.since, "until": f.until} {
		at, err := moment(text, time.Now())
		if err != nil {
			return usagef("--%s: %s", name, err)
		}
		order[name] = at
	}
	if id == "" && !f.yes && !c.agrees("End all that waits for "+f.webhook+" and matches? [y/N] ") {
		return fmt.Errorf("nothing was canceled")
	}
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	answer, err := relay.call(ctx, http.MethodPost, "/v1/cancel", body)
	if err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	if f.json {
		_, err := c.out.Write(answer)
		return err
	}
	var ended struct{ Canceled int }
	if err := json.Unmarshal(answer, &ended); err != nil {
		return fmt.Errorf("cancel: read the answer: %w", err)
	}
	switch ended.Canceled {
	case 0:
		c.out.linef("nothing that matches waits")
	case 1:
		c.out.linef("1 delivery canceled")
	default:
		c.out.linef("%d deliveries canceled", ended.Canceled)
	}
	return nil
}

// moment reads a time, or how long ago it was, into RFC 3339; "" stays "".
func moment(text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.Format(time.RFC3339Nano), nil
	}
	if ago, ok := config.ParseDuration(text); ok {
		return now.Add(-ago).UTC().Format(time.RFC3339Nano), nil
	}
	return "", fmt.Errorf("%q is neither a time as in RFC 3339, such as 2026-11-23T14:55:00Z, nor a duration, such as 24h or 30d", text)
}

// agrees asks on a terminal. Where nobody can be asked, who called has agreed.
func (c *cli) agrees(question string) bool {
	if !c.canAsk() {
		return true
	}
	fmt.Fprint(c.err, clean(question))
	answer, err := bufio.NewReader(c.stdin).ReadString('\n')
	if err != nil {
		fmt.Fprintln(c.err) // nobody has ended the line
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// canAsk says whether somebody is there to be asked.
func (c *cli) canAsk() bool {
	in, ok := c.stdin.(*os.File)
	return ok && c.err.terminal && term.IsTerminal(int(in.Fd()))
}
