package console

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/measure"
)

// by is how the history names who asked for what the console does.
const by = "console"

// webhookBody names the webhook that a change is about.
type webhookBody struct {
	Webhook string `json:"webhook"`
}

// doTest sends a webhook a test event.
func (h *Handler) doTest(ctx context.Context, b webhookBody) (outcome, error) {
	raw, err := h.operator.Test(ctx, b.Webhook)
	if err != nil {
		return outcome{}, err
	}
	h.opts.Log.Info("tested a webhook", "webhook", b.Webhook, "by", by)
	var a api.Attempt
	if err := json.Unmarshal(raw, &a); err != nil {
		return outcome{}, fmt.Errorf("the record of the test: %w", err)
	}
	result := fmt.Sprintf("Test of %s: %s", b.Webhook, a.Status)
	if a.Code != 0 {
		result += fmt.Sprintf(", status %d", a.Code)
	}
	if a.Took > 0 {
		result += " in " + measure.Millis(a.Took)
	}
	if a.Error != "" {
		result += ": " + a.Error
	}
	return outcome{Message: result + "."}, nil
}

// doRetry retries the waiting deliveries of a webhook now.
func (h *Handler) doRetry(ctx context.Context, b webhookBody) (outcome, error) {
	w, err := h.operator.Webhook(ctx, b.Webhook)
	if err == nil {
		err = h.operator.Retry(ctx, b.Webhook)
	}
	if err != nil {
		return outcome{}, err
	}
	h.opts.Log.Info("retried the waiting deliveries of a webhook", "webhook", b.Webhook, "by", by)
	if w.Backlog.Events == 0 {
		return outcome{Message: fmt.Sprintf("Nothing waits for %s.", b.Webhook)}, nil
	}
	return outcome{Message: fmt.Sprintf("Retrying %s for %s now.", measure.Count(w.Backlog.Events, "delivery"), b.Webhook)}, nil
}

// doEnable re-enables a disabled webhook.
func (h *Handler) doEnable(ctx context.Context, b webhookBody) (outcome, error) {
	if err := h.operator.Enable(ctx, b.Webhook); err != nil {
		return outcome{}, err
	}
	h.opts.Log.Info("enabled a webhook", "webhook", b.Webhook, "by", by)
	return outcome{Message: fmt.Sprintf("%s is enabled.", b.Webhook)}, nil
}

// resendBody says which event to resend, and to which of its webhooks; none: to all.
type resendBody struct {
	Event    string   `json:"event"` // its id, or seq:N
	Source   string   `json:"source,omitempty"`
	Webhooks []string `json:"webhooks,omitempty"`
}

// doResend resends one event.
func (h *Handler) doResend(ctx context.Context, b resendBody) (outcome, error) {
	which := query.ParseEventRef(b.Event)
	if which.Seq == 0 {
		which.Source = b.Source
	}
	resent, err := h.operator.Resend(ctx, which, api.ResendRequest{Webhooks: b.Webhooks, All: len(b.Webhooks) == 0, By: by})
	if err != nil {
		return outcome{}, err
	}
	h.opts.Log.Info("resent an event", "event", resent.ID, "seq", resent.Seq, "webhooks", resent.Webhooks, "by", by)
	return outcome{Message: resentSentence(resent)}, nil
}

// resentSentence says what a resend did.
func resentSentence(resent api.Resent) string {
	var parts []string
	hastened := map[string]bool{}
	for _, name := range resent.Hastened {
		hastened[name] = true
	}
	var again []string
	for _, name := range resent.Webhooks {
		if !hastened[name] {
			again = append(again, name)
		}
	}
	if len(again) > 0 {
		parts = append(parts, fmt.Sprintf("Resending %s to %s.", resent.ID, strings.Join(again, ", ")))
	}
	if len(resent.Hastened) > 0 {
		parts = append(parts, fmt.Sprintf("%s was still waiting for %s; retrying it now.", resent.ID, strings.Join(resent.Hastened, ", ")))
	}
	if len(resent.Gone) > 0 {
		parts = append(parts, fmt.Sprintf("%s is not resent to %s, which is no longer in the file.", resent.ID, strings.Join(resent.Gone, ", ")))
	}
	return strings.Join(parts, " ")
}
