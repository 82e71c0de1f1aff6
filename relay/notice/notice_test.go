package notice_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/notice"
	"sidehook/relay/route"
)

// appended is a journal that keeps its entries, or is slow to fail.
type appended struct {
	mu    sync.Mutex
	begun time.Time
	fails error
	asked int
	lines []string
}

func (a *appended) append(_ context.Context, entries []history.Entry) ([]history.Receipt, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked++; a.fails != nil {
		err := a.fails
		a.mu.Unlock()
		time.Sleep(2600 * time.Millisecond) // more happens meanwhile
		a.mu.Lock()
		return nil, err
	}
	for _, e := range entries {
		var data struct {
			Webhook, State, Event, Type, Why string
			Count                            int
		}
		raw, _ := e.Event.Data()
		if err := json.Unmarshal(raw, &data); err != nil {
			return nil, err
		}
		line := fmt.Sprintf("%v %s to %s: %s %s %q %d", time.Since(a.begun), strings.TrimPrefix(e.Event.Type, "sidehook."),
			strings.Join(e.To, ","), data.Webhook, data.Event, data.Why, data.Count)
		a.lines = append(a.lines, line)
	}
	return make([]history.Receipt, len(entries)), nil
}

func (a *appended) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fails = err
}

// report runs a Reporter in a bubble. The webhooks ops and boss want all of its
// events, sick only those about webhooks, and app none.
func report(t *testing.T, f func(t *testing.T, n *notice.Reporter, a *appended), want ...string) (log string) {
	t.Helper()
	var text bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		index, err := route.New([]route.Rule{
			{Name: "ops", Globs: []string{"sidehook.**"}}, {Name: "app", Globs: []string{"**"}},
			{Name: "sick", Globs: []string{"sidehook.webhook.*"}}, {Name: "boss", Globs: []string{"sidehook.*.*"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		a := &appended{begun: time.Now()}
		n := notice.New(notice.Options{
			Append: a.append, State: func(string) string { return "failing" }, Log: slog.New(slog.NewTextHandler(&text, nil)),
		})
		n.Apply(notice.Config{Source: "test", Generation: 7, MayWant: index.MayMatch, Match: func(e *event.Event) ([]string, []history.Failure) {
			return index.Match(e.Type, func(func(string, string) bool) {}), nil
		}})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { n.Run(ctx) })
		f(t, n, a)
		synctest.Wait()
		stop()
		running.Wait()
		n.LogUnreported()
		if !slices.Equal(a.lines, want) {
			t.Errorf("got\n  %s\nwant\n  %s", strings.Join(a.lines, "\n  "), strings.Join(want, "\n  "))
		}
	})
	return text.String()
}

func exhausted(event string) notice.Notification {
	return notice.Notification{Type: notice.Exhausted, Webhook: "app", Event: event, EventType: "a.b", Why: "500"}
}

// N2: the first at once, those after it within a minute as one at its end.
func TestOneAMinute(t *testing.T) {
	report(t, func(t *testing.T, n *notice.Reporter, _ *appended) {
		for i := range 1000 {
			n.Add(exhausted(fmt.Sprint("e", i)))
			if i == 0 {
				synctest.Wait()
			}
		}
		time.Sleep(90 * time.Second)
		n.Add(exhausted("late")) // within the next minute
		time.Sleep(5 * time.Minute)
		n.Add(exhausted("alone"))
	},
		`0s delivery.exhausted to ops,boss: app e0 "500" 1`,
		`1m0s delivery.exhausted to ops,boss: app e999 "500" 999`,
		`2m0s delivery.exhausted to ops,boss: app late "500" 1`,
		`6m30s delivery.exhausted to ops,boss: app alone "500" 1`)
}

// A webhook that fails and recovers again and again makes two events a minute, one of
// each type.
func TestFlappingWebhook(t *testing.T) {
	report(t, func(t *testing.T, n *notice.Reporter, _ *appended) {
		for range 12 {
			n.Add(notice.Notification{Type: notice.Failing, Webhook: "app", Event: "e", EventType: "a.b", Why: "503"})
			time.Sleep(5 * time.Second)
			n.Add(notice.Notification{Type: notice.Recovered, Webhook: "app", Event: "e", EventType: "a.b", Why: "works"})
			time.Sleep(6 * time.Second)
		}
		time.Sleep(10 * time.Minute)
	},
		`0s webhook.failing to ops,sick,boss: app e "503" 1`,
		`5s webhook.recovered to ops,sick,boss: app e "works" 1`,
		`1m0s webhook.failing to ops,sick,boss: app e "503" 5`,
		`1m5s webhook.recovered to ops,sick,boss: app e "works" 5`,
		`2m0s webhook.failing to ops,sick,boss: app e "503" 5`,
		`2m5s webhook.recovered to ops,sick,boss: app e "works" 5`,
		`3m0s webhook.failing to ops,sick,boss: app e "503" 1`,
		`3m5s webhook.recovered to ops,sick,boss: app e "works" 1`)
}

// N3: no webhook gets an event about itself, and no event is about an event of
// sidehook's own.
func TestNoLoops(t *testing.T) {
	report(t, func(t *testing.T, n *notice.Reporter, _ *appended) {
		n.Add(notice.Notification{Type: notice.Disabled, Webhook: "sick", Event: "e", EventType: "a.b", Why: "410"})
		synctest.Wait()
		n.Add(notice.Notification{Type: notice.Exhausted, Webhook: "ops", Event: "n1", EventType: "sidehook.webhook.disabled", Why: "500"})
		n.Add(notice.Notification{Type: notice.Failing, Webhook: "boss", Event: "n1", EventType: "sidehook.webhook.disabled", Why: "500"})
		n.Add(notice.Notification{Type: notice.Enabled, Webhook: "boss", Why: "asked"})
	},
		`0s webhook.disabled to ops,boss: sick e "410" 1`,
		`0s webhook.enabled to ops,sick: boss  "asked" 1`)
}

// N4: what the journal refuses is kept, counted and reported once it accepts again.
// The log says so once, and names what is left at a stop.
func TestFullDisk(t *testing.T) {
	log := report(t, func(t *testing.T, n *notice.Reporter, a *appended) {
		a.fail(history.ErrNoRoom)
		for i := range 120 {
			n.Add(exhausted(fmt.Sprint("e", i)))
			time.Sleep(time.Second)
		}
		if a.asked > 30 {
			t.Errorf("tried %d times within 2 minutes", a.asked)
		}
		a.fail(nil)
		time.Sleep(10 * time.Second)
		a.fail(history.ErrStopping)
		n.Add(exhausted("unsaid"))
	}, `2m1.6s delivery.exhausted to ops,boss: app e119 "500" 120`)
	if strings.Count(log, "level=ERROR") != 1 || strings.Count(log, "written again") != 1 ||
		!strings.Contains(log, "since sidehook is stopping\" type=sidehook.delivery.exhausted webhook=app event=unsaid count=1") {
		t.Errorf("logged:\n%s", log)
	}
}

// An event about the history is about no webhook.
func TestHistory(t *testing.T) {
	report(t, func(t *testing.T, n *notice.Reporter, _ *appended) {
		for _, why := range []string{"70 %", "90 %"} {
			n.Add(notice.Notification{Type: notice.Low, Why: why})
			time.Sleep(time.Hour)
		}
	},
		`0s history.low to ops,boss:   "70 %" 1`,
		`1h0m0s history.low to ops,boss:   "90 %" 1`)
}
