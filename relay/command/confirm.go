package command

import (
	"errors"
	"fmt"

	"sidehook/relay/api"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

// confirm asks before something is done, unless yes. It returns an error unless the
// caller agrees. Without a terminal it cannot ask.
func (c *cli) confirm(yes bool, what, question, declined string) error {
	switch {
	case yes:
	case !c.err.CanAsk(c.stdin):
		return usage.Errorf("%s? not a terminal: add --yes to confirm", what)
	case !c.err.Confirm(c.stdin, question):
		return errors.New(declined)
	}
	return nil
}

// printSelected prints what a dry run selected: the ids of the events, one a line.
func (c *cli) printSelected(s api.Selected, summary string, asJSON bool) error {
	if asJSON {
		return c.out.JSON(s)
	}
	for _, id := range s.Events {
		c.out.Linef("%s", id)
	}
	if len(s.Events) == maxSelected {
		summary += fmt.Sprintf("; only the first %d events are listed", maxSelected)
	}
	if s.Gone > 0 {
		summary += fmt.Sprintf("; %s more cannot be: their events are no longer in the history", measure.Count(s.Gone, "delivery"))
	}
	c.err.Noticef("%s", summary)
	return nil
}

// maxSelected is how many events a dry run lists.
const maxSelected = 1000
