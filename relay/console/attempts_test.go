package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// rowPattern finds the rows of a list.
var rowPattern = regexp.MustCompile(`(?s)<tr id="n-\d+">.*?</tr>`)

// texts returns what is between the tags of HTML, a space for each of them.
func texts(html string) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, " ")), " ")
}

// rowsOf returns the texts of the rows of a page.
func rowsOf(html string) (list []string) {
	for _, row := range rowPattern.FindAllString(html, -1) {
		list = append(list, texts(row))
	}
	return list
}

// withAttempts starts a relay for which some attempts are recorded: the webhook good has
// three that arrived, and bad one that failed with 500.
func withAttempts(t *testing.T) (*consoletest.Relay, *consoletest.Receiver) {
	receiver := consoletest.NewReceiver(t)
	receiver.Answer("/good", consoletest.Answer(200, "application/json", `{"taken":1.50}`))
	receiver.Answer("/bad", consoletest.Answer(500, "text/html", `<script>alert(1)</script>`))
	r := consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + receiver.Hook("good", "") + receiver.Hook("bad", ", match: {subject: bad}, give_up_on: [500]")})
	for i, subject := range []string{"x", "bad", "y"} {
		r.Post(fmt.Sprintf(`{"specversion":"1.0","id":"e%d","source":"s","type":"a.t%d","subject":%q}`, i, i, subject))
	}
	consoletest.Eventually(t, "four attempts are recorded", func() bool {
		_, page, _ := r.Get("/deliveries")
		return len(rowsOf(page)) == 4
	})
	return r, receiver
}

func get(t *testing.T, r *consoletest.Relay, path string, want int) string {
	t.Helper()
	status, body, _ := r.Get(path)
	if status != want {
		t.Fatalf("GET %s: status %d, want %d: %.500s", path, status, want, body)
	}
	return body
}

// TestAttempts: the filter is in the address, of a webhook and of all.
func TestAttempts(t *testing.T) {
	r, _ := withAttempts(t)
	for path, want := range map[string]int{
		"/webhooks/good":                           3,
		"/webhooks/bad":                            1,
		"/webhooks/good?status=delivered":          3,
		"/webhooks/good?status=failed":             0,
		"/webhooks/good?type=a.t1":                 1,
		"/webhooks/good?type=a.*&code=2xx":         3,
		"/webhooks/good?event=e2":                  1,
		"/webhooks/good?since=1h":                  3,
		"/webhooks/good?until=1h":                  0,
		"/webhooks/good?since=2000-01-01":          3,
		"/deliveries?code=500":                     1,
		"/deliveries?status=failed,exhausted":      1,
		"/deliveries?webhook=good":                 3,
		"/deliveries?unresolved=true":              1,
		"/deliveries?webhook=&status=&code=&type=": 4,
	} {
		if got := len(rowsOf(get(t, r, path, http.StatusOK))); got != want {
			t.Errorf("%s has %d rows, want %d", path, got, want)
		}
	}
	row := rowsOf(get(t, r, "/webhooks/bad", http.StatusOK))[0]
	for _, want := range []string{"failed", "a.t1", "e1", "500", "Resend", "Response"} {
		if !strings.Contains(row, want) {
			t.Errorf("the row %q has no %q", row, want)
		}
	}
	get(t, r, "/webhooks/none", http.StatusNotFound)
}

// TestWrongFilter: what is wrong stands at its control, and nothing is listed.
func TestWrongFilter(t *testing.T) {
	r, _ := withAttempts(t)
	for param, want := range map[string]string{
		"code=abc": "HTTP status", "type=a*": "whole words", "since=yesterday": "how long ago", "until=2h&since=1h": "before since", "status=done": "no status",
		"cursor=x": "no cursor",
	} {
		page := get(t, r, "/deliveries?"+param, http.StatusOK)
		name, _, _ := strings.Cut(param, "=")
		if !strings.Contains(texts(page), want) || name != "cursor" && !strings.Contains(page, `id="wrong-`+name+`"`) {
			t.Errorf("with %s the page does not say %q at its control", param, want)
		}
		if got := len(rowsOf(page)); got != 0 {
			t.Errorf("with %s the page has %d rows, want none", param, got)
		}
	}
}

