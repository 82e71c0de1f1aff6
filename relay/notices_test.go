package relay_test

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
	"sidehook/relay"
	"sidehook/relay/deliver"
	"sidehook/relay/route"
)

// appended is a journal that keeps what it is given, or takes its time to fail.
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

// noticing runs notices in a bubble. The webhooks ops and boss want all of
// them, sick only what becomes of webhooks, and app none.
func noticing(t *testing.T, f func(t *testing.T, n relay.Notices, a *appended), want ...string) (log string) {
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
		n := relay.NewNotices(index, slog.New(slog.NewTextHandler(&text, nil)), a.append)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { n.Run(ctx) })
		f(t, n, a)
		synctest.Wait()
		stop()
		running.Wait()
		n.Leave()
		if !slices.Equal(a.lines, want) {
			t.Errorf("got\n  %s\nwant\n  %s", strings.Join(a.lines, "\n  "), strings.Join(want, "\n  "))
		}
	})
	return text.String()
}

func exhausted(event string) deliver.Happening {
	return deliver.Happening{What: deliver.Exhausted, Webhook: "app", Event: event, Type: "a.b", Why: "500"}
}

// N2: the first at once, those behind it within a minute as one at its end.
func TestNoticesAreLimited(t *testing.T) {
	noticing(t, func(t *testing.T, n relay.Notices, _ *appended) {
		for i := range 1000 {
			n.Happened(exhausted(fmt.Sprint("e", i)))
			if i == 0 {
				synctest.Wait()
			}
		}
		time.Sleep(90 * time.Second)
		n.Happened(exhausted("late")) // within the minute of what was told at its end
		time.Sleep(5 * time.Minute)
		n.Happened(exhausted("alone"))
	},
		`0s delivery.exhausted to ops,boss: app e0 "500" 1`,
		`1m0s delivery.exhausted to ops,boss: app e999 "500" 999`,
		`2m0s delivery.exhausted to ops,boss: app late "500" 1`,
		`6m30s delivery.exhausted to ops,boss: app alone "500" 1`)
}

// A webhook that comes and goes is told of twice a minute, once a kind.
func TestNoticesOfAFlappingWebhook(t *testing.T) {
	noticing(t, func(t *testing.T, n relay.Notices, _ *appended) {
		for range 12 {
			n.Happened(deliver.Happening{What: deliver.Failing, Webhook: "app", Event: "e", Type: "a.b", Why: "503"})
			time.Sleep(5 * time.Second)
			n.Happened(deliver.Happening{What: deliver.Recovered, Webhook: "app", Event: "e", Type: "a.b", Why: "works"})
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

// N3: a webhook is not told of itself, and no event is about an event of
// sidehook's own.
func TestNoticesOfNotices(t *testing.T) {
	noticing(t, func(t *testing.T, n relay.Notices, _ *appended) {
		n.Happened(deliver.Happening{What: deliver.Disabled, Webhook: "sick", Event: "e", Type: "a.b", Why: "410"})
		synctest.Wait()
		n.Happened(deliver.Happening{What: deliver.Exhausted, Webhook: "ops", Event: "n1", Type: "sidehook.webhook.disabled", Why: "500"})
		n.Happened(deliver.Happening{What: deliver.Failing, Webhook: "boss", Event: "n1", Type: "sidehook.webhook.disabled", Why: "500"})
		n.Happened(deliver.Happening{What: deliver.Enabled, Webhook: "boss", Why: "asked"})
	},
		`0s webhook.disabled to ops,boss: sick e "410" 1`,
		`0s webhook.enabled to ops,sick: boss  "asked" 1`)
}

// N4: what the journal does not take is kept, counted and told once it does;
// the log says so once, and what is left at a stop.
func TestNoticesOnAFullDisk(t *testing.T) {
	log := noticing(t, func(t *testing.T, n relay.Notices, a *appended) {
		a.fail(history.ErrNoRoom)
		for i := range 120 {
			n.Happened(exhausted(fmt.Sprint("e", i)))
			time.Sleep(time.Second)
		}
		if a.asked > 30 {
			t.Errorf("tried %d times within 2 minutes", a.asked)
		}
		a.fail(nil)
		time.Sleep(10 * time.Second)
		a.fail(history.ErrStopping)
		n.Happened(exhausted("unsaid"))
	}, `2m1.6s delivery.exhausted to ops,boss: app e119 "500" 120`)
	if strings.Count(log, "level=ERROR") != 1 || strings.Count(log, "written again") != 1 ||
		!strings.Contains(log, "as sidehook stops\" type=sidehook.delivery.exhausted webhook=app event=unsaid count=1") {
		t.Errorf("logged:\n%s", log)
	}
}

// That the history fills its limit is about no webhook.
func TestNoticesOfTheHistory(t *testing.T) {
	noticing(t, func(t *testing.T, n relay.Notices, _ *appended) {
		n.Low(70, 12<<20, 16<<20)
		time.Sleep(time.Hour)
		n.Low(90, 15<<20, 16<<20)
	},
		`0s history.low to ops,boss:   "the history has come to 70 % of max_size: 12 MiB of 16" 1`,
		`1h0m0s history.low to ops,boss:   "the history has come to 90 % of max_size: 15 MiB of 16" 1`)
}
