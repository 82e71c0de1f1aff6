package intake_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/apitest"
	"sidehook/relay/intake"
)

// deliveries is an intake.Deliveries whose first attempts end after a time.
type deliveries struct {
	after   time.Duration
	watched []string
	waits   int
	closed  int
}

func (d *deliveries) Watch(ids []string) intake.Watch {
	d.watched = append(d.watched, ids...)
	return d
}

func (d *deliveries) Wait(ctx context.Context, all []api.DeliveryStatus) {
	d.waits++
	for i := range all {
		all[i].Status = query.Pending
	}
	select {
	case <-time.After(d.after):
		for i := range all {
			all[i].Status, all[i].Code = history.Delivered, 200+int(all[i].Seq)
		}
	case <-ctx.Done():
	}
}

func (d *deliveries) Close() { d.closed++ }

const preferHead = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"

func post(contentType, body string, headers ...string) string {
	head := preferHead + "Content-Type: " + contentType + "\r\n" + strings.Join(headers, "\r\n")
	if len(headers) > 0 {
		head += "\r\n"
	}
	return head + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func TestPreferWait(t *testing.T) {
	const (
		plain  = `{"type":"b.x","id":"w"}`
		done   = `{"id":"w","webhooks":["one","two"],"deliveries":[{"webhook":"one","status":"delivered","code":201},{"webhook":"two","status":"delivered","code":201}]}`
		untold = `{"id":"w","webhooks":["one","two"],"deliveries":[{"webhook":"one","status":"waiting"},{"webhook":"two","status":"waiting"}]}`
		short  = `{"id":"w","webhooks":["one","two"]}`
	)
	for _, c := range []struct {
		name    string
		after   time.Duration
		headers []string
		took    time.Duration
		applied string
		want    string
	}{
		{"not asked for", time.Second, nil, 0, "", short},
		{"in time", 2 * time.Second, []string{"Prefer: wait=5"}, 2 * time.Second, "wait=5", done},
		{"out of time", time.Minute, []string{"Prefer: wait=5"}, 5 * time.Second, "wait=5", untold},
		{"at most 30", time.Minute, []string{"Prefer: wait=31"}, 30 * time.Second, "wait=30", untold},
		{"no number holds it", time.Minute, []string{"Prefer: wait=99999999999999999999"}, 30 * time.Second, "wait=30", untold},
		{"not at all", time.Minute, []string{"Prefer: wait=0"}, 0, "wait=0", untold},
		{"among others", time.Minute, []string{"Prefer: respond-async, foo; wait=9, WAIT = 3 ; x=y, wait=7"}, 3 * time.Second, "wait=3", untold},
		{"on another line", time.Minute, []string{`Prefer: a="b, wait=9 \", c"`, `Prefer: wait="4"`}, 4 * time.Second, "wait=4", untold},
		{"no number", time.Second, []string{"Prefer: wait=soon"}, 0, "", short},
		{"negative", time.Second, []string{"Prefer: wait=-1"}, 0, "", short},
		{"without one", time.Second, []string{"Prefer: wait"}, 0, "", short},
		{"another preference", time.Second, []string{"Prefer: await=5"}, 0, "", short},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &deliveries{after: c.after}
				p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{Deliveries: d})
				defer stop()
				client := p.Dial()
				begin := time.Now()
				client.Send(t, post(apitest.JSON, plain, c.headers...))
				r := client.Answer(t)
				r.Check(t, 202, c.want+"\n")
				if took := time.Since(begin); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				if got := r.Header.Get("Preference-Applied"); got != c.applied {
					t.Errorf("Preference-Applied %q, want %q", got, c.applied)
				}
				asked := 0
				if c.applied != "" {
					asked = 1
				}
				if d.waits != asked || d.closed != asked || len(d.watched) != asked {
					t.Errorf("waited %d times, closed %d, watched %q", d.waits, d.closed, d.watched)
				}
				// The connection goes on.
				client.Send(t, apitest.Request)
				client.Answer(t).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
			})
		})
	}
}

// Each event of a request has its own deliveries; one that was accepted before
// has none.
func TestPreferWaitOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &deliveries{}
		p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{Deliveries: d})
		defer stop()
		client := p.Dial()
		client.Send(t, post(apitest.CloudEvents, "["+ce("1", "a.x")+","+ce("2", "c")+","+ce("1", "a.x")+","+ce("3", "b.x")+"]", "Prefer: wait=1"))
		client.Answer(t).Check(t, 202, `{"events":[{"id":"1","webhooks":["one"],"deliveries":[{"webhook":"one","status":"delivered","code":201}]},`+
			`{"id":"2","webhooks":[],"deliveries":[]},{"id":"1","webhooks":["first"],"duplicate":true,"deliveries":[]},`+
			`{"id":"3","webhooks":["one","two"],"deliveries":[{"webhook":"one","status":"delivered","code":203},{"webhook":"two","status":"delivered","code":203}]}]}`+"\n")
	})
}

// A stop lets go of who waits, and so does a client that hangs up; a refused
// request waits for nothing.
func TestPreferWaitEnds(t *testing.T) {
	for name, end := range map[string]func(*apitest.Client, func() error){
		"stop":     func(_ *apitest.Client, stop func() error) { stop() },
		"hung up":  func(c *apitest.Client, _ func() error) { c.Close() },
		"refused":  nil,
		"bad JSON": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, j := &deliveries{after: time.Hour}, &apitest.Journal{}
				body := `{"type":"a.x","id":"1"}`
				if name == "refused" {
					j.Fail(errors.New("broken"))
				}
				if name == "bad JSON" {
					body = "{"
				}
				p, stop := apitest.Serve(j, apitest.Options{Deliveries: d})
				defer stop()
				client := p.Dial()
				begin := time.Now()
				client.Send(t, post(apitest.JSON, body, "Prefer: wait=20"))
				synctest.Wait()
				if end == nil {
					if r := client.Answer(t); r.StatusCode < 400 || r.Header.Get("Preference-Applied") != "" {
						t.Errorf("got %d %v", r.StatusCode, r.Header)
					}
				} else {
					ended := make(chan struct{})
					go func() { end(client, stop); close(ended) }()
					defer func() { <-ended }() // before the stop that is deferred, too
					if r := client.Answer(t); name == "stop" {
						r.Check(t, 202, `{"id":"1","webhooks":["one"],"deliveries":[{"webhook":"one","status":"waiting"}]}`+"\n")
					}
				}
				synctest.Wait()
				if took := time.Since(begin); took > time.Second || d.closed != len(d.watched) {
					t.Errorf("let go after %v, closed %d of %d", took, d.closed, len(d.watched))
				}
			})
		})
	}
}
