package send_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/format"
	"sidehook/relay/send"
	"sidehook/relay/sign"
)

// The headers that come from the event are sent, and recorded with the attempt; whether a
// header is shown depends on its name, as it does elsewhere.
func TestBinaryContent(t *testing.T) {
	address, got := recorder(t, 200)
	s := settings(t, address)
	s.Format = format.CloudEventsBinary
	s.Signers = []*sign.Signer{signer(t, sign.GitHub, secret), signer(t, sign.Standard, secret)}
	q := begin(t, s, send.Options{})
	q.addJSON(`{"specversion":"1.0","id":"1","source":"/a b","type":"ordér.paid","token":"t-123","datacontenttype":"text/plain","data":"hello"}`)
	r := <-got
	if r.body != "hello" || r.ContentLength != 5 || r.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %q of %q", r.body, r.Header.Get("Content-Type"))
	}
	for name, want := range map[string]string{
		"Ce-Source": "/a%20b", "Ce-Type": "ord%C3%A9r.paid", "Ce-Token": "t-123", "X-Github-Event": "ord%C3%A9r.paid", "X-Github-Delivery": "1", "Webhook-Id": "1",
	} {
		if got := r.Header[name]; len(got) != 1 || got[0] != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	for _, scheme := range []sign.Scheme{sign.GitHub, sign.Standard} {
		if err := sign.Verify(scheme, keys(t, secret), r.Header, []byte(r.body), time.Now()); err != nil {
			t.Error(err)
		}
	}
	var own []string
	for _, h := range q.wait(t, 1)[0].Request {
		if strings.HasSuffix(strings.ToLower(h.Name), "signature") || strings.HasSuffix(h.Name, "256") || h.Name == "webhook-timestamp" {
			h.Value = "…"
		}
		own = append(own, fmt.Sprint(h))
	}
	want := []string{
		"{Content-Type text/plain}", "{ce-specversion 1.0}", "{ce-id 1}", "{ce-source /a%20b}", "{ce-type ord%C3%A9r.paid}", "{ce-token ***}",
		"{X-GitHub-Event ord%C3%A9r.paid}", "{X-GitHub-Delivery 1}", "{X-Hub-Signature-256 …}", "{webhook-timestamp …}", "{webhook-signature …}",
	}
	if !slices.Equal(own, want) {
		t.Errorf("recorded %q\nwant     %q", own, want)
	}
}

// Types that are no header's value as they stand end no line and exceed no
// bound.
func TestTypeAsHeader(t *testing.T) {
	address, got := recorder(t, 200)
	s := settings(t, address)
	s.Format, s.Signers = format.Data, []*sign.Signer{signer(t, sign.Shopify, secret)}
	q := begin(t, s, send.Options{})
	for typ, want := range map[string]string{
		"orders/create":                  "orders/create",
		"100% of a b":                    "100% of a b",
		` edge`:                          "%20edge",
		`a\r\nX-Evil: b`:                 "a%0D%0AX-Evil:%20b",
		strings.Repeat("é", 1<<10):       strings.Repeat("%C3%A9", 1<<10)[:1024],
		strings.Repeat("x", 1<<10) + "y": strings.Repeat("x", 1<<10),
	} {
		q.addJSON(`{"specversion":"1.0","id":"1","source":"a","type":"` + typ + `"}`)
		if topic := (<-got).Header["X-Shopify-Topic"]; len(topic) != 1 || topic[0] != want {
			t.Errorf("%.40q: got %q, want %q", typ, topic, want)
		}
	}
}

// A body without a byte has a length as well.
func TestEmptyContent(t *testing.T) {
	for _, f := range []format.Format{format.Data, format.CloudEventsBinary} {
		address, got := recorder(t, 200)
		s := settings(t, address)
		s.Format, s.Signers = f, []*sign.Signer{signer(t, sign.GitHub, secret)}
		q := begin(t, s, send.Options{})
		q.addJSON(`{"specversion":"1.0","id":"1","source":"a","type":"t"}`)
		r := <-got
		if r.ContentLength != 0 || len(r.TransferEncoding) > 0 || r.Header.Get("Content-Length") != "0" || r.body != "" {
			t.Errorf("%v: got a length of %d, transfer encoding %v, body %q", f, r.ContentLength, r.TransferEncoding, r.body)
		}
		if err := sign.Verify(sign.GitHub, keys(t, secret), r.Header, nil, time.Now()); err != nil {
			t.Errorf("%v: %v", f, err)
		}
	}
}

