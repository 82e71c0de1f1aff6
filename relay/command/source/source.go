// Package source is where the commands read the history from: its files, or the
// running relay where these may not be read. Both answer the questions of the API in
// the same way. The commands of relay/command call it.
package source

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
)

// Source answers questions about the history. Its user must close it.
type Source interface {
	// Events returns a page of accepted events, the newest first.
	Events(context.Context, api.EventsQuery) (api.Events, error)
	// Deliveries returns a page of attempts, the newest first.
	Deliveries(context.Context, api.DeliveriesQuery) (api.Deliveries, error)
	// Stats returns how deliveries went.
	Stats(context.Context, api.StatsQuery) (api.Stats, error)
	// Follow visits as many of the newest attempts as the query's limit says, the
	// oldest first, and then those that are recorded from now on, until visit is false.
	Follow(ctx context.Context, q api.DeliveriesQuery, visit func(json.RawMessage) bool) error
	Close() error
}

// Open opens the files of a folder. If they may not be read, it connects to the relay
// unless connect is nil. If that fails, too, the error is that of the files.
func Open(dir string, connect func() (*client.Client, error)) (Source, error) {
	reader, err := query.Open(dir)
	if err == nil {
		return files{reader}, nil
	}
	if errors.Is(err, fs.ErrPermission) && connect != nil {
		if relay, failed := connect(); failed == nil {
			return remote{relay}, nil
		}
	}
	return nil, err
}

// Await opens the files of a folder once there are some.
func Await(ctx context.Context, dir string) (Source, error) {
	reader, err := query.Await(ctx, dir)
	if err != nil {
		return nil, err
	}
	return files{reader}, nil
}

// Relay asks the relay alone.
func Relay(relay *client.Client) Source { return remote{relay} }

// remote asks the relay.
type remote struct{ *client.Client }

func (remote) Close() error { return nil }

// files reads the files.
type files struct{ *query.Reader }

func (f files) Events(ctx context.Context, q api.EventsQuery) (page api.Events, err error) {
	type choice = query.Choice
	choices := map[string]choice{"": query.Either, "true": query.Yes, "false": query.No}
	search := query.EventQuery{
		Webhook: q.Webhook, Matched: choices[q.Matched], Waiting: choices[q.Waiting], Since: q.Since, Until: q.Until, Limit: q.Limit,
	}
	if search.Type, err = query.ParseGlob(q.Type); err != nil {
		return page, err
	}
	if q.Cursor != "" {
		if search.Before, err = query.ParseEventCursor(q.Cursor); err != nil {
			return page, err
		}
	}
	err = f.Reader.Events(ctx, search, func(e *query.AcceptedEvent) bool {
		if len(page.Events) == q.Limit {
			page.Cursor = query.EventCursor(page.Events[q.Limit-1].Seq)
			return false
		}
		page.Events = append(page.Events, api.AcceptedEvent{
			Seq: e.Seq, At: e.At, ID: e.Parsed.ID, Source: e.Parsed.Source, Type: e.Parsed.Type, Webhooks: e.Statuses,
		})
		return true
	})
	return page, err
}

// attempts returns the query in the terms of the history.
func attempts(q *api.DeliveriesQuery) (search query.Query, err error) {
	search = query.Query{
		Webhook: q.Webhook, Statuses: q.Statuses, Event: q.Event, Since: q.Since, Until: q.Until, Unresolved: q.Unresolved,
	}
	if search.Type, err = query.ParseGlob(q.Type); err != nil {
		return search, err
	}
	if q.Code != "" {
		if search.Codes, err = query.ParseCodes(q.Code); err != nil {
			return search, err
		}
	}
	if q.Cursor != "" {
		search.Before, err = query.ParseCursor(q.Cursor)
	}
	return search, err
}

func (f files) Deliveries(ctx context.Context, q api.DeliveriesQuery) (page api.Deliveries, err error) {
	search, err := attempts(&q)
	if err != nil {
		return page, err
	}
	last := history.LineNo(0)
	err = f.Attempts(search, func(o *history.DeliveryRecord) bool {
		if len(page.Deliveries) == q.Limit {
			page.Cursor = query.Cursor(last)
			return false
		}
		page.Deliveries, last = append(page.Deliveries, o.JSON()), o.N
		return ctx.Err() == nil
	})
	return page, errors.Join(err, ctx.Err())
}

func (f files) Stats(_ context.Context, q api.StatsQuery) (api.Stats, error) {
	list, err := f.Summaries(q.Webhook, q.Since, q.Until)
	return api.Stats{Stats: list}, err
}

func (f files) Follow(ctx context.Context, q api.DeliveriesQuery, visit func(json.RawMessage) bool) error {
	newest, err := f.Newest()
	if err != nil {
		return err
	}
	before := q
	before.Cursor = query.Cursor(newest + 1)
	if q.Limit > 0 {
		page, err := f.Deliveries(ctx, before)
		if err != nil {
			return err
		}
		for i := range page.Deliveries {
			if !visit(page.Deliveries[len(page.Deliveries)-1-i]) {
				return nil
			}
		}
	}
	search, err := attempts(&q)
	if err != nil {
		return err
	}
	follower := f.Reader.Follow(newest)
	for {
		o, err := follower.Next(ctx)
		if err != nil {
			return err
		}
		if search.Match(&o) && !visit(o.JSON()) {
			return nil
		}
	}
}
