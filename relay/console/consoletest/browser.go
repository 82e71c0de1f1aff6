// Package consoletest shows the console to tests as people see it: in a headless
// Chromium, before a relay with webhooks, receivers and a history. Each Tab collects
// what the browser complains about, so that a test fails on an error of a script or
// on a violation of the content security policy that it did not look for. axe judges
// whether everybody can use a page.
//
// A package of tests has one Browser, which starts with its first Tab:
//
//	var browser consoletest.Browser
//
//	func TestMain(m *testing.M) {
//		code := m.Run()
//		browser.Close()
//		os.Exit(code)
//	}
//
// Tests skip where there is no Chromium, or no axe. Only tests import this package.
package consoletest

import (
	"context"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// Browser is a Chromium that starts when it is first needed. The zero value is ready
// to use. It reaches this machine alone: no request to another host leaves it, and
// names below .test are this machine.
type Browser struct {
	starting sync.Once
	missing  string // why there is no browser, "" if there is one
	failed   error
	ctx      context.Context
	stop     func()
}

// names are how Chromium may be called.
var names = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}

// start starts the browser, or skips the test without one.
func (b *Browser) start(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes too long for a short run")
	}
	b.starting.Do(b.launch)
	if b.missing != "" {
		t.Skip(b.missing)
	}
	if b.failed != nil {
		t.Fatalf("start Chromium: %v", b.failed)
	}
}

func (b *Browser) launch() {
	path := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		b.missing = "Chromium is not here"
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-US"), chromedp.Env("TZ=Europe/Berlin"),
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	b.ctx = ctx
	b.stop = func() {
		stop()
		stopAllocator()
	}
	b.failed = chromedp.Do(ctx)
}

// Close ends the browser, if it was started.
func (b *Browser) Close() {
	if b.stop != nil {
		b.stop()
	}
}
