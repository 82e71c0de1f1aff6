package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// hooksOn returns the names on a page of webhooks, and the address of the next one.
func hooksOn(page string) (names []string, next string) {
	for _, m := range regexp.MustCompile(`<tr id="w-([^"]*)"`).FindAllStringSubmatch(page, -1) {
		names = append(names, m[1])
	}
	if m := regexp.MustCompile(`<a href="([^"]*)" rel="next">`).FindStringSubmatch(page); m != nil {
		next = strings.ReplaceAll(m[1], "&amp;", "&")
	}
	return names, next
}

// TestAttention: the relay sorts, so that the first page has what somebody has to see to,
// however many webhooks there are. Each is on one page.
func TestAttention(t *testing.T) {
	receiver := consoletest.NewReceiver(t)
	receiver.Answer("/gone", consoletest.Answer(410, "text/plain", "gone"))
	receiver.Answer("/bad", consoletest.Answer(500, "text/plain", "bad"))
	var file strings.Builder
	file.WriteString("webhooks:\n" + receiver.Hook("off", ", enabled: false"))
	for i := range 70 {
		file.WriteString(receiver.Hook(fmt.Sprintf("good-%d", i), ", match: {subject: none}"))
	}
	file.WriteString(receiver.Hook("paused", ", paused: true") + receiver.Hook("bad", "") + receiver.Hook("gone", ""))
	r := consoletest.Start(t, consoletest.Setup{File: file.String()})
	for i := range 3 {
		r.Post(fmt.Sprintf(`{"specversion":"1.0","id":"e%d","source":"s","type":"a.b"}`, i))
	}
	want := []string{"gone", "bad", "paused", "good-0"}
	consoletest.Eventually(t, "those that need it come first", func() bool {
		names, _ := hooksOn(get(t, r, "/?sort=attention", http.StatusOK))
		return slices.Equal(names[:4], want)
	})
	var all []string
	for at := "/?sort=attention"; at != ""; {
		var names []string
		names, at = hooksOn(get(t, r, at, http.StatusOK))
		if len(names) > 50 {
			t.Errorf("a page has %d webhooks, want at most 50", len(names))
		}
		all = append(all, names...)
	}
	if got := len(all); got != 74 || all[73] != "off" {
		t.Errorf("the pages have %d webhooks, the last %s; want 74 and off", got, all[len(all)-1])
	}
	if names, _ := hooksOn(get(t, r, "/", http.StatusOK)); names[0] != "off" {
		t.Errorf("in the order of the file %s comes first, want off", names[0])
	}
}

// TestSearch: a name or a part of an URL finds webhooks, a seq or an id an event.
func TestSearch(t *testing.T) {
	r, _ := withAttempts(t)
	for search, want := range map[string][]string{"GOOD": {"good"}, "/bad": {"bad"}, "127.0.0.1": {"good", "bad"}, "+good+": {"good"}, "nothing": nil} {
		page := get(t, r, "/?q="+search, http.StatusOK)
		if names, _ := hooksOn(page); !slices.Equal(names, want) {
			t.Errorf("%s finds %v, want %v", search, names, want)
		}
	}
	for search, want := range map[string]string{"seq:1": "a.t0", "e2": "a.t2"} {
		if page := get(t, r, "/?q="+search, http.StatusOK); strings.Contains(page, `id="webhooks"`) || !strings.Contains(page, want) {
			t.Errorf("%s does not lead to the event of type %s", search, want)
		}
	}
}
