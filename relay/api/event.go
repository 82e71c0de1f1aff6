package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"sidehook/history"
)

// EventTrace is an event and what became of it. A raw message is a record of the
// history without its checksum: Resends are each a Resend, Attempts an Attempt.
type EventTrace struct {
	Seq        history.Seq        `json:"seq"`
	At         time.Time          `json:"at"`
	Generation history.Generation `json:"generation"`
	To         []string           `json:"to"`
	Test       string             `json:"test,omitempty"` // the webhook that it is a test of
	Filled     []string           `json:"filled,omitempty"`
	By         string             `json:"by,omitempty"` // who posted it, if that is an operator
	Event      json.RawMessage    `json:"event"`
	Webhooks   []Decision         `json:"webhooks"`
	Resends    []json.RawMessage  `json:"resends,omitempty"`
	Attempts   []json.RawMessage  `json:"attempts"`
}

// Decision is why a webhook gets an event or not, and the state of its delivery.
type Decision struct {
	Webhook string `json:"webhook"`
	Wanted  bool   `json:"wanted"`
	Glob    string `json:"glob,omitempty"` // the one that matched
	// Match is the attributes that its match requires, with the values of the event.
	Match  map[string]string `json:"match,omitempty"`
	When   string            `json:"when,omitempty"` // the condition that holds, or decided otherwise
	Why    string            `json:"why,omitempty"`
	Now    bool              `json:"now,omitempty"`    // decided by the configuration in force, not by that of the event
	Status string            `json:"status,omitempty"` // of its last attempt; waiting before the first
	Next   time.Time         `json:"next,omitzero"`
}

// Resend is one resend of an event.
type Resend struct {
	Seq history.Seq `json:"seq"`
	At  time.Time   `json:"at"`
	To  []string    `json:"to"`
	By  string      `json:"by"`  // cli, api or console
	Was string      `json:"was"` // of a rename, the former name
}

// Reason says why a webhook got the event, as far as it is known. typ is the type of the
// event.
func (t *EventTrace) Reason(webhook, typ string) string {
	var d Decision // of the relay, if it was asked
	if i := slices.IndexFunc(t.Webhooks, func(d Decision) bool { return d.Webhook == webhook }); i >= 0 {
		d = t.Webhooks[i]
	}
	if !slices.Contains(t.To, webhook) {
		if d.Wanted && !d.Now {
			return d.Why
		}
		return "resent to it"
	}
	why := fmt.Sprintf("its events matched in generation %d", t.Generation)
	if d.Glob != "" {
		why = fmt.Sprintf("%s matches %s", d.Glob, typ)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Match)) {
		why += ", " + name + " is " + d.Match[name]
	}
	switch {
	case d.Why != "":
		why += "; " + d.Why
	case d.When != "":
		why += ", and " + d.When
	}
	return why
}
