package consoletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a tab waits for what must come, on a busy machine too.
const patience = 30 * time.Second

// Tab is one tab of the browser. Its methods fail the test if they cannot do what
// they should.
type Tab struct {
	t       testing.TB
	ctx     context.Context
	browser *Browser
	seen    seen
}

// Tab opens a tab in a profile of its own: with no cookie and an empty storage. At the
// end of the test it is closed, and complaints that were not taken fail the test.
func (b *Browser) Tab(t testing.TB, looks ...Look) *Tab {
	t.Helper()
	b.start(t)
	return b.open(t, chromedp.WithNewBrowserContext(), looks)
}

// Another opens another tab in the profile of this one.
func (tab *Tab) Another(looks ...Look) *Tab {
	tab.t.Helper()
	id := chromedp.FromContext(tab.ctx).BrowserContextID
	return tab.browser.open(tab.t, chromedp.WithExistingBrowserContext(id), looks)
}

func (b *Browser) open(t testing.TB, profile chromedp.ContextOption, looks []Look) *Tab {
	t.Helper()
	tab := &Tab{t: t, browser: b}
	ctx, closeTab := chromedp.NewContext(b.ctx, profile, chromedp.WithListener(tab.seen.event))
	tab.ctx = ctx
	t.Cleanup(func() {
		for _, complaint := range tab.Complaints() {
			t.Errorf("the browser complains: %s", complaint)
		}
		closeTab()
	})
	if err := chromedp.Do(ctx); err != nil { // not with a time limit, which would be the tab's
		t.Fatalf("open a tab: %v", err)
	}
	command(tab, audits.Enable, cdp.Empty{})
	command(tab, log.Enable, cdp.Empty{})
	command(tab, network.Enable, network.EnableParams{})
	tab.Look(looks...)
	return tab
}

// Look changes how the tab looks at pages from now on.
func (tab *Tab) Look(looks ...Look) {
	tab.t.Helper()
	for _, look := range looks {
		look(tab)
	}
}

// For makes t the test that fails until it ends, when a subtest uses the tab of the test
// around it.
func (tab *Tab) For(t testing.TB) {
	before := tab.t
	tab.t = t
	t.Cleanup(func() { tab.t = before })
}

// within returns a context that ends after patience.
func (tab *Tab) within() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(tab.ctx, patience, errors.New("the browser took too long"))
}

// command sends a command of the protocol to a tab.
func command[P, R any](tab *Tab, c cdp.Command[P, R], params P) R {
	tab.t.Helper()
	ctx, cancel := tab.within()
	defer cancel()
	result, err := chromedp.Call(ctx, c, params)
	if err != nil {
		tab.t.Fatalf("%s: %v", c.Method, err)
	}
	return result
}

// do runs steps, what names them.
func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := tab.within()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %v\nthe page is %s:\n%s", what, err, tab.where(), tab.excerpt())
	}
}

// Go opens an address and waits for the page to be loaded. It returns the status of
// the answer.
func (tab *Tab) Go(url string) int {
	tab.t.Helper()
	ctx, cancel := tab.within()
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.NavigateResponse(url))
	if err != nil {
		tab.t.Fatalf("open %s: %v", url, err)
	}
	if answer == nil {
		return 0
	}
	return int(answer.Status)
}

// Eval evaluates JavaScript in a tab. It works without scripts of the page, too.
func Eval[T any](tab *Tab, js string) T {
	tab.t.Helper()
	value, err := evaluate[T](tab, js)
	if err != nil {
		tab.t.Fatalf("%s: %v\nthe page is %s", js, err, tab.where())
	}
	return value
}

