package source_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/command/source"
)

// fake has a thousand events and as many attempts of each webhook, a to c in turn. A page
// has at most most of them.
type fake struct {
	source.Source
	most  int
	asked []int // the limits
}

func (f *fake) page(webhook, cursor string, limit int) (numbers []int, next string) {
	f.asked = append(f.asked, limit)
	n := 3000
	if cursor != "" {
		n, _ = strconv.Atoi(cursor)
	}
	for n--; n >= 0; n-- {
		if webhook != "" && webhook != string(rune('a'+n%3)) {
			continue
		}
		if len(numbers) == min(limit, f.most) {
			return numbers, strconv.Itoa(numbers[len(numbers)-1])
		}
		numbers = append(numbers, n)
	}
	return numbers, ""
}

func (f *fake) Deliveries(_ context.Context, q api.DeliveriesQuery) (page api.Deliveries, err error) {
	numbers, next := f.page(q.Webhook, q.Cursor, q.Limit)
	for _, n := range numbers {
		page.Deliveries = append(page.Deliveries, fmt.Appendf(nil, `{"n":%d}`, n))
	}
	page.Cursor = next
	return page, nil
}

// Events has each event for all webhooks.
func (f *fake) Events(_ context.Context, q api.EventsQuery) (page api.Events, err error) {
	numbers, next := f.page("", q.Cursor, q.Limit)
	for _, n := range numbers {
		page.Events = append(page.Events, api.AcceptedEvent{Seq: history.Seq(n)})
	}
	page.Cursor = next
	return page, nil
}

// TestNewestAttempts: pages are read until there are enough, and those of several
// webhooks are merged.
func TestNewestAttempts(t *testing.T) {
	for _, c := range []struct {
		webhooks []string
		limit    int
		most     int
		want     []int // the first and the last
		count    int
	}{
		{nil, 0, 100, nil, 0},
		{nil, 20, 100, []int{2980, 2999}, 20},
		{nil, 250, 100, []int{2750, 2999}, 250},
		{nil, 9999, 5000, []int{0, 2999}, 3000},
		{[]string{"a"}, 2, 100, []int{2994, 2997}, 2},
		{[]string{"a", "c"}, 4, 1, []int{2994, 2999}, 4},
		{[]string{"a", "a"}, 4, 3, []int{2988, 2997}, 4},
	} {
		f := &fake{most: c.most}
		lines, err := source.NewestAttempts(t.Context(), f, api.DeliveriesQuery{}, c.webhooks, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, line := range lines {
			var record struct{ N int }
			if err := json.Unmarshal(line, &record); err != nil {
				t.Fatal(err)
			}
			got = append(got, record.N)
		}
		if !slices.IsSorted(got) || len(got) != c.count || c.count > 0 && (got[0] != c.want[0] || got[len(got)-1] != c.want[1]) {
			t.Errorf("%d of %v in pages of %d: got %d: %v", c.limit, c.webhooks, c.most, len(got), got[:min(5, len(got))])
		}
		if len(f.asked) > 0 && slices.Max(f.asked) > source.PageMost {
			t.Errorf("%d of %v: asked for %d at once", c.limit, c.webhooks, slices.Max(f.asked))
		}
	}
}

// TestNewestEvents: an event that several of the webhooks get is there once.
func TestNewestEvents(t *testing.T) {
	list, err := source.NewestEvents(t.Context(), &fake{most: 10}, api.EventsQuery{}, []string{"a", "b"}, 25)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 25 || list[0].Seq != 2975 || list[24].Seq != 2999 {
		t.Errorf("got %d events, %v", len(list), list)
	}
}