// TestPages: rows come 50 at a time, each attempt once.
func TestPages(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Attempts: 300, File: "webhooks: []\n"})
	seen := map[string]bool{}
	for at := "/deliveries"; at != ""; {
		page := get(t, r, at, http.StatusOK)
		rows := regexp.MustCompile(`id="n-\d+"`).FindAllString(page, -1)
		if len(rows) > 50 {
			t.Errorf("%s has %d rows, want at most 50", at, len(rows))
		}
		for _, row := range rows {
			if seen[row] {
				t.Errorf("%s is on two pages", row)
			}
			seen[row] = true
		}
		next := regexp.MustCompile(`<a href="([^"]*)" rel="next">`).FindStringSubmatch(page)
		if at = ""; next != nil {
			at = next[1]
		}
	}
	if len(seen) != 300 {
		t.Errorf("the pages have %d attempts, want 300", len(seen))
	}
}

// news is what an open page hears.
func news(t *testing.T, r *consoletest.Relay, page string, after uint64) (n struct {
	Status, Rows string
	Parts        map[string]string
	Newest       uint64
}) {
	t.Helper()
	body := get(t, r, "/live?"+url.Values{"page": {page}, "after": {fmt.Sprint(after)}}.Encode(), http.StatusOK)
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestLiveRows: an open page hears of the attempts that are new, and match.
func TestLiveRows(t *testing.T) {
	r, _ := withAttempts(t)
	all := news(t, r, "/webhooks/good", 0)
	if got := len(rowsOf(all.Rows)); got != 3 || all.Parts["about"] == "" {
		t.Errorf("from the beginning: %d rows and parts %v, want 3 and about", got, all.Parts)
	}
	if n := news(t, r, "/webhooks/good", all.Newest); n.Rows != "" {
		t.Errorf("nothing is new, got rows %q", n.Rows)
	}
	r.Post(`{"specversion":"1.0","id":"e9","source":"s","type":"a.t9","subject":"bad"}`)
	consoletest.Eventually(t, "the new attempts come", func() bool {
		return len(rowsOf(news(t, r, "/deliveries", all.Newest).Rows)) == 2
	})
	for page, want := range map[string]int{"/webhooks/good": 1, "/webhooks/good?status=failed": 0, "/webhooks/bad?code=5xx": 1, "/deliveries?until=1s": 0} {
		if got := rowsOf(news(t, r, page, all.Newest).Rows); len(got) != want {
			t.Errorf("%s hears of %q, want %d rows", page, got, want)
		}
	}
}

// TestResponse: it is a page, and for the script only what it puts below the row. Markup
// of a receiver is text.
func TestResponse(t *testing.T) {
	r, _ := withAttempts(t)
	link := func(webhook string) string {
		return regexp.MustCompile(`/attempts/\d+`).FindString(get(t, r, "/webhooks/"+webhook, http.StatusOK))
	}
	page := get(t, r, link("bad"), http.StatusOK)
	if !strings.Contains(page, "&lt;script&gt;alert(1)") || strings.Contains(page, "<script>alert") || !strings.Contains(page, "<html") {
		t.Errorf("the page of a response is %s", page)
	}
	alone := get(t, r, link("good")+"?alone", http.StatusOK)
	if got := texts(alone); strings.Contains(alone, "<html") || !strings.Contains(got, "200 OK") || !strings.Contains(got, "1.50") {
		t.Errorf("what the script gets is %s", alone)
	}
	for _, path := range []string{"/attempts/0", "/attempts/x", "/attempts/999999"} {
		get(t, r, path, http.StatusNotFound)
	}
}
