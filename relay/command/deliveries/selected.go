package deliveries

import (
	"fmt"

	"sidehook/relay/api"
	"sidehook/relay/measure"
)

// printSelected prints what a dry run selected: the ids of the events, one a line.
func (c commands) printSelected(s api.Selected, summary string, asJSON bool) error {
	if asJSON {
		return c.Out.JSON(s)
	}
	for _, id := range s.Events {
		c.Out.Linef("%s", id)
	}
	if len(s.Events) == api.MaxSelected {
		summary += fmt.Sprintf("; only the first %d events are listed", api.MaxSelected)
	}
	if s.Gone > 0 {
		summary += fmt.Sprintf("; %s more cannot be: their events are no longer in the history", measure.Count(s.Gone, "delivery"))
	}
	c.Err.Noticef("%s", summary)
	return nil
}
