package api

import (
	"strconv"

	"sidehook/history"
	"sidehook/history/event"
)

// Receipt answers for an accepted event.
type Receipt struct {
	ID        string   `json:"id"`
	Webhooks  []string `json:"webhooks"`
	Duplicate bool     `json:"duplicate,omitempty"` // it was accepted before
	Spooled   bool     `json:"spooled,omitempty"`   // it waits on this host until the database is back
	// Deliveries is given to a request that prefers to wait, even if it is empty.
	Deliveries []DeliveryStatus `json:"deliveries,omitzero"`
}

// Receipts answers for the events of a batch, in its order.
type Receipts struct {
	Events []Receipt `json:"events"`
}

// DeliveryStatus is the state of a delivery when a request stopped waiting.
type DeliveryStatus struct {
	Seq     history.Seq    `json:"-"`
	Webhook string         `json:"webhook"`
	Status  history.Status `json:"status"`         // history.Untried before its first attempt
	Code    int            `json:"code,omitempty"` // of the answer
}

// Append appends the receipt as JSON. It runs for each event, so it is written by
// hand.
func (r *Receipt) Append(dst []byte) []byte {
	dst = event.AppendString(append(dst, `{"id":`...), r.ID)
	dst = append(dst, `,"webhooks":[`...)
	for i, name := range r.Webhooks {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = event.AppendString(dst, name)
	}
	dst = append(dst, ']')
	if r.Duplicate {
		dst = append(dst, `,"duplicate":true`...)
	}
	if r.Spooled {
		dst = append(dst, `,"spooled":true`...)
	}
	if r.Deliveries != nil {
		dst = append(dst, `,"deliveries":[`...)
		for i := range r.Deliveries {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = r.Deliveries[i].append(dst)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func (d *DeliveryStatus) append(dst []byte) []byte {
	dst = event.AppendString(append(dst, `{"webhook":`...), d.Webhook)
	dst = event.AppendString(append(dst, `,"status":`...), string(d.Status))
	if d.Code != 0 {
		dst = strconv.AppendInt(append(dst, `,"code":`...), int64(d.Code), 10)
	}
	return append(dst, '}')
}
