package admin_test

import (
	"encoding/json"
	"slices"
	"testing"

	"sidehook/relay/api"
	"sidehook/relay/apitest"
)

// TestReading answers the calls that read, a page at a time, and refuses what they do
// not have.
func TestReading(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	l.Operator.Files = generated(t)
	get := func(path string, into any) int {
		t.Helper()
		r := apitest.Do(t, l.ViaUnix, "GET", "http://localhost"+path, "")
		if into != nil {
			if err := json.Unmarshal([]byte(r.Text), into); err != nil {
				t.Fatalf("%s: %v: %.200s", path, err, r.Text)
			}
		}
		return r.StatusCode
	}
	var all, paged []uint64
	for _, c := range []struct {
		limit string
		into  *[]uint64
	}{{"1000", &all}, {"7", &paged}} {
		for cursor, more := "", true; more; more = cursor != "" {
			var page api.Events
			if code := get("/v1/events?limit="+c.limit+"&cursor="+cursor, &page); code != 200 {
				t.Fatalf("%d", code)
			}
			for _, e := range page.Events {
				*c.into = append(*c.into, uint64(e.Seq))
			}
			cursor = page.Cursor
		}
	}
	if len(all) < 50 || !slices.Equal(all, paged) || !slices.IsSortedFunc(all, func(a, b uint64) int { return int(b) - int(a) }) {
		t.Errorf("%d events in one page, %d in pages of 7", len(all), len(paged))
	}
	for path, want := range map[string]int{
		"/v1/events?matched=maybe":             400,
		"/v1/events?waiting=":                  400,
		"/v1/events?type=a*":                   400,
		"/v1/events?cursor=b1":                 400,
		"/v1/events?limit=1001":                400,
		"/v1/events?since=24h":                 400,
		"/v1/events?nope=1":                    400,
		"/v1/events/e-1/data?nope=1":           400,
		"/v1/stats?since=24h":                  400,
		"/v1/stats?limit=1":                    400,
		"/v1/resends/r1?x=1":                   400,
		"/v1/webhooks?state=lost":              400,
		"/v1/webhooks?limit=0":                 400,
		"/v1/deliveries?code=50x":              400,
		"/v1/deliveries?code=99":               400,
		"/v1/deliveries?unresolved=1":          400,
		"/v1/deliveries?cursor=&limit=1":       200,
		"/v1/deliveries?code=5xx&type=order.*": 200,
		"/v1/webhooks?state=active,off&q=x":    200,
		"/v1/resends/r1":                       200,
		"/v1/stats?webhook=a":                  200,
	} {
		if code := get(path, nil); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	r := apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/events/e-1/data", "")
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Disposition": "attachment; filename=event-o_1",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if r.Text != "<b>" {
		t.Errorf("the data is %q", r.Text)
	}
}
