package consoletest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeFolder is where npm ci brings axe to, from the root of the module.
const axeFolder = "relay/console/consoletest/testdata/axe"

// Axe is the judge of pages that everybody must be able to use.
type Axe struct{ script string }

// LoadAxe reads axe, or skips the test without it.
func LoadAxe(t testing.TB) Axe {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; root != filepath.Dir(root); root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
	}
	text, err := os.ReadFile(filepath.Join(root, axeFolder, "node_modules", "axe-core", "axe.min.js"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("axe is not here: run npm ci in %s", axeFolder)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Axe{string(text)}
}

// Rules of axe.
const (
	everything = `runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	contrast   = `runOnly: {type: "rule", values: ["color-contrast"]}`
)

// where is what axe looks at: not at the many rows of a table that are like those before.
const where = `{include: [["html"]], exclude: [["tbody > tr:nth-child(n + 9)"]]}`

// Findings returns what keeps some people from using the page of a tab: by WCAG 2.2 AA and
// good practice.
func (a Axe) Findings(tab *Tab) []string {
	tab.t.Helper()
	return a.run(tab, everything)
}

// Contrast returns the findings that depend on colours alone.
func (a Axe) Contrast(tab *Tab) []string {
	tab.t.Helper()
	return a.run(tab, contrast)
}

// run runs axe beside the page's own scripts, and outside its content security policy.
func (a Axe) run(tab *Tab, rules string) []string {
	tab.t.Helper()
	frame := command(tab, page.GetFrameTree, cdp.Empty{}).FrameTree.Frame.ID
	world := command(tab, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frame, WorldName: "axe"}).ExecutionContextID
	in := func(p *runtime.EvaluateParams) { p.ContextID = world }
	ctx, cancel := tab.within()
	defer cancel()
	loaded, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("'axe' in window", in))
	if err == nil && !loaded {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](a.script+";0", in))
	}
	if err != nil {
		tab.t.Fatalf("load axe: %v", err)
	}
	type violation struct{ ID, Help, Target, Summary string }
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]violation](`axe.run(`+where+`, {`+rules+`, resultTypes: ["violations"]}).then(r => r.violations.flatMap(v => v.nodes.map(
		n => ({id: v.id, help: v.help, target: n.target.join(" "), summary: n.failureSummary ?? ""}))))`, in, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("run axe: %v", err)
	}
	var list []string
	for _, v := range found {
		list = append(list, fmt.Sprintf("%s at %s: %s (%s)", v.ID, v.Target, v.Help, strings.Join(strings.Fields(v.Summary), " ")))
	}
	return list
}
