package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config/unit"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/relay/command/names"
	"sidehook/relay/command/terminal"
)

// usageError is a wrong use of the flags and arguments.
type usageError struct{ problem string }

func (e *usageError) Error() string { return e.problem }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// These errors have one wording in all commands.
func missing(what string) error       { return usagef("expected %s", what) }
func emptyArgument(name string) error { return usagef("%s must not be empty", name) }
func together(a, b string) error      { return usagef("%s and %s cannot be used together", a, b) }
func requires(flag, other string) error {
	return usagef("%s requires %s", flag, other)
}
func noCommand(name string) string { return fmt.Sprintf("unknown command %q", name) }

// invalid says which values a flag has.
func invalid(flag, value, must string) error {
	return usagef("--%s must be %s, not %q", flag, must, value)
}

// known returns an error unless a flag has one of the known values.
func known[T ~string](flag string, value T, values []T) error {
	if !slices.Contains(values, value) {
		return invalid(flag, string(value), oneOf(values...))
	}
	return nil
}

// oneOf lists words: a, b or c.
func oneOf[T ~string](words ...T) string {
	var text strings.Builder
	for i, word := range words {
		switch {
		case i > 0 && i == len(words)-1:
			text.WriteString(" or ")
		case i > 0:
			text.WriteString(", ")
		}
		text.WriteString(string(word))
	}
	return text.String()
}

// oneArgument is for a command that needs exactly one argument.
func oneArgument(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return missing(name)
		}
		return atMostOne(name, args)
	}
}

// atMostOne is for a command that may have one argument, which is then not empty.
func atMostOne(name string, args []string) error {
	switch {
	case len(args) > 1:
		return usagef("expected one %s; unexpected %q", name, args[1])
	case len(args) == 1 && args[0] == "":
		return emptyArgument(name)
	}
	return nil
}

// noArgument is for a command without arguments.
func noArgument(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q", args[0])
	}
	return nil
}

func jsonFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON")
}

const limitRange = "--limit must be a whole number, 0 or more, not %v"

// limitFlag declares --limit of a list. Its command must check that it is not negative.
func limitFlag(cmd *cobra.Command, limit *int, what string) {
	cmd.Flags().IntVar(limit, "limit", 20, "print at most `N` "+what)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		var invalid interface{ GetValue() string }
		if errors.As(err, &invalid) && strings.Contains(err.Error(), `"--limit"`) {
			return usagef(limitRange, invalid.GetValue())
		}
		return err
	})
}

// timeFormat describes the value of a flag that parseTime reads.
const timeFormat = "a duration ago, such as 24h or 7d, or a time, such as 14:55, '2026-11-23 14:55' or one of RFC 3339"

// filterFlags select events or attempts.
type filterFlags struct{ typ, since, until string }

// add declares the flags; what names the things that are selected, and when what
// they did at a time.
func (f *filterFlags) add(cmd *cobra.Command, what, when string) {
	cmd.Flags().StringVar(&f.typ, "type", "", "only events of this `TYPE`, or of a glob such as 'order.*'")
	cmd.Flags().StringVar(&f.since, "since", "", "only "+what+" "+when+" since `TIME`: "+timeFormat)
	cmd.Flags().StringVar(&f.until, "until", "", "only "+what+" "+when+" before `TIME`")
}

// given reports whether any of the flags is.
func (f *filterFlags) given() bool { return f.typ+f.since+f.until != "" }

// times checks --type, and reads --since and --until, each zero if it is not given.
func (f *filterFlags) times(now time.Time) (since, until time.Time, err error) {
	if err := checkType(f.typ); err != nil {
		return since, until, err
	}
	if since, err = parseTime("since", f.since, now); err == nil {
		until, err = parseTime("until", f.until, now)
	}
	if err == nil && !until.IsZero() && until.Before(since) {
		err = usagef("--until %s is before --since %s", terminal.Local(until, terminal.ZonedTime), terminal.Local(since, terminal.ZonedTime))
	}
	return since, until, err
}

// checkType returns an error for a --type that is neither a type nor a glob.
func checkType(typ string) error {
	if _, err := query.ParseGlob(typ); err != nil {
		return usagef("--type: %s", err)
	}
	return nil
}

// parseTime reads a flag that is a time or how long ago it was.
func parseTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, ok := event.ParseTime(text); ok {
		return at, nil
	}
	if ago, ok := unit.ParseDuration(text); ok {
		return now.Add(-ago).UTC(), nil
	}
	if at, ok := terminal.ParseTime(text, now); ok {
		return at.UTC(), nil
	}
	return time.Time{}, invalid(flag, text, "a duration ago such as 24h or 7d, or a time such as 14:55, 2026-11-23, 2026-11-23 14:55:00 or 2026-11-23T14:55:00Z")
}

// parseStatuses reads --status, nil if it is not given.
func parseStatuses(text string, all []history.Status) (statuses []history.Status, err error) {
	if text == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		status := history.Status(name)
		if err := known("status", status, all); err != nil {
			return nil, err
		}
		statuses = append(statuses, status)
	}
	return statuses, nil
}

// unknownWebhook says that there is no webhook of a name, with the nearest one.
func unknownWebhook(name string, known []string) error {
	return errors.New(names.UnknownWebhook(name, known))
}

// sayUnknownType says that a glob can match no type of the catalogue.
func (c *cli) sayUnknownType(glob string) {
	if glob == "" {
		return
	}
	if unknown := c.known().UnknownType(glob); unknown != "" {
		c.notice("%s", unknown)
	}
}
