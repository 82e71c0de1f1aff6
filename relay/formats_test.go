package relay_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestFormats has a row for each format: what a receiver gets of an event of
// CloudEvents 1.0 and of one of 0.1. Every case of what an event may be is in
// format's test of the same name.
func TestFormats(t *testing.T) {
	const (
		modern = `{"specversion":"1.0","id":"e1","source":"app","type":"a.b","subject":"s","time":"2026-11-23T14:00:00Z","data":{"n":12345678901234567890,"p":1.10}}`
		legacy = `{"cloudEventsVersion":"0.1","source":"com.qlik/engine","contentType":"application/json","eventId":"e2","eventTime":"2021-03-08T14:51:29Z","eventTypeVersion":"1.0.0","eventType":"a.b","extensions":{"ownerId":"o"},"data":{"b":1,"a":2}}`
		isJSON = "application/json "
		isCE   = "application/cloudevents+json "
	)
	rows := []struct{ name, keys, modern, legacy string }{
		{"cloudevents", "format: cloudevents", isCE + modern,
			isCE + `{"specversion":"1.0","id":"e2","source":"com.qlik/engine","type":"a.b","time":"2021-03-08T14:51:29Z","datacontenttype":"application/json","eventtypeversion":"1.0.0","ownerid":"o","data":{"b":1,"a":2}}`},
		{"cloudevents-binary", "format: cloudevents-binary", isJSON + `{"n":12345678901234567890,"p":1.10} Ce-Id: e1 Ce-Source: app Ce-Specversion: 1.0 Ce-Subject: s Ce-Time: 2026-11-23T14:00:00Z Ce-Type: a.b`,
			isJSON + `{"b":1,"a":2} Ce-Eventtypeversion: 1.0.0 Ce-Id: e2 Ce-Ownerid: o Ce-Source: com.qlik/engine Ce-Specversion: 1.0 Ce-Time: 2021-03-08T14:51:29Z Ce-Type: a.b`},
		{"cloudevents-0.1", "format: cloudevents-0.1", isJSON + `{"cloudEventsVersion":"0.1","source":"app","contentType":"application/json","eventId":"e1","eventTime":"2026-11-23T14:00:00Z","eventTypeVersion":"1.0.0","eventType":"a.b","extensions":{"subject":"s"},"data":{"n":12345678901234567890,"p":1.10}}`,
			isJSON + legacy},
		{"standard", "format: standard", isJSON + `{"type":"a.b","timestamp":"2026-11-23T14:00:00Z","data":{"n":12345678901234567890,"p":1.10}}`,
			isJSON + `{"type":"a.b","timestamp":"2021-03-08T14:51:29Z","data":{"b":1,"a":2}}`},
		{"data", "format: data", isJSON + `{"n":12345678901234567890,"p":1.10}`, isJSON + `{"b":1,"a":2}`},
		{"any, with transform", "format: cloudevents, transform: '{id: id}'", isJSON + `{"id":"e1"}`, isJSON + `{"id":"e2"}`},
	}
	s := newReceiver(t)
	webhooks := "webhooks:\n"
	for i, row := range rows {
		webhooks += hook(s, fmt.Sprint("w", i), ", signature: none, "+row.keys)
	}
	h := newHost(t, webhooks)
	for _, event := range []string{modern, legacy} {
		if code := h.call("POST", "/v1/events", event, nil); code != 202 {
			t.Fatalf("%s: answer %d", event, code)
		}
	}
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			path := fmt.Sprint("/w", i)
			eventually(t, "both arrive", func() bool { return len(s.taken(path)) == 2 })
			for _, got := range s.taken(path) {
				parts := []string{got.header.Get("Content-Type"), got.body}
				var attributes []string
				for name, values := range got.header {
					if strings.HasPrefix(name, "Ce-") {
						attributes = append(attributes, name+": "+strings.Join(values, "|"))
					}
				}
				slices.Sort(attributes)
				want := row.modern
				if got.header.Get("Sidehook-Event") == "e2" {
					want = row.legacy
				}
				if got := strings.Join(append(parts, attributes...), " "); got != want {
					t.Errorf("got\n%s, want\n%s", got, want)
				}
			}
		})
	}
}

// TestProfiles has a row for each profile: the format, the signature and the
// user agent that it sets together.
func TestProfiles(t *testing.T) {
	const (
		plain = "application/json sidehook/test "
		data  = `{"n":1}`
		ids   = "Webhook-Id Webhook-Signature Webhook-Timestamp"
	)
	rows := []struct{ profile, want string }{
		{"standard", plain + ids + ` {"type":"a.b","timestamp":"2026-11-23T14:00:00Z","data":{"n":1}}`},
		{"cloudevents", "application/cloudevents+json sidehook/test " + ids + ` {"specversion":"1.0","type":"a.b","id":"e1","source":"app","time":"2026-11-23T14:00:00Z","data":{"n":1}}`},
		{"qlik", `application/json Qlik Webhook Qlik-Signature {"cloudEventsVersion":"0.1","source":"app","contentType":"application/json","eventId":"e1","eventTime":"2026-11-23T14:00:00Z","eventTypeVersion":"1.0.0","eventType":"a.b","extensions":{},"data":{"n":1}}`},
		{"github", plain + "X-Github-Delivery X-Github-Event X-Hub-Signature-256 " + data},
		{"stripe", plain + "Stripe-Signature " + data},
		{"shopify", plain + "X-Shopify-Hmac-Sha256 X-Shopify-Topic X-Shopify-Webhook-Id " + data},
	}
	s := newReceiver(t)
	webhooks := "defaults: {secret: 0123456789abcdef0123456789abcdef}\nwebhooks:\n"
	for _, row := range rows {
		webhooks += hook(s, row.profile, ", profile: "+row.profile)
	}
	h := newHost(t, webhooks)
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e1","source":"app","time":"2026-11-23T14:00:00Z","data":{"n":1}}`, nil)
	for _, row := range rows {
		t.Run(row.profile, func(t *testing.T) {
			got := s.first(t, "/"+row.profile)
			names := strings.Join(signatureHeaders(got.header), " ")
			if got := strings.Join([]string{got.header.Get("Content-Type"), got.header.Get("User-Agent"), names, got.body}, " "); got != row.want {
				t.Errorf("got\n%s, want\n%s", got, row.want)
			}
		})
	}
}
