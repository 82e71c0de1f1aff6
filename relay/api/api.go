// Package api owns what goes over the wire of sidehook's HTTP API: the paths, the
// requests, the answers and the form of a refusal, each declared once.
//
// The server's packages (httpd, intake, admin) answer with these types, relay
// fills them, and the commands read them through api/client. A member that one
// side renames does not compile, or is renamed, on the other.
//
// What is not here: events as they are posted (history/event), and the lines of
// the history, which are answered as they stand in the files. Attempt reads those.
package api

import (
	"net/url"
	"strings"
)

// The paths of the API. At most one segment is a {name}.
const (
	EventsPath  = "/v1/events"
	EventPath   = "/v1/events/{id}"
	ResendPath  = "/v1/events/{id}/resend"
	BulkPath    = "/v1/resend"
	CancelPath  = "/v1/cancel"
	AcceptPath  = "/v1/history/accept"
	ConfigPath  = "/v1/config"
	StatsPath   = "/v1/stats"
	OpenAPIPath = "/v1/openapi.json"
	LinksPath   = "/v1/console/links"
	HealthPath  = "/healthz"
	ReadyPath   = "/readyz"
	MetricsPath = "/metrics"

	EventDataPath      = "/v1/events/{id}/data"
	ResendProgressPath = "/v1/resends/{id}"

	DeliveriesPath = "/v1/deliveries"
	WebhooksPath   = "/v1/webhooks"
	WebhookPath    = "/v1/webhooks/{name}"
	EnablePath     = "/v1/webhooks/{name}/enable"
	RetryPath      = "/v1/webhooks/{name}/retry"
	TestPath       = "/v1/webhooks/{name}/test"
)

// Path puts a name in the place of a path's {name}.
func Path(pattern, name string) string {
	before, rest, _ := strings.Cut(pattern, "{")
	_, after, _ := strings.Cut(rest, "}")
	return before + url.PathEscape(name) + after
}

// CommandAgent is the beginning of the User-Agent of sidehook's own commands. The
// version follows.
const CommandAgent = "sidehook-cli/"
