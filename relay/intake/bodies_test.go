package intake_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/apitest"
)

// TestLargeBodiesWait has clients post large bodies of which there is room for
// two. The third waits for one of them to be on the disk, or is told to come
// again; small ones go on meanwhile.
func TestLargeBodiesWait(t *testing.T) {
	const size = 100 << 10
	for _, c := range []struct {
		name   string
		chunks bool
		disk   time.Duration // that it takes
		status int           // of the third
		after  time.Duration
	}{
		{"announced", false, 5 * time.Second, 202, 5 * time.Second},
		{"in chunks", true, 5 * time.Second, 202, 5 * time.Second},
		{"in vain", false, time.Minute, 429, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := true
				j := &apitest.Journal{Wait: func(context.Context) error {
					if slow {
						time.Sleep(c.disk)
					}
					return nil
				}}
				// In chunks each may be as large as an event may be.
				p, stop := apitest.Serve(j, apitest.Options{Bodies: 7 * size, MaxEventSize: size + 100})
				defer stop()
				post := func(id string, bytes int) *apitest.Client {
					client := p.Dial()
					go client.Write([]byte(posted(id, bytes, c.chunks)))
					return client
				}
				first, second := post("1", size), post("2", size)
				synctest.Wait()
				begun := time.Now()
				third := post("3", size)
				synctest.Wait()
				slow = false
				if answer := post("4", 1000).Answer(t); answer.StatusCode != 202 || time.Since(begun) != 0 {
					t.Errorf("a small one: %d after %v, want 202 at once", answer.StatusCode, time.Since(begun))
				}
				answer := third.Answer(t)
				if answer.StatusCode != c.status || time.Since(begun) != c.after {
					t.Errorf("got %d %s after %v, want %d after %v", answer.StatusCode, answer.Text, time.Since(begun), c.status, c.after)
				}
				if retry := answer.Header.Get("Retry-After"); c.status == 429 && retry != "1" {
					t.Errorf("got Retry-After %q, want 1", retry)
				}
				for _, client := range []*apitest.Client{first, second} {
					if answer := client.Answer(t); answer.StatusCode != 202 {
						t.Errorf("got %d %s, want 202", answer.StatusCode, answer.Text)
					}
				}
				// Each request has given its memory back, whatever its answer.
				if answer := post("5", size).Answer(t); answer.StatusCode != 202 {
					t.Errorf("afterwards: got %d %s", answer.StatusCode, answer.Text)
				}
			})
		})
	}
}

// posted is a request with an event of about so many bytes.
func posted(id string, bytes int, chunks bool) string {
	event := fmt.Sprintf(`{"type":"a.b","id":%q,"data":%q}`, id, strings.Repeat("x", bytes))
	head := "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	if chunks {
		return head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(event), event)
	}
	return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(event), event)
}

// One body that is larger than the room for all has it for itself.
func TestBodyLargerThanTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{Bodies: 1000})
		defer stop()
		for i := range 3 {
			client := p.Dial()
			go client.Write([]byte(posted(fmt.Sprint(i), 100<<10, i == 1)))
			if answer := client.Answer(t); answer.StatusCode != 202 {
				t.Errorf("got %d %s, want 202", answer.StatusCode, answer.Text)
			}
		}
	})
}
