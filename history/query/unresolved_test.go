package query_test

import (
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/segment"
	"sidehook/history/query"
)

// damagedEvents has attempts, and no event that can be read.
type damagedEvents []history.DeliveryRecord

func (d damagedEvents) Attempts(q query.Query, visit func(*history.DeliveryRecord) bool) error {
	for i := range d {
		if q.Match(&d[i]) && !visit(&d[i]) {
			break
		}
	}
	return nil
}

func (d damagedEvents) Ended(q query.Query, visit func(query.Ended) bool) error {
	return d.Attempts(q, func(o *history.DeliveryRecord) bool { return visit(query.EndedBy(o)) })
}

func (d damagedEvents) Event(query.EventRef) (history.EventRecord, error) {
	return history.EventRecord{}, &segment.Damage{}
}

func (d damagedEvents) Resends(time.Time, func(*history.EventRecord) bool) error { return nil }

func (d damagedEvents) Removed() (func(history.Seq) bool, error) {
	return func(seq history.Seq) bool { return seq == 1 }, nil
}

// TestDamagedOperationalEvent: it is not known whether an operational event was a test if its
// record is damaged. Then its failed resend is left out, unless retention has removed it.
func TestDamagedOperationalEvent(t *testing.T) {
	for name, c := range map[string]struct {
		of   history.Seq
		want int
	}{"removed": {1, 1}, "damaged": {2, 0}} {
		t.Run(name, func(t *testing.T) {
			records := damagedEvents{{
				Kind: history.KindAttempt, N: 1, Webhook: "ops", Seq: 3, Of: c.of, Resend: true,
				Type: "sidehook.webhook.failing", Status: history.Exhausted,
			}}
			got := 0
			err := query.FindUnresolved(records, nil, query.Query{}, func(*history.DeliveryRecord) bool { got++; return true })
			if err != nil || got != c.want {
				t.Errorf("got %d, %v; want %d", got, err, c.want)
			}
		})
	}
}
