package console

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sidehook/history/stats"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console/catalogue"
	"sidehook/relay/console/lastday"
	"sidehook/relay/console/session"
	"sidehook/relay/console/view"
	"sidehook/relay/httpd"
)

// Operator is what pages show and what their buttons do. Many may call it at once.
type Operator interface {
	admin.Operator
	EventOperator
	// Ready returns why events are not accepted now, nil if they are.
	Ready() error
	// Rejected returns what Config does without the warnings of what is in force, of
	// which there may be thousands.
	Rejected() api.Config
	// EventTypes returns the types of event_types, sorted; nil without them.
	EventTypes() []catalogue.Type
	// Recent visits the minutes from since on with the attempts before until, until
	// visit returns false.
	Recent(ctx context.Context, since, until time.Time, visit func(*stats.Minute) bool) error
}

// Options are fixed at the start. The zero value works.
type Options struct {
	Version  string          // of sidehook
	Sessions *session.Keeper // nil: one of its own
	Level    session.Level   // the most that a session may have; zero: View
	Tokens   Tokens          // nil: none can be given
	Editor   Editor          // nil: nothing can be edited
	Source   Source          // nil: there is no page of the configuration
	Stopping <-chan struct{} // closed when pages that are open must let go; nil: never
	Log      *slog.Logger    // nil: none
}

// Tokens are those of listen. Many may call it at once.
type Tokens interface {
	// TrustOf returns whose token it is, in a time that tells nothing.
	TrustOf(token string) httpd.Trust
	// HasToken reports whether there is any.
	HasToken() bool
}

// Handler serves the console.
type Handler struct {
	operator Operator
	opts     Options
	looks    sync.Once // makes the next two, at the first visit: nobody may ever come
	views    view.Views
	assets   *view.Assets
	failed   error // why they could not be made
	days     *lastday.Days
	routes   []route
	changes  map[string]changeFunc // by their names
}

// New makes a console. It starts nothing.
func New(operator Operator, opts Options) *Handler {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Sessions == nil {
		opts.Sessions = session.New()
	}
	opts.Level = max(opts.Level, session.View)
	h := &Handler{operator: operator, opts: opts}
	h.days = lastday.New(h.readDay, opts.Log)
	h.routes = []route{
		{"/", h.webhooks},
		{"/webhooks/{}", h.webhook},
		{"/events/{}", h.event},
		{"/events/{}/data", h.eventData},
		{"/events/{}/raw", h.eventRaw},
		{"/events/{}/body", h.eventBody},
		{"/events/{}/response", h.eventResponse},
		{"/events/{}/rest", h.eventRest},
		{"/events", h.events},
		{"/deliveries", h.deliveries},
		{"/resend", h.bulk},
		{"/attempts/{}", h.response},
	}
	h.changes = map[string]changeFunc{
		"test":           reading(h.doTest),
		"retry":          reading(h.doRetry),
		"enable":         reading(h.doEnable),
		"resend":         reading(h.doResend),
		"resend-bulk":    reading(h.doResendBulk),
		"cancel":         reading(h.doCancel),
		"cancel-waiting": reading(h.doCancelWaiting),
		"copy":           reading(h.doCopy),
	}
	if opts.Editor != nil {
		h.addEditing()
	}
	if opts.Source != nil {
		h.routes = append(h.routes, route{"/config", h.configuration})
	}
	return h
}

// prepare makes what every answer needs, once: some 2 MiB.
func (h *Handler) prepare() error {
	h.looks.Do(func() {
		if h.assets, h.failed = view.Load(files); h.failed == nil {
			h.views, h.failed = view.Parse(files, h.assets)
		}
	})
	return h.failed
}

// Run counts what pages show of the last day, until ctx is done.
func (h *Handler) Run(ctx context.Context) { h.days.Run(ctx) }
