package send

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/format"
	"sidehook/relay/sign"
)

// Send makes one attempt. A panic in it is a failed attempt (A1). If ctx ends
// first, the attempt is Interrupted, and its error is the cause.
func (c *Client) Send(ctx context.Context, d *Delivery, record Record) (r Result) {
	secrets := c.secrets
	defer func() {
		if p := recover(); p != nil {
			text := maskString(fmt.Sprint(p), secrets)
			r.Panic = text + "\n" + string(debug.Stack())
			if r.Verdict != Delivered { // an answer that has arrived stands
				r.Verdict, r.Attempt.Error = Failed, "sidehook failed in this attempt: panic: "+text
			}
		}
	}()
	r.Attempt.Generation = record.Generation
	e, err := d.Event.Parsed()
	if err != nil {
		return r.unprocessable(err)
	}
	id := sign.DeliveryID(e.Source, e.ID)
	r.Attempt.Event, r.Attempt.Type = e.ID, e.Type
	if id != e.ID {
		r.Attempt.SentID = id
	}
	content, err := c.content(e, d)
	if err != nil {
		return r.unprocessable(err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.settings.Timeout, c.late)
	defer cancel()
	begun := time.Now()
	token, err := c.token(ctx) // before the time stamp of the signature
	if err != nil {
		return c.withoutToken(ctx, r, begun, err)
	}
	header, own := c.header(e, d, &content, sign.Message{ID: id, Type: headerType(e.Type), Timestamp: time.Now(), Body: content.Body})
	r.Attempt.Request = own
	d.Event = nil // during the request only what is sent stays in memory

	if token == "" {
		c.exchange(ctx, &r, &exchange{client: c, header: header, body: content.Body, secrets: secrets}, record)
		return r
	}
	secrets = withSecret(secrets, token)
	c.exchange(ctx, &r, &exchange{client: c, header: authorized(header, token), body: content.Body, secrets: secrets}, record)
	if r.Attempt.Code != http.StatusUnauthorized {
		return r
	}
	// The token may have been withdrawn before its end. The request that was answered
	// is recorded as a quick try.
	c.tokens.refused(token)
	first := r.Attempt
	first.Status = history.Retrying
	first.Error += ": the receiver refused the access token; trying again with a new one"
	r.QuickTries = append(r.QuickTries, first)
	r.Attempt.Code, r.Attempt.Response, r.RetryAfter = 0, nil, 0
	if token, err = c.token(ctx); err != nil {
		return c.withoutToken(ctx, r, time.Now(), err)
	}
	secrets = withSecret(secrets, token)
	c.exchange(ctx, &r, &exchange{client: c, header: authorized(header, token), body: content.Body, secrets: secrets}, record)
	return r
}

// token returns the access token for an attempt, "" if the webhook has no oauth2.
func (c *Client) token(ctx context.Context) (string, error) {
	if c.tokens == nil {
		return "", nil
	}
	return c.tokens.get(ctx)
}

// withoutToken ends an attempt for which there was no token.
func (c *Client) withoutToken(ctx context.Context, r Result, begun time.Time, err error) Result {
	r.Verdict, r.Attempt.Error = c.noToken(ctx, err)
	r.Attempt.Took, r.Attempt.Timing, r.Attempt.Remote = time.Since(begun), history.Timing{}, ""
	return r
}

// authorized returns the headers of a request with a token. The transport may still
// read those of the request before.
func authorized(header http.Header, token string) http.Header {
	header = maps.Clone(header)
	header["Authorization"] = []string{"Bearer " + token}
	return header
}

// exchange makes a request, with its quick tries, and judges the answer.
func (c *Client) exchange(ctx context.Context, r *Result, x *exchange, record Record) {
	resp, err := c.retry.Do(&retryablehttp.Request{Request: c.request.WithContext(x.follow(ctx))})
	if err == nil {
		var asked bool
		r.RetryAfter, asked = retryAfter(resp.Header, time.Now())
		r.Verdict, r.Attempt.Code, r.Attempt.Error = c.judge(resp.StatusCode, asked)
		r.Attempt.Response = x.read(resp, record.KeepBody)
	} else {
		r.Verdict, r.Attempt.Error = c.noAnswer(ctx, x, err)
	}
	for _, b := range x.finish(&r.Attempt) {
		r.QuickTries = append(r.QuickTries, c.quickTry(r.Attempt, b, x.secrets))
	}
}

// unprocessable returns the result where nothing can be sent.
func (r Result) unprocessable(err error) Result {
	r.Verdict, r.Attempt.Error, r.Attempt.Unsent = Unprocessable, err.Error(), true
	return r
}

// content returns what is sent: the event in the webhook's format, with the body
// that transform makes if there is one.
func (c *Client) content(e *event.Event, d *Delivery) (format.Content, error) {
	if d.ConditionError != "" {
		return format.Content{}, fmt.Errorf("when: %s", d.ConditionError)
	}
	return c.settings.Content(e, d.Accepted)
}

// Content returns what is sent of an event that was accepted at a time.
func (s *Settings) Content(e *event.Event, accepted time.Time) (format.Content, error) {
	content, err := s.Format.Content(e, accepted)
	if err != nil {
		return content, err
	}
	if s.Transform != nil {
		if content.Body, err = s.Transform(e); err != nil {
			return format.Content{}, fmt.Errorf("transform: %w", err)
		}
		content.ContentType = s.contentType()
	}
	if s.Format == format.CloudEventsBinary && event.NamesCloudEvents(content.ContentType) {
		return format.Content{}, fmt.Errorf("its datacontenttype %.64q would make receivers of cloudevents-binary take the data for the event; set format: cloudevents for this webhook", content.ContentType)
	}
	return content, nil
}

// quickTry returns the record of a quick try, given that of its attempt.
func (c *Client) quickTry(of history.Attempt, b broken, secrets [][]byte) history.Attempt {
	a := history.Attempt{
		Generation: of.Generation, Type: of.Type, Event: of.Event, SentID: of.SentID, Request: of.Request,
		Status: history.Retrying, Took: b.took, Timing: b.timing, Remote: b.remote,
	}
	if a.Error = "the connection broke before anything was sent on it, or the receiver did not process the request"; b.err != nil {
		a.Error = c.explain(b.err, secrets)
	}
	return a
}