// An event that cannot be sent does not count against the receiver, and the error says
// why.
func TestUnfitContent(t *testing.T) {
	address, got := recorder(t, 200)
	s := settings(t, address)
	s.Format = format.CloudEventsBinary
	q := begin(t, s, send.Options{})
	q.addJSON(`{"specversion":"1.0","id":"1","source":"a","type":"t","big":"` + strings.Repeat("x", 9<<10) + `"}`)
	if l := q.wait(t, 1)[0]; l.how != "done" || l.Status != history.Failed || !l.Unsent || !strings.Contains(l.Error, "more than 8192") || len(got) != 0 {
		t.Errorf("got %s, %d requests", show([]line{l}), len(got))
	}
}

// A body that receivers read as another event is not sent beside the attributes
// of this one, whatever its data is.
func TestBinaryThatNamesCloudEvents(t *testing.T) {
	const inner = `{"specversion":"1.0","id":"evil","source":"x","type":"y"}`
	for _, c := range []struct {
		name, members string
		format        format.Format
		transform     bool
		sent          string // the Content-Type; "" if nothing is
	}{
		{name: "JSON", members: `"datacontenttype":"application/cloudevents+json","data":` + inner, format: format.CloudEventsBinary},
		{name: "capitals", members: `"datacontenttype":"Application/CloudEvents+JSON","data":` + inner, format: format.CloudEventsBinary},
		{name: "charset", members: `"datacontenttype":"application/cloudevents+json; charset=utf-8","data":` + inner, format: format.CloudEventsBinary},
		{name: "batch", members: `"datacontenttype":"application/cloudevents-batch+json","data":[` + inner + `]`, format: format.CloudEventsBinary},
		{name: "no suffix", members: `"datacontenttype":"application/cloudevents","data":"x"`, format: format.CloudEventsBinary},
		{name: "escapes", members: `"datacontenttype":"application\/cloud\u0065vents+json","data":` + inner, format: format.CloudEventsBinary},
		{name: "bytes", members: `"datacontenttype":"application/cloudevents+json","data_base64":"e30="`, format: format.CloudEventsBinary},
		{name: "no data", members: `"datacontenttype":"application/cloudevents+json"`, format: format.CloudEventsBinary},
		{name: "the data alone", members: `"datacontenttype":"application/cloudevents+json","data":` + inner, format: format.Data, sent: "application/cloudevents+json"},
		{name: "structured", members: `"datacontenttype":"application/cloudevents+json","data":` + inner, format: format.CloudEvents, sent: "application/cloudevents+json"},
		{name: "transformed", members: `"datacontenttype":"application/cloudevents+json","data":` + inner, format: format.CloudEventsBinary, transform: true, sent: "application/json"},
		{name: "another type", members: `"datacontenttype":"application/cloudevent","data":1`, format: format.CloudEventsBinary, sent: "application/cloudevent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, got := recorder(t, 200)
			s := settings(t, address)
			s.Format = c.format
			if c.transform {
				s.Transform = func(*event.Event) ([]byte, error) { return []byte(`{"made":true}`), nil }
			}
			q := begin(t, s, send.Options{})
			q.addJSON(`{"specversion":"1.0","id":"1","source":"a","type":"t",` + c.members + `}`)
			l := q.wait(t, 1)[0]
			if c.sent != "" {
				if r := <-got; l.Status != history.Delivered || r.Header.Get("Content-Type") != c.sent {
					t.Errorf("got %s, sent as %q, want %q", show([]line{l}), r.Header.Get("Content-Type"), c.sent)
				}
				return
			}
			if l.how != "done" || l.Status != history.Failed || !l.Unsent || !strings.Contains(l.Error, "format: cloudevents") || len(got) != 0 {
				t.Errorf("got %s, %d requests, want it failed", show([]line{l}), len(got))
			}
		})
	}
}

// A transform makes the body, which is signed, and its Content-Type.
func TestTransform(t *testing.T) {
	address, got := recorder(t, 204)
	s := settings(t, address)
	s.Format = format.CloudEvents
	s.Signers = []*sign.Signer{signer(t, sign.Standard, secret)}
	s.Transform = func(e *event.Event) ([]byte, error) { return []byte(`{"was":"` + e.Type + `"}`), nil }
	q := begin(t, s, send.Options{})
	q.add("a")
	r := <-got
	if r.body != `{"was":"order.paid"}` || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s: %s", r.Header.Get("Content-Type"), r.body)
	}
	if err := sign.Verify(sign.Standard, keys(t, secret), r.Header, []byte(r.body), time.Now()); err != nil {
		t.Error(err)
	}
	if config := s.Config(1); !slices.Contains(config.Headers, history.Header{Name: "Content-Type", Value: "application/json"}) {
		t.Errorf("recorded %v", config)
	}
}
