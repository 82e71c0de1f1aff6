package send_test

import (
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

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestWhatAReceiverSees(t *testing.T) {
	address, got := recorder(t, 204)
	s := settings(t, address+"/hook?x=1")
	s.Signers = []*sign.Signer{signer(t, sign.Standard, secret)}
	s.Headers = []send.Header{{Name: "x-team", Value: "data"}, {Name: "Authorization", Value: "Bearer abc"}}
	q := begin(t, s, send.Options{})
	q.addJSON(`{"specversion":"1.0","id":"ev-1","source":"app","type":"order.paid","time":"2026-11-23T14:00:00Z","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","tracestate":"a=b","data":{"n":1}}`)

	r := <-got
	if r.Method != "POST" || r.RequestURI != "/hook?x=1" || r.Proto != "HTTP/1.1" || len(r.TransferEncoding) > 0 {
		t.Errorf("got %s %s %s, transfer encoding %v", r.Method, r.RequestURI, r.Proto, r.TransferEncoding)
	}
	const body = `{"type":"order.paid","timestamp":"2026-11-23T14:00:00Z","data":{"n":1}}`
	if r.body != body || r.ContentLength != int64(len(body)) {
		t.Errorf("got a body of length %d: %s", r.ContentLength, r.body)
	}
	if err := sign.Verify(sign.Standard, keys(t, secret), r.Header, []byte(r.body), time.Now()); err != nil {
		t.Error(err)
	}
	for _, varies := range []string{"Webhook-Timestamp", "Webhook-Signature", "Content-Length"} {
		if r.Header.Get(varies) == "" {
			t.Errorf("no header %s", varies)
		}
		r.Header.Del(varies)
	}
	var lines []string
	for name, values := range r.Header {
		lines = append(lines, name+": "+strings.Join(values, "|"))
	}
	slices.Sort(lines)
	want := []string{
		"Authorization: Bearer abc",
		"Content-Type: application/json",
		"Sidehook-Attempt: 1",
		"Sidehook-Event: ev-1",
		"Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"Tracestate: a=b",
		"User-Agent: sidehook/test",
		"Webhook-Id: ev-1",
		"X-Team: data",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got headers %q\nwant %q", lines, want)
	}

	record := q.wait(t, 1)[0]
	if record.how != "done" || record.Status != history.Delivered || record.Code != 204 || record.Error != "" ||
		record.Generation != 1 || record.Event != "ev-1" || record.Type != "order.paid" || record.SentID != "" {
		t.Errorf("got record %+v", record)
	}
	if record.Took <= 0 || record.Timing.Connect <= 0 || record.Timing.FirstByte <= 0 || record.Timing.FirstByte > record.Took ||
		record.Timing.TLS != 0 || record.Timing.DNS != 0 || "http://"+record.Remote != address {
		t.Errorf("got took %v, timing %+v, remote %s", record.Took, record.Timing, record.Remote)
	}
	var own []string
	for _, h := range record.Request {
		own = append(own, h.Name)
	}
	if !slices.Equal(own, []string{"webhook-timestamp", "webhook-signature"}) {
		t.Errorf("got recorded request headers %q", own)
	}
	if config := s.Config(1); config.Generation != 1 || config.URL != address+"/hook" || !slices.Equal(config.Headers, []history.Header{
		{Name: "x-team", Value: "data"}, {Name: "Authorization", Value: "***"},
		{Name: "Content-Type", Value: "application/json"}, {Name: "User-Agent", Value: "sidehook/test"},
	}) {
		t.Errorf("got configuration %+v", config)
	}
}

// A connection is kept, and its second use has nothing to set up.
func TestKeptConnection(t *testing.T) {
	address, got := recorder(t, 200)
	q := begin(t, settings(t, address), send.Options{})
	q.add("1")
	q.wait(t, 1)
	q.add("2")
	second := q.wait(t, 2)[1]
	if a, b := <-got, <-got; a.RemoteAddr != b.RemoteAddr {
		t.Errorf("two connections: %s, %s", a.RemoteAddr, b.RemoteAddr)
	}
	if second.Timing.Connect != 0 || second.Remote == "" {
		t.Errorf("got timing %+v, remote %q", second.Timing, second.Remote)
	}
}

// The Qlik profile: its envelope, its signature, its user agent; and the id
// that a receiver is given where the event's own would not survive.
func TestQlik(t *testing.T) {
	address, got := recorder(t, 200)
	s := settings(t, address)
	s.Format, s.UserAgent = format.CloudEvents01, "Qlik Webhook"
	s.Signers = []*sign.Signer{signer(t, sign.Qlik, secret)}
	q := begin(t, s, send.Options{})
	q.addJSON(`{"cloudEventsVersion":"0.1","source":"com.qlik/engine","eventId":"a b.c","eventType":"com.qlik.v1.app.deleted"}`)
	r := <-got
	if err := sign.Verify(sign.Qlik, keys(t, secret), r.Header, []byte(r.body), time.Now()); err != nil {
		t.Error(err)
	}
	id := sign.DeliveryID("com.qlik/engine", "a b.c")
	if r.Header.Get("Sidehook-Event") != id || r.Header.Get("User-Agent") != "Qlik Webhook" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got headers %v", r.Header)
	}
	if record := q.wait(t, 1)[0]; record.Event != "a b.c" || record.SentID != id {
		t.Errorf("got event %q, sent as %q", record.Event, record.SentID)
	}
}

// A retry and a resend say so, and an event that cannot be read is no fault of
// the receiver's.
func TestAttemptHeaders(t *testing.T) {
	address, got := recorder(t, 500)
	q := begin(t, settings(t, address), send.Options{})
	q.send(send.Delivery{Event: &event.Event{JSON: []byte(`{"specversion":"1.0","id":"1","source":"a","type":"t","traceparent":"not\u00e9ascii"}`)}, Attempt: 2, Resend: true})
	l := q.wait(t, 1)[0]
	r := <-got
	if r.Header.Get("Sidehook-Attempt") != "2" || r.Header.Get("Sidehook-Resend") != "true" || r.Header.Get("Traceparent") != "" {
		t.Errorf("got headers %v", r.Header)
	}
	if l.how != "retry" || l.Error != "500 Internal Server Error" {
		t.Errorf("got %s", show([]line{l}))
	}
	q.addJSON(`{"specversion":"1.0"}`)
	if l := q.wait(t, 2)[1]; l.how != "done" || l.Status != history.Failed || !strings.Contains(l.Error, "id, source or type is missing") {
		t.Errorf("got %s", show([]line{l}))
	}
}