func evaluate[T any](tab *Tab, js string) (T, error) {
	ctx, cancel := tab.within()
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// Wait waits until JavaScript evaluates to true, over navigations. what names what is
// waited for.
func (tab *Tab) Wait(what, js string) {
	tab.t.Helper()
	var last error
	for deadline := time.Now().Add(patience); ; {
		ok, err := evaluate[bool](tab, "Boolean("+js+")")
		if ok {
			return
		}
		last = err // such as of a page that goes away
		if time.Now().After(deadline) {
			tab.t.Fatalf("never: %s: %s (%v)\nthe page is %s:\n%s", what, js, last, tab.where(), tab.excerpt())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// WaitText waits until an element shows a text.
func (tab *Tab) WaitText(selector, text string) {
	tab.t.Helper()
	tab.Wait(selector+" shows "+text, fmt.Sprintf("[...document.querySelectorAll(%s)].some(e => e.innerText.includes(%s))", quote(selector), quote(text)))
}

// WaitPath waits until the tab is at a path, with its query, and is loaded.
func (tab *Tab) WaitPath(path string) {
	tab.t.Helper()
	tab.Wait("the tab is at "+path, "location.pathname + location.search == "+quote(path)+" && document.readyState == 'complete'")
}

// Text returns the text of the first element of a selector, as it is shown.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return Eval[string](tab, fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quote(selector)))
}

// Count returns how many elements a selector selects.
func (tab *Tab) Count(selector string) int {
	tab.t.Helper()
	return Eval[int](tab, fmt.Sprintf("document.querySelectorAll(%s).length", quote(selector)))
}

// HTML returns the document as it is now.
func (tab *Tab) HTML() string {
	tab.t.Helper()
	return Eval[string](tab, "document.documentElement.outerHTML")
}

// Click clicks on the first element of a selector, once it is visible.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.do("click on "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// ClickText clicks on the first visible element of a selector with a text, once it stands
// still.
func (tab *Tab) ClickText(selector, text string) {
	tab.t.Helper()
	find := fmt.Sprintf("[...document.querySelectorAll(%s)].find(e => e.innerText.trim() == %s && e.checkVisibility())", quote(selector), quote(text))
	tab.Wait(selector+" with "+text+" is visible", find)
	middle := "(() => { const e = " + find + "; e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()"
	at, before := Eval[[]float64](tab, middle), []float64(nil)
	for !slices.Equal(at, before) {
		at, before = Eval[[]float64](tab, middle), at
	}
	tab.do("click on "+text, chromedp.MouseClickXY(at[0], at[1]))
}

// Fill replaces the text of a field by typing.
func (tab *Tab) Fill(selector, text string) {
	tab.t.Helper()
	tab.do("fill "+selector,
		chromedp.Focus(chromedp.CSS(selector), chromedp.NodeVisible),
		chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(kb.Delete), chromedp.KeyEvent(text))
}

// keys are keys by the names that a person has for them.
var keys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Escape": kb.Escape, "Space": " ", "Up": kb.ArrowUp, "Down": kb.ArrowDown,
	"Left": kb.ArrowLeft, "Right": kb.ArrowRight, "Home": kb.Home, "End": kb.End, "Delete": kb.Delete,
}

// Press presses keys one after the other: by name, such as Tab and Shift+Tab, or a
// text, which is typed.
func (tab *Tab) Press(names ...string) {
	tab.t.Helper()
	for _, name := range names {
		key, shifted := strings.CutPrefix(name, "Shift+")
		var options []chromedp.KeyOption
		if shifted {
			options = append(options, chromedp.KeyModifiers(chromedp.ModifierShift))
		}
		if named, ok := keys[key]; ok {
			key = named
		}
		tab.do("press "+name, chromedp.KeyEvent(key, options...))
	}
}

// Cookie returns a cookie that the browser would send to an address.
func (tab *Tab) Cookie(url, name string) *network.Cookie {
	tab.t.Helper()
	for _, c := range command(tab, network.GetCookies, network.GetCookiesParams{URLs: []string{url}}).Cookies {
		if c.Name == name {
			return c
		}
	}
	tab.t.Fatalf("there is no cookie %s for %s", name, url)
	return nil
}

// Back goes back by one page.
func (tab *Tab) Back() {
	tab.t.Helper()
	tab.do("go back", chromedp.NavigateBack())
}

// Reload loads the page once more.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.do("reload", chromedp.Reload())
}

// Close closes the tab before the test ends. Its complaints still count.
func (tab *Tab) Close() { _ = chromedp.Cancel(tab.ctx) }

// where returns the address of the page, for messages.
func (tab *Tab) where() string {
	url, err := evaluate[string](tab, "location.href")
	if err != nil {
		return err.Error()
	}
	return url
}

// excerpt returns what the page shows, for messages.
func (tab *Tab) excerpt() string {
	text, err := evaluate[string](tab, "document.body.innerText.slice(0, 2000)")
	if err != nil {
		return err.Error()
	}
	return text
}

// quote returns a text as a literal of JavaScript.
func quote(text string) string {
	literal, _ := json.Marshal(text) // no string fails
	return string(literal)
}
