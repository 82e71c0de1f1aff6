// Package admin answers the calls of those who operate the relay: webhooks, events,
// deliveries, resend, cancel, the configuration, health and metrics.
//
// It promises:
//
//   - A call is checked as a whole before anything is done: unknown and repeated
//     keys of a request are refused.
//   - What a call has done is durable when it is answered.
//   - A client that reads slowly holds at most a page of deliveries in memory.
//
// The relay makes one Handler, which registers the calls at the server, and
// implements Operator. httpd knows who may call.
package admin

import (
	"io"
	"log/slog"

	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// Options are what health and metrics are asked of.
type Options struct {
	Ready   func() error // why events are not accepted; nil: they are
	Healthy func() error // why a restart would help; nil: it would not
	// Metrics writes the metrics in Prometheus's text format. Nil: there is no
	// such call.
	Metrics func(w io.Writer) error
	Version string       // of sidehook
	Log     *slog.Logger // nil: none
}

// Handler answers the calls.
type Handler struct {
	server   *httpd.Server
	operator Operator
	opts     Options
}

// New registers the calls at the server.
func New(server *httpd.Server, operator Operator, opts Options) *Handler {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{server, operator, opts}
	add := func(access httpd.Access, method, path string, handle httpd.Handler, params ...string) {
		server.Register(httpd.Call{Method: method, Path: path, Access: access, Params: params, Handle: handle})
	}
	add(httpd.Guarded, "GET", api.EventsPath, h.listEvents, eventParams...)
	add(httpd.Guarded, "GET", api.EventDataPath, h.eventData, "source")
	add(httpd.Guarded, "GET", api.StatsPath, h.stats, "webhook", "since", "until")
	add(httpd.Guarded, "GET", api.ResendProgressPath, h.resendProgress)
	add(httpd.Guarded, "GET", api.EventPath, h.showEvent, "source")
	add(httpd.Guarded, "POST", api.ResendPath, h.resend, "source")
	add(httpd.Guarded, "GET", api.WebhooksPath, h.listWebhooks, "state", "q", "limit", "cursor")
	add(httpd.Guarded, "GET", api.WebhookPath, h.showWebhook)
	add(httpd.Guarded, "POST", api.EnablePath, h.acting(operator.Enable))
	add(httpd.Guarded, "POST", api.RetryPath, h.acting(operator.Retry))
	add(httpd.Guarded, "POST", api.TestPath, h.testWebhook)
	add(httpd.Guarded, "POST", api.BulkPath, h.resendBulk)
	add(httpd.Guarded, "POST", api.CancelPath, h.cancel)
	add(httpd.Guarded, "GET", api.DeliveriesPath, h.deliveries, deliveryParams...)
	add(httpd.Guarded, "POST", api.AcceptPath, h.acceptDamage)
	add(httpd.Guarded, "GET", api.ConfigPath, h.showConfig)
	add(httpd.Guarded, "POST", api.LinksPath, h.consoleLink)
	add(httpd.Guarded, "GET", api.OpenAPIPath, h.openAPI)
	add(httpd.Public, "GET", api.HealthPath, h.healthz)
	add(httpd.Public, "GET", api.ReadyPath, h.readyz)
	if opts.Metrics != nil {
		add(httpd.Open, "GET", api.MetricsPath, h.metrics)
	}
	return h
}
