package source

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"sidehook/history"
	"sidehook/relay/api"
)

// PageMost is how many the relay answers with at once.
const PageMost = 1000

// NewestAttempts returns at most limit attempts at deliveries to any of the webhooks, of
// all if none are named, the oldest first.
func NewestAttempts(ctx context.Context, s Source, q api.DeliveriesQuery, webhooks []string, limit int) ([]json.RawMessage, error) {
	return newest(webhooks, limit, func(webhook string) ([]json.RawMessage, error) {
		q.Webhook = webhook
		return pages(limit, func(limit int, cursor string) ([]json.RawMessage, string, error) {
			q.Limit, q.Cursor = limit, cursor
			page, err := s.Deliveries(ctx, q)
			return page.Deliveries, page.Cursor, err
		})
	}, func(line json.RawMessage) (n history.LineNo) {
		var record struct {
			N history.LineNo `json:"n"`
		}
		if json.Unmarshal(line, &record) == nil {
			n = record.N
		}
		return n
	})
}

// NewestEvents returns at most limit accepted events that any of the webhooks gets, of
// all if none are named, the oldest first.
func NewestEvents(ctx context.Context, s Source, q api.EventsQuery, webhooks []string, limit int) ([]api.AcceptedEvent, error) {
	return newest(webhooks, limit, func(webhook string) ([]api.AcceptedEvent, error) {
		q.Webhook = webhook
		return pages(limit, func(limit int, cursor string) ([]api.AcceptedEvent, string, error) {
			q.Limit, q.Cursor = limit, cursor
			page, err := s.Events(ctx, q)
			return page.Events, page.Cursor, err
		})
	}, func(e api.AcceptedEvent) history.Seq { return e.Seq })
}

// newest merges what is found for each webhook, in the order of the numbers.
func newest[T any, N cmp.Ordered](webhooks []string, limit int, find func(webhook string) ([]T, error), number func(T) N) (list []T, err error) {
	if limit == 0 {
		return nil, nil
	}
	if len(webhooks) == 0 {
		webhooks = []string{""}
	}
	for _, webhook := range webhooks {
		found, err := find(webhook)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	if len(webhooks) > 1 {
		slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(number(b), number(a)) })
		list = slices.CompactFunc(list, func(a, b T) bool { return number(a) == number(b) })
	}
	list = list[:min(limit, len(list))]
	slices.Reverse(list)
	return list, nil
}

// pages reads pages until there are limit things, or no more.
func pages[T any](limit int, read func(limit int, cursor string) ([]T, string, error)) (list []T, err error) {
	cursor := ""
	for {
		page, next, err := read(min(limit-len(list), PageMost), cursor)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if next == "" || len(list) >= limit {
			return list, nil
		}
		if next == cursor {
			return nil, fmt.Errorf("the answer does not continue after %s", cursor)
		}
		cursor = next
	}
}
