package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// Operator is an admin.Operator that answers with what it was asked.
type Operator struct {
	sync.Mutex // of what follows
	fails      error
	Which      query.EventRef
	To         api.ResendRequest
	Ends       api.CancelRequest
	Bulk       api.BulkRequest
	List       api.WebhooksQuery
	Span       api.StatsQuery
	Acted      string
	Files      *historytest.Disk // the history
	Known      []history.Problem
	Link       api.ConsoleLinkRequest
}

// At is the time in its answers.
var At = time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)

func (o *Operator) Webhooks(_ context.Context, q api.WebhooksQuery) (api.Webhooks, error) {
	o.Lock()
	defer o.Unlock()
	o.List = q
	return api.Webhooks{Webhooks: []api.Webhook{{Name: "a", State: "active"}, {Name: "b", State: "off"}}}, o.fails
}

func (o *Operator) Webhook(_ context.Context, name string) (api.Webhook, error) {
	o.Lock()
	defer o.Unlock()
	return api.Webhook{
		Name: name, Configured: json.RawMessage(`{"url":"https://x.example/<>","events":["**"],"secret":"***"}`),
		State: "failing", Since: At, Why: "503", Backlog: api.Backlog{Events: 2, Bytes: 2048, OldestSeconds: 1.5}, InFlight: 1,
		LastHour: api.LastHour{Delivered: 10, Failed: 5}, LastSuccess: At, LastError: "503 Service Unavailable", LastErrorAt: At, Next: At,
	}, o.fails
}

func (o *Operator) EventData(_ context.Context, which query.EventRef) (admin.EventData, error) {
	o.Lock()
	defer o.Unlock()
	o.Which = which
	return admin.EventData{ID: "o/1", ContentType: "text/html; charset=utf-8", Body: []byte("<b>")}, o.fails
}

func (o *Operator) Stats(_ context.Context, q api.StatsQuery) ([]history.WebhookStats, error) {
	o.Lock()
	defer o.Unlock()
	o.Span = q
	return []history.WebhookStats{{
		Webhook: "a", Since: q.Since, Until: q.Until, Chart: []history.ChartPart{}, Outages: []history.Outage{{State: "failing", From: At, Why: "503"}},
	}}, o.fails
}

func (o *Operator) ResendProgress(_ context.Context, id string) (api.ResendProgress, error) {
	o.Lock()
	defer o.Unlock()
	o.Acted = "progress " + id
	return api.ResendProgress{Count: 6, Delivered: 3, Waiting: 2, GivenUp: 1}, o.fails
}

func (o *Operator) Event(_ context.Context, which query.EventRef) (api.EventTrace, error) {
	o.Lock()
	defer o.Unlock()
	o.Which = which
	return api.EventTrace{
		Seq: 3, At: At, Generation: 1, To: []string{"a"}, Event: json.RawMessage(`{"n":12345678901234567890}`),
		Webhooks: []api.Decision{{Webhook: "a", Wanted: true, Glob: "**", Status: "waiting", Next: At}, {Webhook: "b", Why: "no glob matches", Now: true}},
	}, o.fails
}

func (o *Operator) Resend(_ context.Context, which query.EventRef, to api.ResendRequest) (api.Resent, error) {
	o.Lock()
	defer o.Unlock()
	o.Which, o.To = which, to
	return api.Resent{ID: which.ID, Seq: 9, Webhooks: to.Webhooks, Gone: []string{"x"}}, o.fails
}

func (o *Operator) ResendBulk(_ context.Context, b api.BulkRequest) (api.BulkResent, error) {
	o.Lock()
	defer o.Unlock()
	o.Bulk = b
	return api.BulkResent{Count: 3, Seqs: [][2]history.Seq{{7, 9}}}, o.fails
}

func (o *Operator) SelectBulk(_ context.Context, b api.BulkRequest) (api.Selected, error) {
	o.Lock()
	defer o.Unlock()
	o.Bulk = b
	return api.Selected{Count: 3, Events: []string{"e-1", "e-2"}}, o.fails
}

func (o *Operator) SelectCancel(_ context.Context, which api.CancelRequest) (api.Selected, error) {
	o.Lock()
	defer o.Unlock()
	o.Ends = which
	return api.Selected{}, o.fails
}

func (o *Operator) Cancel(_ context.Context, which api.CancelRequest) (int, error) {
	o.Lock()
	defer o.Unlock()
	o.Ends = which
	return 3, o.fails
}

func (o *Operator) Accept(_ context.Context, problems []history.Problem) error {
	o.Lock()
	defer o.Unlock()
	o.Known = problems
	return o.fails
}

func (o *Operator) Enable(_ context.Context, name string) error { return o.act("enable " + name) }
func (o *Operator) Retry(_ context.Context, name string) error  { return o.act("retry " + name) }

func (o *Operator) Test(_ context.Context, name string) (json.RawMessage, error) {
	if name == "slow" {
		time.Sleep(100 * time.Millisecond)
	}
	return json.RawMessage(`{"status":"failed","code":500}`), o.act("test " + name)
}

func (o *Operator) act(what string) error {
	o.Lock()
	defer o.Unlock()
	o.Acted = what
	return o.fails
}

func (o *Operator) History(context.Context) (admin.History, error) {
	o.Lock()
	defer o.Unlock()
	if o.fails != nil {
		return nil, o.fails
	}
	reader, err := query.OpenFS(o.Files)
	if err != nil {
		return nil, err
	}
	return admin.Files(reader), nil
}

func (o *Operator) ConsoleLink(_ context.Context, l api.ConsoleLinkRequest) (api.ConsoleLink, error) {
	o.Lock()
	defer o.Unlock()
	o.Link = l
	return api.ConsoleLink{URL: "http://sidehook.localhost:4665/in?code=abc", Expires: At}, o.fails
}

func (o *Operator) Config(context.Context) (api.Config, error) {
	o.Lock()
	defer o.Unlock()
	return api.Config{Path: "/etc/sidehook/webhooks.yaml", Hash: "abc", Generation: 4, Loaded: At}, o.fails
}

// Fail makes the next calls fail; nil ends it.
func (o *Operator) Fail(err error) {
	o.Lock()
	defer o.Unlock()
	o.fails = err
}

// Asked returns the event and the resend that were asked for.
func (o *Operator) Asked() string {
	o.Lock()
	defer o.Unlock()
	return fmt.Sprintf("%+v %+v", o.Which, o.To)
}
