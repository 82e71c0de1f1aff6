package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console/filter"
	"sidehook/relay/measure"
	"sidehook/relay/shell"
)

// bulk is the page that resends in bulk: first what to resend, then how many there are and
// what will happen, then how far it is.
type bulk struct {
	Filter  *filter.Filter
	MayEdit bool
	Ignored []string // parameters of another list that this one does not have
	Counted *counted // nil: it is not said what to resend
	Running *running // nil: nothing was resent yet
}

// counted is what a resend in bulk would do.
type counted struct {
	api.Selected
	Sentence string
	Command  string // that does the same
	Body     string // of the change
}

// running is a resend in bulk.
type running struct {
	ID string
	api.ResendProgress
}

// firstEvents is how many events a count names.
const firstEvents = 10

func (h *Handler) bulk(ctx context.Context, r *request, _ string) (*page, error) {
	f := filter.Of(r.URL)
	b := &bulk{Filter: f, MayEdit: r.mayEdit}
	p := &page{title: "Resend in bulk", section: "/deliveries", view: "resend", data: b}
	if id := f.Text("id"); id != "" {
		progress, err := h.operator.ResendProgress(ctx, id)
		if err != nil {
			return nil, err
		}
		b.Running = &running{id, progress}
		p.parts = []string{"progress"}
		return p, nil
	}
	for _, name := range []string{"code", "event"} {
		if f.Text(name) != "" {
			b.Ignored = append(b.Ignored, name+" "+f.Text(name))
		}
	}
	if f.Text("since") == "" {
		return p, nil
	}
	request := api.BulkRequest{Type: string(f.Glob("type")), Statuses: f.Statuses("status", history.Ends()), To: f.Text("to")}
	if names := f.Text("webhook"); names != "" {
		for name := range strings.SplitSeq(names, ",") {
			request.Webhooks = append(request.Webhooks, strings.TrimSpace(name))
		}
	}
	// A delivery that ends after this is not counted, so it must not be resent either.
	request.Since.Time, request.Until.Time = f.Span()
	if now := time.Now(); request.Until.IsZero() || request.Until.After(now) {
		request.Until.Time = now
	}
	if len(f.Wrong) > 0 {
		return p, nil
	}
	selected, err := h.operator.SelectBulk(ctx, request)
	var missing *admin.NotFoundError
	var unprocessable *admin.UnprocessableError
	switch {
	case errors.As(err, &missing):
		f.Refuse("webhook", "%v", err)
		return p, nil
	case errors.As(err, &unprocessable) && request.To != "" && strings.Contains(err.Error(), "not in the file"):
		f.Refuse("to", "%v", err)
		return p, nil
	case errors.As(err, &unprocessable):
		f.Refuse("since", "%v", err)
		return p, nil
	case err != nil:
		return nil, err
	}
	b.Counted = &counted{Selected: selected, Sentence: bulkSentence(&request), Command: bulkCommand(&request), Body: changeOf(request)}
	b.Counted.Events = selected.Events[:min(len(selected.Events), firstEvents)]
	return p, nil
}

// MoreEvents is how many events of a count are not named, if that is known.
func (c *counted) MoreEvents() int { return max(0, c.Count-len(c.Events)) }

// Ended is how many deliveries have.
func (r *running) Ended() int { return r.Delivered + r.GivenUp }

// Percent is the share that has ended, rounded down.
func (r *running) Percent() int {
	if r.Count == 0 {
		return 100
	}
	return 100 * r.Ended() / r.Count
}

// bulkSentence says what a resend in bulk does with what it is about.
func bulkSentence(b *api.BulkRequest) string {
	var s strings.Builder
	s.WriteString("They ended ")
	if statuses := b.Statuses; len(statuses) == 0 {
		s.WriteString("without arriving")
	} else {
		words := make([]string, len(statuses))
		for i, status := range statuses {
			words[i] = string(status)
		}
		s.WriteString("as " + strings.Join(words, " or "))
	}
	fmt.Fprintf(&s, " from %s to %s", measure.Moment(b.Since.Time), measure.Moment(b.Until.Time))
	if len(b.Webhooks) > 0 {
		s.WriteString(", for " + strings.Join(b.Webhooks, ", "))
	} else {
		s.WriteString(", for all webhooks")
	}
	if b.Type != "" {
		fmt.Fprintf(&s, ", and their events have the type %s", b.Type)
	}
	s.WriteString(". Each is made again from its first attempt")
	if b.To != "" {
		fmt.Fprintf(&s, ", to %s instead", b.To)
	}
	left := "what waits or has arrived since is left out"
	if slices.Contains(b.Statuses, history.Delivered) {
		left = "what waits is left out, and receivers get again what they have"
	}
	s.WriteString("; " + left + ". The rate, the concurrency and the retries of each webhook hold, and new events are delivered after these.")
	return s.String()
}

// bulkCommand returns the command that does the same.
func bulkCommand(b *api.BulkRequest) string {
	words := []string{"sidehook resend"}
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag+" "+shell.Quote(value))
		}
	}
	for _, name := range b.Webhooks {
		add("--webhook", name)
	}
	add("--since", b.Since.UTC().Format(time.RFC3339Nano))
	add("--until", b.Until.UTC().Format(time.RFC3339Nano))
	statuses := make([]string, len(b.Statuses))
	for i, status := range b.Statuses {
		statuses[i] = string(status)
	}
	add("--status", strings.Join(statuses, ","))
	add("--type", b.Type)
	add("--to", b.To)
	return strings.Join(words, " ")
}

// doResendBulk resends in bulk.
func (h *Handler) doResendBulk(ctx context.Context, b api.BulkRequest) (outcome, error) {
	b.By, b.DryRun = by, false
	if err := admin.CheckBulk(&b); err != nil {
		return outcome{}, err
	}
	done, err := h.operator.ResendBulk(ctx, b)
	if err != nil {
		return outcome{}, err
	}
	h.opts.Log.Info("resent in bulk", "count", done.Count, "resend", done.Resend, "webhooks", []string(b.Webhooks), "to", b.To, "by", by)
	if done.Resend == "" {
		return outcome{Message: "Nothing matches any more; nothing was resent."}, nil
	}
	return outcome{Location: "/resend?id=" + done.Resend}, nil
}

// doCancelWaiting ends all that waits for a webhook.
func (h *Handler) doCancelWaiting(ctx context.Context, b webhookBody) (outcome, error) {
	if b.Webhook == "" {
		return outcome{}, &admin.BadRequestError{Problem: "webhook is required"}
	}
	n, err := h.operator.Cancel(ctx, api.CancelRequest{Webhook: b.Webhook})
	if err != nil {
		return outcome{}, err
	}
	h.opts.Log.Info("canceled the waiting deliveries of a webhook", "webhook", b.Webhook, "count", n, "by", by)
	return outcome{Message: fmt.Sprintf("Canceled %s for %s.", measure.Count(n, "delivery"), b.Webhook)}, nil
}
