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

// sending is the flags of send.
type sending struct {
	data, id, source, subject string
	json                      bool
}

func (c *cli) sendCommand() *cobra.Command {
	var s sending
	cmd := &cobra.Command{
		Use:   "send TYPE",
		Short: "Post an event to the running relay",
		Long: "Posts an event to the running relay. What is not given the relay fills in: the\n" +
			"id, the time, and the source as configured. Once send ends, the event is on disk.",
		Example: "  sidehook send order.paid --data '{\"order\": 4711}'\n" +
			"  jq .order order.json | sidehook send order.paid --data -",
		Args: oneArgument("TYPE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range []string{"data", "id", "source"} {
				if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
					return usagef("--%s is empty: give one, or leave it out", name)
				}
			}
			return c.send(cmd.Context(), args[0], s)
		},
	}
	cmd.Flags().StringVar(&s.data, "data", "", "the event's data: `JSON`, @FILE, or - for what is piped in")
	cmd.Flags().StringVar(&s.id, "id", "", "the event's `ID`")
	cmd.Flags().StringVar(&s.source, "source", "", "where the event comes from: a `URI` reference")
	cmd.Flags().StringVar(&s.subject, "subject", "", "what the event is about: any `TEXT`")
	jsonFlag(cmd, &s.json)
	return cmd
}

func (c *cli) send(ctx context.Context, typ string, s sending) error {
	data, err := c.data(s.data)
	if err != nil {
		return err
	}
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	var accepted api.Receipt
	answer, err := relay.Post(ctx, api.EventsPath, json.RawMessage(s.event(typ, data)), &accepted)
	if err != nil {
		return fmt.Errorf("send %q: %w", typ, err)
	}
	if s.json {
		_, err := c.out.Write(answer)
		return err
	}
	to := "no webhook wants it"
	if len(accepted.Webhooks) > 0 {
		to = "for " + strings.Join(accepted.Webhooks, ", ")
	}
	if accepted.Duplicate {
		c.out.linef("%s was accepted before, %s; it is not sent again", accepted.ID, to)
		return nil
	}
	c.out.linef("%s accepted, %s", accepted.ID, to)
	return nil
}

// data reads what --data says, nil for nothing.
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
		from = "what is piped in"
		data, err = io.ReadAll(c.stdin)
	}
	if err != nil {
		return nil, fmt.Errorf("read --data: %w", err)
	}
	// The relay would refuse the whole, at a place that nobody wrote.
	var value json.RawMessage
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, usagef("%s is not JSON: %v; a text needs quotes of its own, as in '\"text\"'", from, err)
	}
	return bytes.TrimSpace(data), nil
}

// event puts the event together. The data goes in as it was written.
func (s *sending) event(typ string, data []byte) []byte {
	body := event.AppendString([]byte(`{"type":`), typ)
	for _, member := range []struct{ name, value string }{{"id", s.id}, {"source", s.source}, {"subject", s.subject}} {
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
