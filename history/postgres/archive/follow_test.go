package archive_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/historytest/played"
	"sidehook/history/query"
)

// TestFollow gives each record of the deliveries once, also those that come later.
func TestFollow(t *testing.T) {
	disk := historytest.Generated(t)
	files, err := query.OpenFS(disk)
	if err != nil {
		t.Fatal(err)
	}
	r := imported(t, disk, 1000)
	newest, err := r.Newest()
	if err != nil {
		t.Fatal(err)
	}
	after := newest - 700
	var want []string
	if err := files.Records(func(o *history.DeliveryRecord) bool {
		if o.N > after {
			want = append(want, text(o.JSON()))
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	enough := errors.New("enough")
	i := 0
	err = r.Follow(ctx, after, func(o *history.DeliveryRecord) error {
		if i < len(want) && text(o.JSON()) != want[i] {
			t.Fatalf("got %s\nwant %s", o.JSON(), want[i])
		}
		if i++; i == len(want) {
			// What comes now is read, too.
			exec(t, r, `INSERT INTO {schema}.attempts SELECT n + 1, at, kind, webhook, generation, seq, id_hash, sent, type, status, code, took, counts, true, skew, line
				FROM {schema}.attempts WHERE n = (SELECT max(n) FROM {schema}.attempts)`)
		}
		if o.Late {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || i != len(want)+1 {
		t.Errorf("got %d records, %v; want %d and the one that came later", i, err, len(want))
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Follow(canceled, 1<<40, func(*history.DeliveryRecord) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v of a context that is done", err)
	}
}

// TestLate: an attempt that was recorded after its webhook had another owner is shown,
// and has no effect on its delivery.
func TestLate(t *testing.T) {
	r := imported(t, played.History(t), 1000)
	var seq history.Seq
	if err := r.Attempts(query.Query{Statuses: []history.Status{history.Delivered}}, func(o *history.DeliveryRecord) bool {
		if !o.Resend && o.Of == 0 {
			seq = o.Seq
		}
		return seq == 0
	}); err != nil {
		t.Fatal(err)
	}
	before, err := r.Trace(query.EventRef{Seq: seq})
	if err != nil {
		t.Fatal(err)
	}
	exec(t, r, fmt.Sprintf(`INSERT INTO {schema}.attempts SELECT (SELECT max(n) FROM {schema}.attempts) + 1, at, kind, webhook, generation, seq, id_hash, sent, type, 'retrying', 503, 0, 0, true, skew,
		convert_to(replace(convert_from(line, 'UTF8'), '"status":"delivered"', '"status":"retrying"'), 'UTF8') FROM {schema}.attempts WHERE seq = %d AND status = 'delivered'`, seq))
	after, err := r.Trace(query.EventRef{Seq: seq})
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Attempts()) <= len(before.Attempts()) {
		t.Errorf("got %d attempts after %d; want the late ones, too", len(after.Attempts()), len(before.Attempts()))
	}
	for i, s := range after.Statuses() {
		if s.Status != before.Statuses()[i].Status {
			t.Errorf("%s: got %s, want %s", s.Webhook, s.Status, before.Statuses()[i].Status)
		}
	}
}
