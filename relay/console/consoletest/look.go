package consoletest

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
)

// Look changes how a tab looks at pages.
type Look func(*Tab)

// Dark is for who prefers dark colours.
func Dark(tab *Tab) {
	command(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
}

// Bright is for who prefers light colours, as by default.
func Bright(tab *Tab) {
	command(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}})
}

// Usual is a screen of 1280 pixels, as by default.
func Usual(tab *Tab) { tab.size(1280, 900) }

// Narrow is a phone of 360 pixels.
func Narrow(tab *Tab) { tab.size(360, 740) }

// Wide is a big screen.
func Wide(tab *Tab) { tab.size(1920, 1080) }

func (tab *Tab) size(width, height int64) {
	tab.t.Helper()
	command(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// NoScript turns JavaScript off for pages that are loaded from now on.
func NoScript(tab *Tab) {
	command(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// Screenshots is the environment variable that names the folder for Screenshot.
const Screenshots = "SIDEHOOK_SCREENSHOTS"

// Screenshot writes the whole page as it looks now to NAME.png, in the folder that the
// environment names; without one, it does nothing.
func (tab *Tab) Screenshot(name string) {
	tab.t.Helper()
	dir := os.Getenv(Screenshots)
	if dir == "" {
		return
	}
	whole := true
	shot := command(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole, Clip: tab.whole()})
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), shot.Data, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}

// whole returns the whole page, or as much of it as is worth looking at.
func (tab *Tab) whole() *page.Viewport {
	size := command(tab, page.GetLayoutMetrics, cdp.Empty{}).CSSContentSize
	return &page.Viewport{Width: size.Width, Height: min(size.Height, 6000), Scale: 1}
}
