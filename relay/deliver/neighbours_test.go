package deliver_test

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/deliver"
)

// A receiver that is dead, one that hangs and one that is slow change nothing for
// a good one: its requests begin when their events come.
func TestBadNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := map[string]*fakeQueue{}
		var hooks []deliver.Webhook
		for _, name := range []string{"dead", "hanging", "slow", "throttling", "good"} {
			queues[name] = newQueue()
			s := settings(t, "http://"+name+".example")
			s.Concurrency = 16
			hooks = append(hooks, deliver.Webhook{Name: name, Generation: 1, Settings: s})
		}
		var mu sync.Mutex
		var worst time.Duration
		n := 0
		d := deliver.New(open(queues), quiet(deliver.Options{}))
		d.Through(receiver(func(r *http.Request) (int, error) {
			switch r.URL.Host {
			case "dead.example":
				return 0, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			case "hanging.example":
				<-r.Context().Done()
				return 0, r.Context().Err()
			case "slow.example":
				time.Sleep(4 * time.Second)
			case "throttling.example":
				return 0, throttle(429)
			case "good.example":
				sent, err := strconv.ParseInt(r.Header.Get("Sidehook-Event"), 10, 64)
				if err != nil {
					return 0, err
				}
				mu.Lock()
				defer mu.Unlock()
				worst = max(worst, time.Since(time.Unix(0, sent)))
				n++
			}
			return 200, nil
		}))
		d.Apply(hooks)
		stop := run(t, d)
		for range 3000 {
			for _, q := range queues {
				q.add(strconv.FormatInt(time.Now().UnixNano(), 10))
			}
			time.Sleep(100 * time.Millisecond)
		}
		mu.Lock()
		defer mu.Unlock()
		if n != 3000 || worst > 0 {
			t.Errorf("%d of 3000 requests, the latest %v after its event", n, worst)
		}
		stop()
	})
}
