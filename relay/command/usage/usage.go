// Package usage is how the commands take flags and arguments: those that several
// commands have, and the errors of a wrong use, each with one wording. An ExitCode ends a
// command that has said all itself.
//
// It promises that what a user can do better is an *Error, for which the exit code is 2.
//
// relay/command and its rooms call it.
package usage

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
	"sidehook/relay/command/terminal"
)

// Error is a wrong use of the flags and arguments.
type Error struct{ problem string }

func (e *Error) Error() string { return e.problem }

// Errorf returns an error for a wrong use.
func Errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// These errors have one wording in all commands.
func Missing(what string) error       { return Errorf("expected %s", what) }
func EmptyArgument(name string) error { return Errorf("%s must not be empty", name) }
func Together(a, b string) error      { return Errorf("%s and %s cannot be used together", a, b) }
func Requires(flag, other string) error {
	return Errorf("%s requires %s", flag, other)
}

// NoCommand says that there is no command of a name.
func NoCommand(name string) string { return fmt.Sprintf("unknown command %q", name) }

// Invalid says which values a flag has.
func Invalid(flag, value, must string) error {
	return Errorf("--%s must be %s, not %q", flag, must, value)
}

// Known returns an error unless a flag has one of the known values.
func Known[T ~string](flag string, value T, values []T) error {
	if !slices.Contains(values, value) {
		return Invalid(flag, string(value), OneOf(values...))
	}
	return nil
}

// OneOf lists words: a, b or c.
func OneOf[T ~string](words ...T) string {
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

// OneArgument is for a command that needs exactly one argument.
func OneArgument(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return Missing(name)
		}
		return AtMostOne(name, args)
	}
}

// AtMostOne is for a command that may have one argument, which is then not empty.
func AtMostOne(name string, args []string) error {
	switch {
	case len(args) > 1:
		return Errorf("expected one %s; unexpected %q", name, args[1])
	case len(args) == 1 && args[0] == "":
		return EmptyArgument(name)
	}
	return nil
}

// NoArgument is for a command without arguments.
func NoArgument(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Errorf("unexpected argument %q", args[0])
	}
	return nil
}

// JSONFlag declares --json.
func JSONFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON")
}

// LimitRange is the error for a --limit that is not valid.
const LimitRange = "--limit must be a whole number, 0 or more, not %v"

// LimitFlag declares --limit of a list. Its command must check that it is not negative.
func LimitFlag(cmd *cobra.Command, limit *int, what string) {
	cmd.Flags().IntVar(limit, "limit", 20, "print at most `N` "+what)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		var invalid interface{ GetValue() string }
		if errors.As(err, &invalid) && strings.Contains(err.Error(), `"--limit"`) {
			return Errorf(LimitRange, invalid.GetValue())
		}
		return err
	})
}

// TimeFormat describes the value of a flag that ParseTime reads.
const TimeFormat = "a duration ago, such as 24h or 7d, or a time, such as 14:55, '2026-11-23 14:55' or one of RFC 3339"

// Filter is the flags that select events or attempts.
type Filter struct{ Type, Since, Until string }

// Add declares the flags. The words what and when are for the help: "attempts" that were
// "made" at a time.
func (f *Filter) Add(cmd *cobra.Command, what, when string) {
	cmd.Flags().StringVar(&f.Type, "type", "", "only events of this `TYPE`, or of a glob such as 'order.*'")
	cmd.Flags().StringVar(&f.Since, "since", "", "only "+what+" "+when+" since `TIME`: "+TimeFormat)
	cmd.Flags().StringVar(&f.Until, "until", "", "only "+what+" "+when+" before `TIME`")
}

// Given reports whether any of the flags is.
func (f *Filter) Given() bool { return f.Type+f.Since+f.Until != "" }

// Times checks --type, and reads --since and --until, each zero if it is not given.
func (f *Filter) Times(now time.Time) (since, until time.Time, err error) {
	if err := CheckType(f.Type); err != nil {
		return since, until, err
	}
	if since, err = ParseTime("since", f.Since, now); err == nil {
		until, err = ParseTime("until", f.Until, now)
	}
	if err == nil && !until.IsZero() && until.Before(since) {
		err = Errorf("--until %s is before --since %s", terminal.Local(until, terminal.ZonedTime), terminal.Local(since, terminal.ZonedTime))
	}
	return since, until, err
}

// CheckType returns an error for a --type that is neither a type nor a glob.
func CheckType(typ string) error {
	if _, err := query.ParseGlob(typ); err != nil {
		return Errorf("--type: %s", err)
	}
	return nil
}

// ParseTime reads a flag that is a time or how long ago it was.
func ParseTime(flag, text string, now time.Time) (time.Time, error) {
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
	return time.Time{}, Invalid(flag, text, "a duration ago such as 24h or 7d, or a time such as 14:55, 2026-11-23, 2026-11-23 14:55:00 or 2026-11-23T14:55:00Z")
}

// ParseStatuses reads --status, nil if it is not given.
func ParseStatuses(text string, all []history.Status) (statuses []history.Status, err error) {
	if text == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		status := history.Status(name)
		if err := Known("status", status, all); err != nil {
			return nil, err
		}
		statuses = append(statuses, status)
	}
	return statuses, nil
}

// CutHeader splits a header as people copy it at the first : or =, whichever is first.
func CutHeader(text string) (name, value string, ok bool) {
	i := strings.IndexAny(text, ":=")
	if i < 1 {
		return "", "", false
	}
	return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:]), true
}

// ExitCode ends a command that has printed everything itself.
type ExitCode int

func (c ExitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }
