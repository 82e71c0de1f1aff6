package consoletest_test

import (
	"net/http"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// mostElements is how many elements a page may have.
const mostElements = 2500

// TestPages: every page of a busy relay is there for everybody, in light and in dark, on
// a big screen and on a phone, and asks no other host for anything.
func TestPages(t *testing.T) {
	axe := consoletest.LoadAxe(t)
	s := busy(t)
	tab := s.signedIn(t)
	for _, page := range pages {
		t.Run(page.name, func(t *testing.T) {
			look(t, axe, tab, s.URL+page.path, page.name)
		})
	}
}

// TestEmptyPages: each list of a relay without anything says what to do.
func TestEmptyPages(t *testing.T) {
	axe := consoletest.LoadAxe(t)
	s := empty(t)
	tab := s.signedIn(t)
	for path, name := range map[string]string{"/": "webhooks", "/events": "events", "/deliveries": "deliveries"} {
		t.Run(name, func(t *testing.T) {
			look(t, axe, tab, s.URL+path, "empty-"+name)
		})
	}
}

// tooWide finds what makes a page, or a table on a phone, scroll sideways.
const tooWide = `[document.documentElement, ...innerWidth < 720 ? document.querySelectorAll(".scroll") : []].filter(e => e.scrollWidth > e.clientWidth)
	.flatMap(e => [...e.querySelectorAll("*")].filter(x => x.getBoundingClientRect().right > e.getBoundingClientRect().right + 1).slice(-3))
	.map(e => e.outerHTML.slice(0, 200)).join(" | ")`

// look opens a page and looks at it in each way.
func look(t *testing.T, axe consoletest.Axe, tab *consoletest.Tab, url, name string) {
	tab.For(t)
	tab.Look(consoletest.Bright, consoletest.Usual)
	if status := tab.Go(url); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	for _, way := range []struct {
		name     string
		look     consoletest.Look
		findings func(*consoletest.Tab) []string
	}{{"light", consoletest.Bright, axe.Findings}, {"dark", consoletest.Dark, axe.Contrast}, {"narrow", consoletest.Narrow, axe.Findings}} {
		tab.Look(way.look)
		for _, finding := range way.findings(tab) {
			t.Errorf("%s: %s", way.name, finding)
		}
		if over := consoletest.Eval[string](tab, tooWide); over != "" {
			t.Errorf("%s: too wide: %s", way.name, over)
		}
		tab.Screenshot(name + "-" + way.name)
	}
	if n := tab.Count("*"); n > mostElements {
		t.Errorf("%d elements, want at most %d", n, mostElements)
	}
	if hosts := consoletest.Hosts(tab.Requests()); len(hosts) != 1 || !strings.HasPrefix(hosts[0], "sidehook.localhost:") {
		t.Errorf("requests to %v, want the relay alone", hosts)
	}
	for _, complaint := range tab.Complaints() {
		t.Errorf("the browser complains: %s", complaint)
	}
}
