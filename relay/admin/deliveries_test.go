package admin_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/historytest"
	"sidehook/relay/apitest"
)

const attempts = 250

func generated(t *testing.T) *historytest.Disk {
	t.Helper()
	fs := historytest.NewDisk()
	if err := historytest.GenerateFS(fs, historytest.Options{Attempts: attempts, Seed: 3, Until: apitest.At}); err != nil {
		t.Fatal(err)
	}
	return fs
}

// record is what is looked at of an attempt.
type record struct {
	N       uint64
	Kind    string
	Webhook string
	Status  string
}

type page struct {
	Deliveries []record
	Cursor     string
}

func numbers(list []record) (n []uint64) {
	for _, r := range list {
		n = append(n, r.N)
	}
	return n
}

// TestDeliveries goes through all pages.
func TestDeliveries(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	l.Operator.Files = generated(t)
	var all []record
	path := "/v1/deliveries?limit=60"
	for pages := 1; ; pages++ {
		r := apitest.Do(t, l.ViaUnix, "GET", "http://localhost"+path, "")
		var p page
		if err := json.Unmarshal([]byte(r.Text), &p); err != nil || r.StatusCode != 200 {
			t.Fatalf("%s: %d %v: %.200s", path, r.StatusCode, err, r.Text)
		}
		all = append(all, p.Deliveries...)
		if p.Cursor == "" {
			if pages != 5 {
				t.Errorf("%d pages, want 5", pages)
			}
			break
		}
		path = "/v1/deliveries?limit=60&cursor=" + p.Cursor
	}
	if len(all) != attempts || !slices.IsSortedFunc(all, func(a, b record) int { return int(b.N) - int(a.N) }) {
		t.Errorf("%d attempts, want %d, newest first: %v", len(all), attempts, numbers(all))
	}
	r := apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/deliveries?webhook=webhook-9&status=retrying,exhausted&limit=1000", "")
	var p page
	if err := json.Unmarshal([]byte(r.Text), &p); err != nil {
		t.Fatal(err)
	}
	var want []uint64
	for _, a := range all {
		if a.Webhook == "webhook-9" && a.Status != "delivered" {
			want = append(want, a.N)
		}
	}
	if got := numbers(p.Deliveries); !slices.Equal(got, want) || len(want) == 0 || p.Cursor != "" {
		t.Errorf("of one webhook: got %v, want %v; cursor %q", got, want, p.Cursor)
	}
	apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/deliveries?type=nope", "").Check(t, 200, "{\"deliveries\":[]}\n")

	lines := apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/deliveries", "", "Accept", "text/plain;q=0.1, application/x-ndjson")
	if got := strings.Count(lines.Text, "\n"); got != attempts || lines.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("a stream of %d lines of %s, want %d", got, lines.Header.Get("Content-Type"), attempts)
	}
}

func TestDeliveriesRefused(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	l.Operator.Files = historytest.NewDisk()
	for query, detail := range map[string]string{
		"limit=0":                      `"limit" must be a number from 1 to 1000, not "0"`,
		"limit=1001":                   `"limit" must be a number from 1 to 1000, not "1001"`,
		"status=lost":                  `unknown status "lost"; use delivered, retrying, failed, exhausted, canceled or expired`,
		"since=yesterday":              `"since" must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not "yesterday"`,
		"since=2026-11-23T14:55:00,5Z": `"since" must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not "2026-11-23T14:55:00,5Z"`,
		"until=1":                      `"until" must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not "1"`,
		"cursor=7":                     `"cursor": "7" is no cursor that an answer held`,
		"webhook=":                     `query parameter "webhook" is empty`,
		"follow=1":                     `"follow" must be true or false, not "1"`,
		"follow=true":                  `"follow" requires "Accept: application/x-ndjson"`,
	} {
		apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/deliveries?"+query, "").Check(t, 400, apitest.Problem(400, -1, detail))
	}
	for query, detail := range map[string]string{
		"follow=true&cursor=b1":                  `"follow" and "cursor" cannot be used together`,
		"follow=true&until=2026-11-23T14:55:00Z": `"follow" and "until" cannot be used together`,
	} {
		apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/deliveries?"+query, "", "Accept", "application/x-ndjson").
			Check(t, 400, apitest.Problem(400, -1, detail))
	}
}

// TestDeliveriesFollowed: a stream goes on for longer than any request may take
// to come, tells what is written meanwhile, and ends with the listener.
func TestDeliveriesFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := generated(t)
		p, stop := apitest.ServeFiles(files)
		client := p.Dial()
		client.Send(t, "GET /v1/deliveries?follow=true&limit=2&webhook=webhook-1 HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n")
		resp, err := http.ReadResponse(client.Answers, nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("answer %v, %v", resp, err)
		}
		body := bufio.NewReader(resp.Body)
		next := func() (r record) {
			t.Helper()
			line, err := body.ReadBytes('\n')
			if err == nil {
				err = json.Unmarshal(line, &r)
			}
			if err != nil {
				t.Fatalf("next line: %v", err)
			}
			return r
		}
		first, second := next(), next()
		if first.N >= second.N || second.Webhook != "webhook-1" {
			t.Errorf("begins with %v and %v, want the oldest first", first, second)
		}
		time.Sleep(10 * time.Minute)
		historytest.WriteAttempts(t, files, "webhook-2", "webhook-1")
		if r := next(); r.Webhook != "webhook-1" || r.N <= second.N {
			t.Errorf("goes on with %v", r)
		}
		ended := make(chan error)
		go func() { ended <- stop() }()
		if line, err := body.ReadString('\n'); err == nil || line != "" {
			t.Errorf("behind the stop: %q, %v", line, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
