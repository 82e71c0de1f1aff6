package api

import (
	"encoding/json"
	"reflect"
	"strings"

	"sidehook/history"
)

// ResendRequest asks to send an event again. With neither Webhooks nor All it
// goes to the only webhook that it was accepted for.
type ResendRequest struct {
	Webhooks []string `json:"webhooks,omitempty"`
	All      bool     `json:"all,omitempty"` // all that it was accepted for
	By       string   `json:"-"`             // who asks: cli, api or console; the server fills it in
}

// Resent is the answer to a ResendRequest.
type Resent struct {
	ID       string      `json:"id"`
	Seq      history.Seq `json:"seq,omitempty"` // of the resend; 0 if only waiting deliveries are retried now
	Webhooks []string    `json:"webhooks"`
	Hastened []string    `json:"hastened,omitempty"` // those of Webhooks whose waiting delivery is retried now instead
	Gone     []string    `json:"gone,omitempty"`     // not in the file
}

// BulkRequest asks to make deliveries again that have ended: those that match all
// that is given.
type BulkRequest struct {
	Webhooks Names    `json:"webhook,omitempty"` // any of them; none: all that are in the file
	Since    Time     `json:"since"`             // ended at or after
	Until    Time     `json:"until,omitzero"`    // and before
	Statuses Statuses `json:"status,omitempty"`  // none: those that were not delivered
	Type     string   `json:"type,omitempty"`    // a glob
	To       string   `json:"to,omitempty"`      // the webhook that gets them instead
	DryRun   bool     `json:"dry_run,omitempty"` // do nothing; the answer is Selected
	By       string   `json:"-"`                 // as in ResendRequest
}

// BulkResent is the answer to a BulkRequest.
type BulkResent struct {
	Count  int              `json:"count"`
	Resend string           `json:"resend,omitempty"` // its id, which its progress is asked for with; "" if nothing matches
	Seqs   [][2]history.Seq `json:"seqs,omitempty"`   // ranges of their seqs, both ends included
	Gone   int              `json:"gone,omitempty"`   // more that match, whose events have been removed
}

// Selected is the answer to a dry run: what a BulkRequest or a CancelRequest would be
// about.
type Selected struct {
	Count  int      `json:"count"`          // of deliveries
	Events []string `json:"events"`         // the ids of their events, the first MaxSelected of them
	Gone   int      `json:"gone,omitempty"` // as in BulkResent
}

// MaxSelected is how many events a dry run lists.
const MaxSelected = 1000

// ResendProgress is how far a resend in bulk is.
type ResendProgress struct {
	Count     int `json:"count"`
	Delivered int `json:"delivered"`
	Waiting   int `json:"waiting"`  // not ended
	GivenUp   int `json:"given_up"` // ended without arriving
}

// Names is given as a list, or as a string if it is one name.
type Names []string

// UnmarshalJSON reads either.
func (n *Names) UnmarshalJSON(text []byte) error {
	var name string
	if json.Unmarshal(text, &name) == nil {
		*n = nil
		if name != "" {
			*n = Names{name}
		}
		return nil
	}
	var list []string
	if json.Unmarshal(text, &list) != nil {
		return &json.UnmarshalTypeError{Value: "JSON", Type: reflect.TypeFor[Names]()}
	}
	*n = list
	return nil
}

// Statuses is given as a list, or as a string with commas.
type Statuses []history.Status

// UnmarshalJSON reads either.
func (s *Statuses) UnmarshalJSON(text []byte) error {
	var words string
	if json.Unmarshal(text, &words) == nil {
		*s = nil
		if words != "" {
			for word := range strings.SplitSeq(words, ",") {
				*s = append(*s, history.Status(word))
			}
		}
		return nil
	}
	var list []history.Status
	if json.Unmarshal(text, &list) != nil {
		return &json.UnmarshalTypeError{Value: "JSON", Type: reflect.TypeFor[Statuses]()}
	}
	*s = list
	return nil
}
