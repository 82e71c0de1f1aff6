package admin

import (
	"context"
	"net/http"
	"time"

	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

func (h *Handler) listWebhooks(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	p := readParams(r)
	q := api.WebhooksQuery{States: among(p, "state", api.WebhookStates()), Search: p.text("q"), Limit: p.limit(0), Cursor: p.text("cursor")}
	if p.problem != nil {
		return p.problem
	}
	list, err := h.operator.Webhooks(ctx, q)
	if err != nil {
		return problemOf(err)
	}
	list.Webhooks = orEmpty(list.Webhooks)
	return httpd.AnswerJSON(w, http.StatusOK, list)
}

func (h *Handler) showWebhook(ctx context.Context, w http.ResponseWriter, _ *http.Request, name string) *httpd.Problem {
	one, err := h.operator.Webhook(ctx, name)
	if err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusOK, one)
}

// acting answers a call that acts on a webhook with the state of the webhook
// afterwards.
func (h *Handler) acting(do func(ctx context.Context, name string) error) httpd.Handler {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, name string) *httpd.Problem {
		if p := readRequest(r, nil); p != nil {
			return p
		}
		if err := do(ctx, name); err != nil {
			return problemOf(err)
		}
		return h.showWebhook(ctx, w, r, name)
	}
}

// testTime is more than an attempt and its record take: the time-out of a webhook is
// at most 2m.
const testTime = 150 * time.Second

func (h *Handler) testWebhook(ctx context.Context, w http.ResponseWriter, r *http.Request, name string) *httpd.Problem {
	if p := readRequest(r, nil); p != nil {
		return p
	}
	httpd.ExtendWrite(w, testTime) // the receiver may be given longer than other calls have
	attempt, err := h.operator.Test(ctx, name)
	if err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusOK, attempt)
}

func (h *Handler) showConfig(ctx context.Context, w http.ResponseWriter, _ *http.Request, _ string) *httpd.Problem {
	config, err := h.operator.Config(ctx)
	if err != nil {
		return problemOf(err)
	}
	config.Problems, config.Restart = orEmpty(config.Problems), orEmpty(config.Restart)
	return httpd.AnswerJSON(w, http.StatusOK, config)
}

// orEmpty makes nil an empty array in JSON, not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
