package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/command/ndjson"
	"sidehook/relay/command/report"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
)

type sendFlags struct {
	data, id, source, subject string
	attributes                []string // NAME=VALUE
	lines                     string   // --ndjson
	wait, json                bool
}

// longestWait is how long the relay holds its answer back.
const longestWait = 30 * time.Second

// patience returns how long the answer may be held back.
func (f *sendFlags) patience() time.Duration {
	if f.wait {
		return longestWait
	}
	return 0
}

func (c *commands) sendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send TYPE",
		Short: "Send events to the running relay",
		Long: "Sends an event to the running relay, which adds what is missing: an id, the\n" +
			"time, and the configured source. When send succeeds, the event is on disk.\n" +
			"--ndjson sends many events, each a line of JSON with its own type.",
		Example: "  sidehook send order.paid --data '{\"order\": 4711}' --wait\n" +
			"  jq .order order.json | sidehook send order.paid --data -\n" +
			"  sidehook send order.paid --attr tenant=acme --attr partitionkey=4711\n" +
			"  sidehook send --ndjson @events.ndjson",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && f.lines == "" {
				return usage.Missing("TYPE")
			}
			return usage.AtMostOne("TYPE", args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range []string{"data", "id", "source", "ndjson"} {
				if given := cmd.Flags().Lookup(name); given.Changed && given.Value.String() == "" {
					return usage.EmptyArgument("--" + name)
				}
			}
			if f.lines == "" {
				return c.send(cmd.Context(), args[0], f)
			}
			for _, name := range []string{"data", "id", "source", "subject", "attr"} {
				if cmd.Flags().Changed(name) {
					return usage.Together("--ndjson", "--"+name)
				}
			}
			if len(args) > 0 {
				return usage.Together("TYPE", "--ndjson")
			}
			return c.sendLines(cmd.Context(), f)
		},
	}
	cmd.Flags().StringVar(&f.data, "data", "", "the event's data: `JSON`, @FILE, or - for standard input")
	cmd.Flags().StringVar(&f.id, "id", "", "the event's `ID`")
	cmd.Flags().StringVar(&f.source, "source", "", "the event's source: a `URI` reference")
	cmd.Flags().StringVar(&f.subject, "subject", "", "the event's subject: any `TEXT`")
	cmd.Flags().StringArrayVar(&f.attributes, "attr", nil, "another attribute of the event, as `NAME=VALUE`; repeat it")
	cmd.Flags().StringVar(&f.lines, "ndjson", "", "send the events of `@FILE`, or of standard input if it is -, each a line of JSON")
	cmd.Flags().BoolVar(&f.wait, "wait", false, "wait for the first attempts, at most 30s, and print their outcomes")
	usage.JSONFlag(cmd, &f.json)
	return cmd
}

func (c *commands) send(ctx context.Context, typ string, f sendFlags) error {
	data, err := c.data(f.data)
	if err != nil {
		return err
	}
	event, err := f.event(typ, data)
	if err != nil {
		return err
	}
	relay, err := c.Relay(ctx)
	if err != nil {
		return err
	}
	accepted, answer, err := relay.Send(ctx, event, f.patience())
	if err != nil {
		return fmt.Errorf("send %q: %w", typ, err)
	}
	if f.json {
		c.Out.Write(answer)
		return nil
	}
	to := "for no webhook"
	if len(accepted.Webhooks) > 0 {
		to = "for " + strings.Join(accepted.Webhooks, ", ")
	}
	if accepted.Duplicate {
		c.Out.Linef("%s was accepted before, %s; not sent again", accepted.ID, to)
	} else if accepted.Spooled {
		c.Out.Linef("%s accepted on this host while the database is away, %s", accepted.ID, to)
	} else {
		c.Out.Linef("%s accepted, %s", accepted.ID, to)
	}
	c.printOutcomes(accepted.Deliveries)
	return nil
}

// printOutcomes prints what became of the deliveries of an event so far.
func (c *commands) printOutcomes(deliveries []api.DeliveryStatus) {
	t := terminal.Table{To: c.Out}
	for _, d := range deliveries {
		code := ""
		if d.Code != 0 {
			code = fmt.Sprint(d.Code)
		}
		status := string(d.Status)
		t.Add(terminal.Normal.Cell(""), terminal.Bold.Cell(d.Webhook), report.StatusStyle(status).Cell(status), terminal.Normal.Cell(code))
	}
	t.Print()
}

// data reads the value of --data, nil if it is not given.
func (c *commands) data(given string) ([]byte, error) {
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
		data, err = io.ReadAll(c.Stdin)
	}
	if err != nil {
		return nil, fmt.Errorf("read --data: %w", err)
	}
	// The relay would name a position in the whole event, which nobody wrote.
	var value json.RawMessage
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, usage.Errorf("%s is not JSON: %v; quote a string twice: '\"text\"'", from, err)
	}
	return bytes.TrimSpace(data), nil
}

// event returns the event as JSON. The data keeps its text.
func (f *sendFlags) event(typ string, data []byte) ([]byte, error) {
	body := event.AppendString([]byte(`{"type":`), typ)
	add := func(name, value string) {
		body = append(event.AppendString(append(body, ','), name), ':')
		body = event.AppendString(body, value)
	}
	taken := []string{"type", "data", "data_base64"}
	for _, member := range []struct{ name, value string }{{"id", f.id}, {"source", f.source}, {"subject", f.subject}} {
		if member.value != "" {
			add(member.name, member.value)
			taken = append(taken, member.name)
		}
	}
	for _, attribute := range f.attributes {
		name, value, ok := strings.Cut(attribute, "=")
		switch {
		case !ok || name == "":
			return nil, usage.Invalid("attr", attribute, "NAME=VALUE")
		case slices.Contains(taken, name):
			return nil, usage.Errorf("--attr: %s is given already", name)
		}
		taken = append(taken, name)
		add(name, value)
	}
	if data != nil {
		body = append(append(body, `,"data":`...), data...)
	}
	return append(body, '}'), nil
}

// sendLines sends the events of --ndjson, many in a request. Each request is accepted
// or refused as a whole. It ends at the first that is refused.
func (c *commands) sendLines(ctx context.Context, f sendFlags) error {
	in := c.Stdin
	if path, ok := strings.CutPrefix(f.lines, "@"); ok {
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read --ndjson: %w", err)
		}
		defer file.Close()
		in = file
	} else if f.lines != "-" {
		return usage.Invalid("ndjson", f.lines, "@FILE, or - for standard input")
	}
	relay, err := c.Relay(ctx)
	if err != nil {
		return err
	}
	s := ndjson.New(relay, in, c.Out)
	s.JSON, s.Wait = f.json, f.patience()
	return s.Run(ctx)
}
