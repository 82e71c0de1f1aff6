package intake_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"sidehook/history"
	"sidehook/relay/apitest"
)

// TestAnswered goes through what is told of events: each of a request that was
// read, and one of a request that was not.
func TestAnswered(t *testing.T) {
	const batch, single = "application/cloudevents-batch+json", apitest.JSON
	event := func(id, data string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"s","type":"a.b","data":%s}`, id, data)
	}
	many := func(events ...string) string { return "[" + strings.Join(events, ",") + "]" }
	for _, c := range []struct {
		name, contentType, body string
		fails                   error
		headers                 []string
		want                    string
	}{
		{name: "new", contentType: single, body: event("n", "1"), want: "accepted 1"},
		{name: "unwanted", contentType: batch, body: many(strings.Replace(event("u", "1"), "a.b", "x.y", 1), event("v", "1")), want: "accepted 2, unmatched 1"},
		{name: "known", contentType: single, body: event("k", "1"), want: "duplicate 1"},
		{name: "another content", contentType: single, body: event("k", "2"), want: "409 1"},
		{name: "mixed", contentType: batch, body: many(event("k", "1"), event("1", "1"), event("2", "1")), want: "accepted 2, duplicate 1"},
		{name: "conflict in a batch", contentType: batch, body: many(event("3", "1"), event("4", "1"), event("k", "2")), want: "409 3"},
		{name: "not ours", contentType: batch, body: many(event("5", "1"), strings.Replace(event("6", "1"), "a.b", "sidehook.x", 1)), want: "422 2"},
		{name: "no JSON", contentType: batch, body: "[", want: "400 1"},
		{name: "unknown form", contentType: "text/html", body: "x", want: "415 1"},
		{name: "a web page's", contentType: single, body: event("n", "1"), headers: []string{"Origin", "https://evil.example"}, want: "403 1"},
		{name: "busy", contentType: batch, body: many(event("7", "1"), event("8", "1")), fails: history.ErrBusy, want: "429 2"},
		{name: "no room", contentType: single, body: event("9", "1"), fails: history.ErrNoRoom, want: "507 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			var told []string
			tell := func(result string, events int) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, fmt.Sprint(result, " ", events))
			}
			l := apitest.Start(t, apitest.Settings, apitest.Options{Answered: tell, Unmatched: func(events int) { tell("unmatched", events) }})
			l.Post(t, single, event("k", "1"))
			l.Journal.Fail(c.fails)
			l.Post(t, c.contentType, c.body, c.headers...)
			apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/events", "")
			mu.Lock()
			defer mu.Unlock()
			if got := strings.Join(told[1:], ", "); told[0] != "accepted 1" || got != c.want {
				t.Errorf("told of %s behind %s, want %s", got, told[0], c.want)
			}
		})
	}
}

// TestEventsAreLogged: each event of a request is logged at debug, without its data.
func TestEventsAreLogged(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	l := apitest.Start(t, apitest.Settings, apitest.Options{Log: log})
	l.Post(t, apitest.JSON, `{"specversion":"1.0","id":"k","source":"s","type":"a.b","data":"hush"}`)
	l.Post(t, "application/cloudevents-batch+json", `[
		{"specversion":"1.0","id":"k","source":"s","type":"a.b","data":"hush"},
		{"specversion":"1.0","id":"two","source":"s","type":"b.c","data":"hush"},
		{"specversion":"1.0","id":"unwanted","source":"s","type":"x.y","data":"hush"}]`)
	if err := l.Stop(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(text.String()) {
		if _, message, ok := strings.Cut(line, "level=DEBUG msg="); ok {
			got = append(got, strings.TrimSpace(message))
		}
	}
	want := []string{
		`"event accepted" event=k type=a.b webhooks=one`,
		`"event was accepted before" event=k type=a.b`,
		`"event accepted" event=two type=b.c webhooks=one,two`,
		`"event accepted; no webhook wants it" event=unwanted type=x.y`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(text.String(), "hush") {
		t.Error("the data of an event is in the log")
	}
}
