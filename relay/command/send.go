package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/history/event"
	"sidehook/relay/api"
)

type sendFlags struct {
	data, id, source, subject string
	json                      bool
}

func (c *cli) sendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send TYPE",
		Short: "Send an event to the running relay",
		Long: "Sends an event to the running relay, which adds what is missing: an id, the\n" +
			"time, and the configured source. When send succeeds, the event is on disk.",
		Example: "  sidehook send order.paid --data '{\"order\": 4711}'\n" +
			"  jq .order order.json | sidehook send order.paid --data -",
		Args: oneArgument("TYPE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range []string{"data", "id", "source"} {
				if given := cmd.Flags().Lookup(name); given.Changed && given.Value.String() == "" {
					return emptyArgument("--" + name)
				}
			}
			return c.send(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().StringVar(&f.data, "data", "", "the event's data: `JSON`, @FILE, or - for standard input")
	cmd.Flags().StringVar(&f.id, "id", "", "the event's `ID`")
	cmd.Flags().StringVar(&f.source, "source", "", "the event's source: a `URI` reference")
	cmd.Flags().StringVar(&f.subject, "subject", "", "the event's subject: any `TEXT`")
	jsonFlag(cmd, &f.json)
	return cmd
}

func (c *cli) send(ctx context.Context, typ string, f sendFlags) error {
	data, err := c.data(f.data)
	if err != nil {
		return err
	}
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	var accepted api.Receipt
	answer, err := relay.Post(ctx, api.EventsPath, json.RawMessage(f.event(typ, data)), &accepted)
	if err != nil {
		return fmt.Errorf("send %q: %w", typ, err)
	}
	if f.json {
		c.out.Write(answer)
		return nil
	}
	to := "for no webhook"
	if len(accepted.Webhooks) > 0 {
		to = "for " + strings.Join(accepted.Webhooks, ", ")
	}
	if accepted.Duplicate {
		c.out.Linef("%s was accepted before, %s; not sent again", accepted.ID, to)
		return nil
	}
	c.out.Linef("%s accepted, %s", accepted.ID, to)
	return nil
}

// data reads the value of --data, nil if it is not given.
func (c *cli) data(given string) ([]byte, error) {
	if given == "" {
		return nil, nil
	}
	data, from := []byte(given), "--data"
	var err error
	if path, ok := strings.CutPrefix(given, "@"); ok {
		from = path
		data, err = os.ReadFile(path)
	} else if given == "-" {
		from = "standard input"
		data, err = io.ReadAll(c.stdin)
	}
	if err != nil {
		return nil, fmt.Errorf("read --data: %w", err)
	}
	// The relay would name a position in the whole event, which nobody wrote.
	var value json.RawMessage
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, usagef("%s is not JSON: %v; quote a string twice: '\"text\"'", from, err)
	}
	return bytes.TrimSpace(data), nil
}

// event returns the event as JSON. The data keeps its text.
func (f *sendFlags) event(typ string, data []byte) []byte {
	body := event.AppendString([]byte(`{"type":`), typ)
	for _, member := range []struct{ name, value string }{{"id", f.id}, {"source", f.source}, {"subject", f.subject}} {
		if member.value != "" {
			body = append(body, `,"`+member.name+`":`...)
			body = event.AppendString(body, member.value)
		}
	}
	if data != nil {
		body = append(append(body, `,"data":`...), data...)
	}
	return append(body, '}')
}
